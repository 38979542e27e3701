"""Which clips to ask about next: strategies, and the queue that they rank.

May import `learner.heads`, `learner.dataset` and `db`.
"""
