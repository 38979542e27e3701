"""The processes of `earmark serve`: the supervisor that starts app and learner, and how a child notices that it died.

May import `db`.
"""
