"""Whom a session token stands for, and what they may do: asked on every request, since a role may change at any time.

May import `labeler.app.opened`, `labeler.app.guard`, `labeler.app.sign_in` and `db`.
"""
