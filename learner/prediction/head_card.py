"""The model card of an exported head, as the Hugging Face hub shows it: https://huggingface.co/docs/hub/model-cards."""

from __future__ import annotations

from db.exports.markdown import plain_text
from learner.prediction.card_parts import EVERY_CLIP_GETS_A_LABEL, INTENDED_USE, metadata, place_in_commands, training_clips
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
            *metadata("earmark", base_model=facts.encoder.name if facts.encoder.origin == "hub" else None),
            f"# {plain_text(name)}",
            "",
            f"A linear classifier for audio clips with {len(facts.labels)} labels, trained with Earmark "
            f"{plain_text(facts.earmark)} (run {facts.run}) on frozen features of an encoder, which is not part of this folder.",
            "",
            *INTENDED_USE,
            *_training(facts),
            *_accuracy(facts),
            *_usage(facts, name),
            *_encoder(facts),
            "## Limits",
            "",
            EVERY_CLIP_GETS_A_LABEL,
            "- The accuracy above holds for audio like that of the project. Other rooms, microphones, languages or ages may have "
            "a lower one.",
            "- Labels are what the annotators of the project agreed on; their mistakes and habits are in them.",
            "",
        ]
    )


def _training(facts: HeadDocument) -> list[str]:
    known = facts.trained_on
    return [
        "## Labels and training clips",
        "",
        *training_clips(facts.labels, known.per_label, clips=known.clips, speakers=known.speakers),
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
    place = place_in_commands(name)
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
