"""Routes that the player talks to: clips out, answers in. Plain functions do the work; `routes` binds them to addresses.

May import `labeler.app.media`, `labeler.app.sign_in`, `learner.search`, `learner.audio` and `db`.
"""
