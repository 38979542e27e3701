"""The component of the Label page: one clip at a time, one key an answer, the next clip at once.

Its scripts import one another and those of `shared`; `component.py` imports `labeler.player.scripts`.
"""
