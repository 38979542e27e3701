"""Who did what when: runs of answers, changes of labels and clips, and what leads did.

May import `db.quality`, `db.decisions`, `db.records`, `db.models` and `db.errors`.
"""
