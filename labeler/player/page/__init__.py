"""The component of pages that are Streamlit's own: keys that press their buttons, and the field that has the focus at first.

Its scripts import one another and those of `shared`; `component.py` imports `labeler.player.scripts`.
"""
