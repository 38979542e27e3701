"""What those who run the app learn of its state: whether it answers, and how fast.

May import `labeler.monitoring` and `labeler.app.guard`.
"""
