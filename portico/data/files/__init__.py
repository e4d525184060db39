"""A folder of files as tables: which there are, how each is read, and the DuckDB that answers."""
