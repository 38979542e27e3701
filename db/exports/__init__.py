"""File formats that go out. `contents` holds what is exported, `formats/` one file a format, `registry` lists them.

May import `db.decisions`, `db.records`, `db.models`, `db.store` and `db.errors`.
"""
