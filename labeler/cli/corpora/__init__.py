"""The commands `earmark corpora …`: one model for many corpora, one command a file; `group` gathers them.

May import `labeler.cli.output`, `labeler.cli.progress`, `labeler.charts`, `labeler.words`, `learner` and `db`.
"""
