"""The administrator's pages: people, devices, walls, the workbook, and what the court sets. Must not know wall, desk or any other face."""
