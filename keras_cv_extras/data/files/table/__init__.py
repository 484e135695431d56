"""Tables of file names and labels: CSV files and data frames."""
