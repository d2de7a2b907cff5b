"""The digest of a ministry or province: what is overdue, falls due, and is expected to be overdue."""
