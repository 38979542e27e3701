"""What stands in front of the whole app: which requests reach it at all, and what a browser may do with its pages.

Imports nothing of Earmark but `labeler.app.sign_in`.
"""
