"""Who may ask for what: signed, expiring tokens. Imports nothing of Earmark."""
