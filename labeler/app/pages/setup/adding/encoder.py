"""The encoder that turns audio into features, chosen by a lead."""

from __future__ import annotations

import streamlit as st

from db.errors import EarmarkError
from db.records.features import newest_feature_set
from db.settings_file import change_settings, overridden_by
from labeler.app.opened import Serving
from labeler.app.pages.asked_name import known_name
from labeler.app.pages.plain_text import plain

BUILT_IN = {
    "bundled": "bundled: comes with Earmark, for speech",
    "logmel": "logmel: spectra, quick and plain",
    "egemaps": "egemaps: openSMILE, for voices; for research only, and installed apart",
}
_OTHER = "other"


def choose_encoder(now: Serving) -> None:
    """Show the encoder in use, and a list to choose another one from."""
    present = _present(now)
    variable = overridden_by("encoder")
    with st.expander(f"Encoder: {plain(present)}", key="audio-encoder"):
        if variable is not None:
            st.text(f"It is set by {variable} where Earmark runs.")
            return
        chosen = st.selectbox(
            "Encoder",
            [*BUILT_IN, _OTHER],
            index=[*BUILT_IN, _OTHER].index(present if present in BUILT_IN else _OTHER),
            format_func=lambda name: BUILT_IN.get(name, "a folder on the server, or an id on the Hugging Face hub"),
            key="audio-encoder-name",
        )
        name = chosen
        if chosen == _OTHER:
            name = st.text_input(
                "Folder or id",
                value="" if present in BUILT_IN else present,
                key="audio-encoder-other",
                placeholder="/data/models/wav2vec2 or facebook/wav2vec2-base",
                help="Only an id is fetched from the network.",
            ).strip()
        st.caption("Another encoder makes all features anew. The old ones stay in use until all are there.")
        if st.button("Use this encoder", key="audio-encoder-use", disabled=not name or name == present):
            try:
                change_settings(now.project.directory, {"encoder": name}, by=known_name())
            except EarmarkError as error:
                st.error(plain(str(error)))
                return
            st.rerun()


def _present(now: Serving) -> str:
    """The encoder of the settings, or of the features in use where they name none."""
    settings = now.project.settings
    if "encoder" not in settings.model_fields_set:
        with now.project.read() as session:
            used = newest_feature_set(session)
            if used is not None:
                return str(used.settings.get("encoder", used.encoder))
    return settings.encoder
