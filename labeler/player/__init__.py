"""The components in the browser: the player, the grid, and the keys of pages that are Streamlit's own.

Player and grid own audio, keys, prefetched clips and unsaved answers.

No Streamlit rerun happens while somebody labels: clips come from, and answers go to, the routes of `labeler.app`.

`label/`, `grid/` and `page/` hold one component each, `shared/` what several need, and `scripts.py` brings their scripts to the
browser. `label_keys.py` decides which key gives which label. This room may import `db`.
"""
