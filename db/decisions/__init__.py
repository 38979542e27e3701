"""The log of decisions: how an answer is taken, what stands, and what several answers say of one clip.

Rows are only ever appended. May import `db.records`, `db.models` and `db.errors`.
"""
