"""The cells of CSV files and Excel workbooks, row by row."""
