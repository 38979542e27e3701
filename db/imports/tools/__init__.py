"""What other labelling tools write: a file each. Their readers yield `HandedOverRow`, or `BadRow` for what cannot become a clip.

May import the other modules of `db.imports` except `corpora`.
"""
