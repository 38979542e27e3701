"""What the Settings page calls each setting, and what it says of it. A setting that is not named here appears all the same."""

from __future__ import annotations

from db.settings import Settings

SERVING, SEAT, LEARNING, STORING = "Which clips are served", "The annotator's page", "Learning", "Storing"
_EFFECTS = {
    SERVING: "It counts from the next clip that is served.",
    SEAT: "Annotators get it when they open the page Label again.",
    LEARNING: "The learner notices it and ranks the queue anew.",
    STORING: "It cannot be changed here. To move the database, use `earmark backup` and `earmark restore`.",
}
_GROUPS = {
    SERVING: ("random_share", "overlap_share", "relabel_share", "gold_share", "lease_seconds"),
    SEAT: ("label_keys", "skip_reasons", "least_heard", "shown_columns", "suggestions"),
    LEARNING: ("encoder", "layers", "pooling", "text_encoder", "strategy", "queue_size", "head_c"),
    STORING: ("database_url",),
}
_TITLES = {
    "random_share": "Share of random clips",
    "overlap_share": "Share of clips that a second annotator answers",
    "relabel_share": "Share of clips that are answered once more",
    "gold_share": "Share of clips whose label is known (gold checks)",
    "lease_seconds": "Seconds that a clip is kept for its annotator",
    "label_keys": "Keys of labels",
    "skip_reasons": "Reasons to skip a clip",
    "least_heard": "Share of a clip that must be heard",
    "shown_columns": "Columns of the manifest to show",
    "suggestions": "Show the expected label",
    "layers": "Layers of the encoder",
    "text_encoder": "Text encoder for transcripts",
    "strategy": "Order of the queue",
    "queue_size": "Clips in the queue",
    "head_c": "Regularisation of the classifier (C)",
    "database_url": "Database",
}
_WHYS = {
    "random_share": "Accuracy is measured on random clips only. More of them make its interval narrower, and leave fewer "
    "clips to the learner's choice.",
    "overlap_share": "Without clips that two people answered, nobody knows how far annotators agree.",
    "relabel_share": "The second pass shows whether people still answer as they did at first.",
    "gold_share": "Annotators answer these clips as any other and are scored by them, on the page Activity. It takes clips "
    "whose label somebody has fixed: on the page Review, or on the page Clips.",
    "lease_seconds": "When the time is over, the clip may go to somebody else. The answer of the first annotator is taken all "
    "the same.",
    "label_keys": "A label without a key of its own gets the next free digit or letter.",
    "suggestions": "Suggestions save time, and people tend to agree with them. So clips of the random slice never have one, and "
    "each answer records whether there was one.",
    "encoder": "The learner makes new features with the new encoder, and goes on with the old ones until the new ones are "
    "complete. Make sure that this machine has the encoder, or may download it.",
    "text_encoder": "The classifier uses words beside sound only where the labels show that this improves predictions for new "
    "speakers; the Dashboard names the decision. minilm knows English and needs the extra earmark[text]. Clips without a "
    "transcript are predicted by their sound.",
    "strategy": "The default asks for clips from all parts of the pool first, then for clips that the classifier is unsure of. "
    "A strategy of your own runs as a program on the server: so its name can be given only in earmark.toml.",
    "head_c": "A small value keeps the classifier simple, a large one fits the labels closely. Change it only if you have "
    "measured that another value is better.",
}


def title_of(key: str) -> str:
    """What the page calls the setting."""
    return _TITLES.get(key, key.replace("_", " ").capitalize())


def why(key: str) -> list[str]:
    """What the setting is for, and when a change counts."""
    description = (Settings.model_fields[key].description or "").replace("\n", " ")
    return [each for each in (description, _WHYS.get(key, ""), _EFFECTS[group_of(key)]) if each]


def groups() -> dict[str, list[str]]:
    """All settings under the headings of the page."""
    found: dict[str, list[str]] = {group: [] for group in _GROUPS}
    named = [key for keys in _GROUPS.values() for key in keys]
    for key in sorted(Settings.model_fields, key=lambda key: named.index(key) if key in named else len(named)):
        found[group_of(key)].append(key)
    return found


def group_of(key: str) -> str:
    """The heading of the setting."""
    return next((group for group, keys in _GROUPS.items() if key in keys), SERVING if key.endswith("_share") else SEAT)
