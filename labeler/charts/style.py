"""Colours and sizes that all charts share."""

from __future__ import annotations

BLUE, GREY, ORANGE, GREEN = "#3b76c0", "#8a939e", "#c9762b", "#2f9270"
"""All are readable on white and on near-black."""
HEIGHT, WIDTH = 320, 640
