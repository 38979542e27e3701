"""The formats, one file each: a function that writes `Contents` to a path and returns how many rows it wrote.

May import the other modules of `db.exports` except `registry`.
"""
