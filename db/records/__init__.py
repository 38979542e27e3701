"""Queries on one table and the functions that write its rows, one file a subject.

May import `db.models`, `db.reports` and `db.errors`.
"""
