"""Alembic's environment; `db.store.upgrade` runs it."""
