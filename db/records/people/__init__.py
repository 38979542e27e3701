"""People: who they are, what they may do, and what they did to the project. Asks the same tables as the rest of `db.records`."""
