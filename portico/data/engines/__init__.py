"""One package for each engine that answers queries."""
