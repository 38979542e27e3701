"""What people may do. Asks the same tables as the rest of `db.records`."""
