"""The component that brings a part of a page into view.

Its scripts import those of `shared`; `component.py` imports `labeler.player.scripts`.
"""
