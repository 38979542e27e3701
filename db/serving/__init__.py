"""Which clip an annotator gets next: the ranked queue, the random slice, leases, second passes, the grid.

May import `db.decisions`, `db.records`, `db.models` and `db.errors`.
"""
