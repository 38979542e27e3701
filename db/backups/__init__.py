"""A project in one file: made while the project is in use, and made a project again from it.

May import every room of `db`, but no file format.
"""
