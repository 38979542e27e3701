"""One file `NAME.py` with a function `show_NAME` for each page, what pages share, and `main.py`, the script that navigates.

May import `labeler.app.api`, `labeler.app.sign_in`, `labeler.app.opened`, `labeler.player`, `labeler.charts`, `labeler.words` and
`db`.
"""
