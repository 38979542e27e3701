"""Pages that set a project up.

May import what `labeler.app.pages` may.
"""
