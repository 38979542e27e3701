"""One file a page, and what pages share.

May import `labeler.app.api`, `labeler.app.sign_in`, `labeler.app.opened`, `labeler.player`, `labeler.charts`, `labeler.words` and
`db`.
"""
