"""The conductor: notices new decisions, trains, publishes the queue, scores, reports.

May import every other room but `probing`, `simulation`, `prediction`, `imports`, `corpora` and `encoder_training`.
"""
