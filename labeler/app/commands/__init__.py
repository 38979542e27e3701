"""Commands that pages start as processes of their own, so that no page waits and the app stays small.

May import `labeler.processes`.
"""
