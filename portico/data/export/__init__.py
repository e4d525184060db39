"""The data of a view as files, written while its rows arrive."""
