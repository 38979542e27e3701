"""Who somebody is, and who may request what: ways to sign in, and signed, expiring tokens. Imports nothing else of Earmark."""
