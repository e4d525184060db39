"""A folder of files as tables: which there are, how each is read, and the DuckDB that answers."""

import duckdb

# Importing duckdb opens a connection with a thread of its own. A forked worker has not that thread, and
# would wait for it when it ends: every stop would last until the worker is killed.
duckdb.default_connection().close()
