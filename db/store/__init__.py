"""Where things are kept: the database engine, migrations, and files that are written whole.

May import `db.models` and `db.errors`.
"""
