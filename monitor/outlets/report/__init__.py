"""`emc report`: official figures as a table, JSON, CSV, a workbook and a page, all with the same values."""
