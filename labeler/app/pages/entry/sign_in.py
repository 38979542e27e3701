"""The page that people see until they have signed in, and the way out."""

from __future__ import annotations

import streamlit as st

from labeler.app.sign_in.ways import Way, arranged


def show_sign_in() -> None:
    """Show the page."""
    st.title("Earmark", anchor=False)
    if arranged().way == Way.OIDC:
        st.text("Sign in to take part in this project.")
        if st.button("Sign in", type="primary", icon=":material/login:"):
            st.login()
    else:
        # The guard lets nobody get here.
        st.text("Sign in at the proxy, then open this page again.")


def sign_out_button() -> None:
    """A button to sign out, where the app can do that: at a proxy, the proxy does it."""
    if arranged().way == Way.OIDC and st.button("Sign out", type="tertiary", icon=":material/logout:", key="sign-out"):
        st.logout()
