"""The player and the grid: two Streamlit components that own audio, keys, prefetched clips and unsaved answers.

No Streamlit rerun happens while somebody labels: clips come from, and answers go to, the routes of `labeler.app`.

`label/` and `grid/` hold one component each, `shared/` what both need, and `scripts.py` brings their scripts to the browser.
This room imports nothing else of Earmark.
"""
