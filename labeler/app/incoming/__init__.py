"""Audio that comes in by the pages: imports that run as processes of their own, so that no page waits and the app stays small.

May import `db` and `labeler.app.commands`.
"""
