"""The accuracy of the head: cross-fitting on the random slice, intervals, calibration, the learning curve.

May import `learner.heads`, `learner.dataset` and `db`.
"""
