"""The model card of a fine-tuned network, as the Hugging Face hub shows it: https://huggingface.co/docs/hub/model-cards."""

from __future__ import annotations

from importlib.metadata import version

from db.exports.markdown import plain_text
from learner.encoders.wav2vec2.checkpoints import Checkpoint
from learner.encoders.wav2vec2.encoder import LEVEL, QUIETEST, gain_of
from learner.finetuning.recipe import P_TAPT, TAPT, V_FT
from learner.prediction.card_parts import EVERY_CLIP_GETS_A_LABEL, INTENDED_USE, metadata, place_in_commands, training_clips
from learner.prediction.models.document import DOCUMENT, HEAD, PLAIN, RELU, ModelDocument

_METHODS = {
    V_FT: "V-FT: the transformer and the head learned from labels; the convolutions stayed as they were",
    TAPT: "TAPT: wav2vec 2.0's own pre-training went on, on the training clips and without labels; then V-FT",
    P_TAPT: "P-TAPT, the variant of Earmark: clusters of frames were predicted where frames were masked; then V-FT",
}

_VALUES = {
    "epochs": "epochs", "batch": "batch", "rate": "learning rate of the transformer", "head_rate": "learning rate of the head",
    "voices": "other voices of each speaker", "clip_seconds": "clips are cut at (seconds)",
}  # fmt: skip
"""Values of the recipe that are shown."""


def model_card(facts: ModelDocument, checkpoint: Checkpoint, *, name: str) -> str:
    """Markdown with the metadata that the hub reads: what was trained on what and how, accuracy, use and limits.

    Args:
        checkpoint: what the network was before.
        name: of the folder.
    """
    return "\n".join(
        [
            *metadata("transformers", base_model=checkpoint.name if checkpoint.origin == "hub" else None),
            f"# {plain_text(name)}",
            "",
            f"A classifier of audio clips with {len(facts.labels)} labels: the encoder {plain_text(facts.encoder)}, fine-tuned "
            f"with Earmark {plain_text(facts.earmark)}.",
            "",
            *INTENDED_USE,
            *_accuracy(facts),
            *_training(facts),
            *_usage(facts, checkpoint, name),
            "## Limits",
            "",
            EVERY_CLIP_GETS_A_LABEL,
            "- The accuracy above holds for audio like that of the training clips. Other rooms, microphones, languages or ages "
            "may have a lower one.",
            f"- It learned from clips of at most {facts.clip_seconds:g} s. `earmark predict` reads a longer recording in windows "
            "of that length, and gives it one label.",
            "- Labels are what annotators gave; their mistakes and habits are in them.",
            "",
            "## Licence",
            "",
            "Not chosen yet. It depends on the licences of the encoder and of the training clips: add `license:` to the first "
            "lines of this file.",
            "",
        ]
    )


def _accuracy(facts: ModelDocument) -> list[str]:
    known = facts.scores
    if known is None:
        return ["## Accuracy", "", "Not measured.", ""]
    gap, shown = known.difference, "shown to be better" if known.difference.low > 0 else "not shown to be better"
    shown = "shown to be worse" if gap.high < 0 else shown
    return [
        "## Accuracy",
        "",
        "UA (unweighted accuracy, the mean recall of the labels), with 95% interval:",
        "",
        "| | UA |",
        "| --- | --- |",
        f"| fine-tuned | **{known.tuned.ua:.3f}** ({known.tuned.ua_low:.3f} to {known.tuned.ua_high:.3f}) |",
        f"| usual head, encoder as it was | {known.frozen.ua:.3f} ({known.frozen.ua_low:.3f} to {known.frozen.ua_high:.3f}) |",
        f"| difference, same speakers | {gap.value:+.3f} ({gap.low:+.3f} to {gap.high:+.3f}): {shown} |",
        "",
        f"Estimated in {known.folds} folds on {plain_text(known.estimated_on)}. These are scores of networks that were trained "
        "in the same way without the fold's speakers. The network in this folder learned from all clips. Guessing would have a "
        f"UA of {1 / len(facts.labels):.3f}.",
        "",
    ]


