"""What the model cards of exported heads and of fine-tuned networks have in common."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from db.exports.markdown import plain_text

INTENDED_USE = (
    "## Intended use",
    "",
    "It predicts one label for a short audio clip, recorded like the clips that it was trained on. Use it to sort and "
    "search recordings, and to propose labels that people check. Do not use it for decisions about people.",
    "",
)
EVERY_CLIP_GETS_A_LABEL = "- Every clip gets one of the labels above, whatever it holds: music, silence and other languages too."


def metadata(library: str, *, base_model: str | None) -> list[str]:
    """YAML in which every text is written as JSON, so that no name can be more than a text.

    Args:
        base_model: the hub id of the encoder; None for one that is not of the hub.
    """
    base = [] if base_model is None else [f"base_model: {json.dumps(base_model)}"]
    return [
        "---",
        f"library_name: {library}",
        "pipeline_tag: audio-classification",
        "tags: [audio-classification, earmark]",
        *base,
        "---",
        "",
    ]


def training_clips(labels: Sequence[str], per_label: Mapping[str, int], *, clips: int, speakers: int) -> list[str]:
    """How many clips of how many speakers, and a table by label."""
    known = "no known speakers" if not speakers else f"{speakers} known speakers"
    return [
        f"{clips} labelled clips of {known}.",
        "",
        "| label | training clips |",
        "| --- | ---: |",
        *(f"| {plain_text(label)} | {per_label.get(label, 0)} |" for label in labels),
        "",
    ]


def place_in_commands(name: str) -> str:
    """The folder's name where it can stand between double quotes, in a shell and in Python; otherwise another word for it."""
    return name if name.isprintable() and not set("\"'\\`$!") & set(name) else "the_folder"
