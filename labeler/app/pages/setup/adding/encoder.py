"""The encoder that turns audio into features, chosen by a lead."""

from __future__ import annotations

import streamlit as st

from db.errors import EarmarkError
from db.records.features import FeaturesInUse, features_in_use
from db.settings_file import change_settings, overridden_by
from labeler.app.opened import Serving
from labeler.app.pages.asked_name import known_name
from labeler.app.pages.plain_text import plain
from labeler.words.encoder_choice import encoder_offers

BUILT_IN = {
    "bundled": "bundled: comes with Earmark, for speech",
    "whisper": "whisper: finds more than bundled, in speech and other sounds",
    "logmel": "logmel: spectra, quick and plain",
    "egemaps": "egemaps: openSMILE, for voices; for research only, and installed apart",
}
_OTHER = "other"


def choose_encoder(now: Serving) -> None:
    """Show the encoder in use, and a list to choose another one from."""
    with now.project.read() as session:
        present = encoder_chosen(now, features_in_use(session))
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
        install = next((offer.install for offer in encoder_offers() if offer.name == name), None)
        if install is not None:
            st.caption("It is not installed where Earmark runs. Install it, then start Earmark again:")
            st.code(install, language=None)
        st.caption("Another encoder makes all features anew. The old ones stay in use until all are there.")
        if st.button("Use this encoder", key="audio-encoder-use", disabled=not name or name == present or install is not None):
            try:
                change_settings(now.project.directory, {"encoder": name}, by=known_name())
            except EarmarkError as error:
                st.error(plain(str(error)))
                return
            st.rerun()


def encoder_chosen(now: Serving, used: FeaturesInUse | None) -> str:
    """The encoder of the settings, or of the features in use where they name none."""
    settings = now.project.settings
    return settings.encoder if used is None or "encoder" in settings.model_fields_set else used.encoder
