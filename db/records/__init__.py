"""Questions asked of one table, a file a table, and the rows written to it.

May import `db.models`, `db.reports` and `db.errors`.
"""
