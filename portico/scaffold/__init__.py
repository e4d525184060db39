"""A new page: `make page NAME=…`."""
