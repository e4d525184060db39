"""A PostgreSQL database as tables: what a role may read, sessions that only read, and the sample for it."""
