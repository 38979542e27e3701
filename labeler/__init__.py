"""What people touch: the command line, the app and its pages, the player in the browser.

May import `learner` and `db`. Rooms: `cli` (commands), `app` (the served pages and routes), `player` (JavaScript components),
`charts`, `words` (sentences about results), `processes` (supervising app and learner).
"""

__all__: list[str] = []
