"""The component of the Grid page: many clips at once, each to be heard, confirmed or rejected.

Its scripts import one another and those of `shared`; `component.py` imports `labeler.player.scripts`.
"""
