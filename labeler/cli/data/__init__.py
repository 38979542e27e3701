"""Commands that make, fill, change, serve and hand over a project.

May import `labeler.cli.output`, `labeler.cli.progress`, `labeler.words`, `labeler.processes`, `learner` and `db`.
"""
