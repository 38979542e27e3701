"""Is one classifier better than another, or is it chance: tests of a difference, and what holds for many tests at once.

May import `learner.evaluation.intervals`, `learner.evaluation.paired` and `learner.arrays`.
"""
