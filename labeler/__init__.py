"""What people touch: the command line, the app and its pages, the player in the browser.

May import `learner` and `db`. Rooms: `cli` (commands), `app` (the served pages and routes), `player` (JavaScript components),
`charts`, `words` (sentences about results), `processes` (supervising app and learner).
"""

from labeler.processes import safe_path

__all__: list[str] = []

# Here, because every module of `labeler` that is imported later may import one that a file in the working folder hides.
safe_path.leave_out_working_folder()
