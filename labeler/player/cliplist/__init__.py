"""The component that lists clips on a lead's pages, each with a button that plays it.

Its scripts import one another and those of `shared`; `component.py` imports `labeler.player.scripts`.
"""
