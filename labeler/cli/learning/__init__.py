"""Commands that learn, predict, find, compare and report.

May import `labeler.cli.data`, `labeler.cli.output`, `labeler.cli.progress`, `labeler.charts`, `labeler.words`,
`learner` and `db`.
"""
