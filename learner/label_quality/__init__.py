"""Which labels are probably wrong, and how well annotators agree.

May import `learner.evaluation`, `learner.heads`, `learner.dataset` and `db`.
"""
