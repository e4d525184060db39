"""What bars and lines ask of a table, as Ibis expressions that any engine works out."""
