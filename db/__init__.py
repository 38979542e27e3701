"""What is stored about a project: tables, sessions, migrations, queries, and the file formats that come in and go out.

Imports nothing from `learner` or `labeler`. Packages: `models` (tables), `store` (engine, migrations, files), `records` (queries
on one table), `decisions` (the log of answers), `serving` (what to hand out next), `imports` and `exports` (file formats).
"""

__all__: list[str] = []
