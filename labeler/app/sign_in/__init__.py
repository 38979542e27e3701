"""Who may request what: signed, expiring tokens. Imports nothing of Earmark."""
