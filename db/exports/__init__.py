"""File formats that go out, one file each, listed in `registry`.

May import `db.decisions`, `db.models`, `db.store` and `db.errors`.
"""
