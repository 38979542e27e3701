"""The app that one would write without a player component: buttons with shortcuts, and a rerun for each clip."""

SCRIPT = """
import csv
import sys
from pathlib import Path

import streamlit as st

clips = sorted(Path(sys.argv[1]).glob("*.flac"))
answers = Path(sys.argv[2])
number = st.session_state.setdefault("number", 0)


def save(label):
    with answers.open("a", newline="") as file:
        csv.writer(file).writerow([clips[st.session_state.number].name, label])
    st.session_state.number += 1


st.html(f"<p id='clip'>{clips[number].name}</p>")
st.audio(str(clips[number]), autoplay=True)
for key, label in enumerate(("angry", "happy", "neutral", "sad"), start=1):
    st.button(label, shortcut=str(key), on_click=save, args=[label])
"""
