"""What is known about a project: tables, sessions, migrations, the questions asked of them, and file formats in and out.

Imports nothing of `learner` or `labeler`. Rooms: `models` (tables), `store` (engine, migrations, files), `records` (questions to
one table), `decisions` (the log of answers), `serving` (what to hand out next), `imports` and `exports` (file formats).
"""