def _training(facts: ModelDocument) -> list[str]:
    known, recipe = facts.trained_on, facts.recipe.get("supervised", {})
    rows = {
        "encoder": facts.encoder,
        "revision": facts.revision,
        "method": _METHODS.get(facts.method, facts.method),
        **{name: str(recipe[key]) for key, name in _VALUES.items() if key in recipe},
    }
    return [
        "## Training",
        "",
        *training_clips(facts.labels, known.per_label, clips=known.clips, speakers=known.speakers),
        "| | |",
        "| --- | --- |",
        *(f"| {plain_text(key)} | {plain_text(value)} |" for key, value in rows.items()),
        "",
        f"The whole recipe is in `{DOCUMENT}`.",
        *(f"- {plain_text(remark)}" for remark in facts.remarks),
        "",
    ]


def _usage(facts: ModelDocument, checkpoint: Checkpoint, name: str) -> list[str]:
    place = place_in_commands(name)
    kinds = {
        PLAIN: "`AutoModelForAudioClassification` of transformers loads it whole.",
        RELU: f"`AutoModel` of transformers loads the network. No class of theirs has the head, which is in `{HEAD}`.",
    }
    return [
        "## How to use it",
        "",
        "```sh",
        f'earmark predict predictions.csv --model "{place}" --folder new_recordings/',
        "```",
        "",
        f"{kinds.get(facts.head, kinds[RELU])} Without Earmark, with transformers {version('transformers')}:",
        "",
        "```python",
        *_code(facts, checkpoint, place),
        "```",
        "",
        f"`clip.wav` is mono, at {checkpoint.sampling_rate} Hz.",
        "",
    ]


def _code(facts: ModelDocument, checkpoint: Checkpoint, place: str) -> list[str]:
    ours, kind = facts.head != PLAIN, "AutoModelForAudioClassification" if facts.head == PLAIN else "AutoModel"
    return [
        "import soundfile, torch",
        *(["from safetensors.torch import load_file"] if ours else []),
        f"from transformers import AutoFeatureExtractor, {kind}",
        "",
        f'folder = "{place}"',
        "extractor = AutoFeatureExtractor.from_pretrained(folder)",
        f"model = {kind}.from_pretrained(folder).eval()",
        'samples, rate = soundfile.read("clip.wav", dtype="float32")',
        *([_SOFT] if gain_of(checkpoint) == "soft" else []),
        'inputs = extractor(samples, sampling_rate=rate, return_tensors="pt").input_values',
        "with torch.no_grad():",
        *_scores_of(facts),
        "for number, name in sorted(model.config.id2label.items()):",
        '    print(f"{name}: {scores[number]:.3f}")',
    ]


_SOFT = f"samples *= ({LEVEL} / max((samples**2).mean() ** 0.5, {QUIETEST})) ** 0.5"


def _scores_of(facts: ModelDocument) -> list[str]:
    if facts.head == PLAIN:
        return ["    scores = model(inputs).logits[0].softmax(dim=0)"]
    head = '    head = load_file(f"{folder}/' + HEAD + '")'
    scores = '    scores = (head["coef"] @ vector + head["intercept"]).softmax(dim=0)'
    if facts.head == RELU:
        return [head, "    vector = model(inputs).last_hidden_state[0].relu().mean(dim=0)", scores]
    layers = [int(layer) for layer in (facts.layers or "").split(",")]
    chosen = f"[hidden[layer][0] for layer in {layers}]"
    spreads = " + [each.std(dim=0, correction=0) for each in chosen]" if facts.pooling == "mean+std" else ""
    return [
        head,
        "    hidden = model(inputs, output_hidden_states=True).hidden_states",
        f"    chosen = {chosen}",
        f"    vector = torch.cat([each.mean(dim=0) for each in chosen]{spreads})",
        scores,
    ]
