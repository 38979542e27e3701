"""The model card of an exported head, as the Hugging Face hub shows it: https://huggingface.co/docs/hub/model-cards."""

from __future__ import annotations

import json

from db.exports.markdown import plain_text
from learner.prediction.portable_head import DOCUMENT, WEIGHTS, HeadDocument

_USE = """from labeler import Head

head = Head.load("{name}")
print(head.labels, head.accuracy)
table = head.predict("new_recordings/")
print(table[["file_name", "predicted"]])
table.to_csv("predictions.csv", index=False)
"""


def model_card(facts: HeadDocument, *, name: str) -> str:
    """Markdown with the metadata that the hub reads: what the head is for, its labels, accuracy, use and limits.

    Args:
        name: of the folder.
    """
    return "\n".join(
        [
            *_metadata(facts),
            f"# {plain_text(name)}",
            "",
            f"A linear classifier for audio clips with {len(facts.labels)} labels, trained with Earmark "
            f"{plain_text(facts.earmark)} (run {facts.run}) on frozen features of an encoder, which is not part of this folder.",
            "",
            "## Intended use",
            "",
            "It predicts one label for a short audio clip, recorded like the clips that it was trained on. Use it to sort and "
            "search recordings, and to propose labels that people check. Do not use it for decisions about people.",
            "",
            *_training(facts),
            *_accuracy(facts),
            *_usage(facts, name),
            *_encoder(facts),
            "## Limits",
            "",
            "- Every clip gets one of the labels above, whatever it holds: music, silence and other languages too.",
            "- The accuracy above holds for audio like that of the project. Other rooms, microphones, languages or ages may have "
            "a lower one.",
            "- Labels are what the annotators of the project agreed on; their mistakes and habits are in them.",
            "",
        ]
    )


def _metadata(facts: HeadDocument) -> list[str]:
    """YAML in which every text is written as JSON, so that no name can be more than a text."""
    base = [f"base_model: {json.dumps(facts.encoder.name)}"] if facts.encoder.origin == "hub" else []
    return [
        "---",
        "library_name: earmark",
        "pipeline_tag: audio-classification",
        "tags: [audio-classification, earmark]",
        *base,
        "---",
        "",
    ]


def _training(facts: HeadDocument) -> list[str]:
    known = facts.trained_on
    speakers = "no known speakers" if not known.speakers else f"{known.speakers} known speakers"
    return [
        "## Labels and training clips",
        "",
        f"{known.clips} labelled clips of {speakers}.",
        "",
        "| label | training clips |",
        "| --- | ---: |",
        *(f"| {plain_text(label)} | {known.per_label.get(label, 0)} |" for label in facts.labels),
        "",
    ]


def _accuracy(facts: HeadDocument) -> list[str]:
    known = facts.accuracy
    if known is None:
        return ["## Accuracy", "", "The accuracy was not known yet when this folder was written.", ""]
    whole = "" if known.wa is None else f" WA (plain accuracy) {known.wa:.3f}."
    return [
        "## Accuracy",
        "",
        f"UA (unweighted accuracy, the mean recall of the labels) **{known.ua:.3f}**, 95% interval {known.ua_low:.3f} to "
        f"{known.ua_high:.3f}.{whole}",
        "",
        f"Estimated on {known.clips} {known.estimated_on}; {known.speakers} speakers. Guessing would have a UA of "
        f"{1 / len(facts.labels):.3f}.",
        "",
    ]


def _usage(facts: HeadDocument, name: str) -> list[str]:
    place = name if name.isprintable() and not set("\"'\\`") & set(name) else "the_folder"
    return [
        "## How to use it",
        "",
        "```sh",
        f'earmark predict predictions.csv --head "{place}" --folder new_recordings/',
        "```",
        "",
        "```python",
        _USE.format(name=place).rstrip(),
        "```",
        "",
        f"`{WEIGHTS}` holds the arrays `coef` [classes, {facts.dim}], `intercept` [classes] and `classes` (positions of labels): "
        "the label of a vector `x` is that of the largest value of `coef @ x + intercept`."
        + (
            " Those that begin with `by_speaker.` belong to the head for the project's own clips, whose vectors are normalised "
            "by speaker; new audio needs the other one."
            if facts.normalisation == "speaker"
            else ""
        )
        + (
            " In its project another head predicts the clips, by the words in their transcripts too; this one knows sound alone."
            if facts.words
            else ""
        )
        + f" `{DOCUMENT}` holds the facts of this card.",
        "",
    ]


def _encoder(facts: HeadDocument) -> list[str]:
    encoder = facts.encoder
    rows = {
        "name": encoder.name,
        "origin": encoder.origin,
        "revision": encoder.revision,
        "layers": encoder.layers,
        "pooling": encoder.pooling,
        "features": encoder.fingerprint,
    }
    return [
        "## Encoder",
        "",
        "| | |",
        "| --- | --- |",
        *(f"| {key} | {plain_text(value)} |" for key, value in rows.items() if value is not None),
        "",
    ]
