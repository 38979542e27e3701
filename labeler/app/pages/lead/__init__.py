"""Pages that are for leads."""
