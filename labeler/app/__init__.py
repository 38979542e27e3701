"""The app that `earmark serve` runs: a Streamlit application with routes of its own.

Its process loads no torch, no transformers and no scikit-learn. Rooms: `guard` (which requests reach the app at all),
`pages` (one file a page), `api` (what the player sends and gets), `media` (audio and pictures), `sign_in` (tokens).
"""
