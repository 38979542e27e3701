"""The component that reports when the browser shows a page that polls no more.

Its scripts import those of `shared`; `component.py` imports `labeler.player.scripts`.
"""
