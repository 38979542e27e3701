"""Clips as lists and maps on a lead's pages play them."""

from __future__ import annotations

import time

import streamlit as st

from labeler.app.opened import Serving
from labeler.app.sign_in.tokens import MEDIA_SECONDS, Media

_TOKENS = "clip-tokens"


def clip_token(now: Serving, clip_id: int) -> str:
    """A token of the clip's audio and picture: the same for half of its life, so that a page that runs again changes nothing."""
    held: dict[int, tuple[str, float]] = st.session_state.setdefault(_TOKENS, {})
    token, made_at = held.get(clip_id, ("", 0.0))
    if not token or not 0 <= time.time() - made_at < MEDIA_SECONDS / 2:
        token = now.tokens.for_media(Media(clip_id, None))
        held[clip_id] = (token, time.time())
    return token
