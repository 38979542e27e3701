"""The command line: `earmark [--project DIR] COMMAND`; one group of commands a file, all listed in `main`.

May import all of `learner`, `labeler.charts`, `labeler.words`, `labeler.processes` and `db`.
"""
