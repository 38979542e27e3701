"""A page that waits for another server on the same address."""
