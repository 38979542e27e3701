"""Pages of the team lead."""
