"""Pages on which a lead sets a project up: the start page, Labels, Audio, Settings.

May import what `labeler.app.pages` may.
"""
