"""The court's workbook: read, brought in, written; the sheet of codes for phones. Used by the command line; must not know any face."""
