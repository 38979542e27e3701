"""The processes of `earmark serve`: the supervisor that starts app and learner, and how a child notices the supervisor's end.

May import `db`.
"""
