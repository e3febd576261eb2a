"""The cells of CSV files and Excel workbooks, for whatever they hold."""
