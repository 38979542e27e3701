"""What a team lead can act on: comparisons, forecasts, and when to stop.

May import `learner.evaluation` and what that may import, `learner.features` and `learner.encoders`.
"""
