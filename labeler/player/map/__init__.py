"""The component that shows clips as points of a map: those that sound alike lie close together.

Its scripts import one another and those of `shared`; `component.py` imports `labeler.player.scripts`.
"""
