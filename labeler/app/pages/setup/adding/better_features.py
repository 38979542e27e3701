"""That better features can be had than those in use: what they gain and cost, and a button that has them made."""

from __future__ import annotations

import streamlit as st

from db.errors import EarmarkError
from db.records.features import FeaturesInUse, ask_for_renewal, features_in_use
from db.settings_file import change_settings, overridden_by
from labeler.app.opened import Serving
from labeler.app.pages.asked_name import known_name
from labeler.app.pages.entry.required import require_lead
from labeler.app.pages.failing import in_one_sentence
from labeler.app.pages.plain_text import plain
from labeler.app.pages.setup.adding.encoder import encoder_chosen
from labeler.words.better_features import WHAT_STAYS, BetterFeatures, better_features
from labeler.words.time_left import duration
from learner.features.bundled_weights import bundled_revision


def show_better_features(now: Serving) -> None:
    """Show them; nothing where there are none."""
    with in_one_sentence():
        with now.project.read() as session:
            used = features_in_use(session)
        offers = better_features(used, chosen=encoder_chosen(now, used), bundled=bundled_revision())
        for offer in offers:
            with st.container(border=True, key=f"audio-better-{offer.encoder}"):
                st.markdown(f":material/upgrade: {plain(offer.what)}")
                with st.container(horizontal=True, vertical_alignment="center", gap="small"):
                    _button(now, offer, used)
                    _why(offer, has_features=used is not None)


def _button(now: Serving, offer: BetterFeatures, used: FeaturesInUse | None) -> None:
    variable = overridden_by("encoder")
    if offer.install is not None:
        st.code(offer.install, language=None, width="content")
        return
    if offer.is_renewal and used is not None and used.is_renewal_asked:
        st.text("Asked for: the running learner makes all features anew.")
        return
    if variable is not None and not offer.is_renewal:
        st.text(f"The encoder is set by {variable} where Earmark runs.")
        return
    word = "Make all features anew" if offer.is_renewal else f"Use {offer.encoder}"
    time = f" ({duration(offer.seconds)})" if offer.seconds else ""
    if st.button(word + time, key=f"audio-better-{offer.encoder}-use", icon=":material/autorenew:"):
        require_lead()
        try:
            _ask(now, offer)
        except EarmarkError as error:
            st.error(plain(str(error)))
            return
        st.rerun()


def _ask(now: Serving, offer: BetterFeatures) -> None:
    """A running learner does it; one that is started later does, too."""
    if offer.is_renewal:
        with now.project.write() as session:
            ask_for_renewal(session, by=known_name())
    else:
        change_settings(now.project.directory, {"encoder": offer.encoder}, by=known_name())


def _why(offer: BetterFeatures, *, has_features: bool) -> None:
    with st.popover("Why?", type="tertiary", key=f"audio-better-{offer.encoder}-why"):
        for sentence in (offer.gain, *offer.costs, WHAT_STAYS if has_features else ""):
            if sentence:
                st.markdown(plain(sentence))
        if offer.install is not None:
            st.markdown("Install it where Earmark runs, then start Earmark again.")
        st.markdown("The command that does the same:")
        st.code(offer.command, language=None)
