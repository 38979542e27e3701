"""Where things are kept: the database engine, migrations, and files that are written whole.

May import `db.models`, `db.mounts` and `db.errors`.
"""
