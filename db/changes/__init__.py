"""What is changed after the start: the label set, and clips that are withdrawn. Each change is noted and never forgotten.

May import `db.decisions`, `db.records`, `db.models` and `db.errors`.
"""
