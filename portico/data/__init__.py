"""Where the charts' numbers come from: Ibis expressions, worked out in an engine."""
