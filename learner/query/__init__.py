"""Which clips to label next: strategies, and the queue that they rank.

May import `learner.heads`, `learner.dataset` and `db`.
"""
