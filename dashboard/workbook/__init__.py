"""The court's workbook: read, brought in, written; the sheet of codes for phones. Used by commands and a page; must not know any face."""
