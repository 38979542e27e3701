"""What the command `finetune` reports of the network that it has saved."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from learner.prediction.models.document import ModelDocument


def saved_json(folder: Path, facts: ModelDocument) -> dict[str, Any]:
    """Of the JSON document: where it is, what loads it, and its scores beside the frozen head."""
    scores = facts.scores
    return {
        "folder": str(folder),
        "head": facts.head,
        "loads_as": "AutoModelForAudioClassification" if facts.head == "plain" else "AutoModel",
        "scores": None if scores is None else scores.model_dump(),
    }


def saved_lines(saved: dict[str, Any] | None) -> list[str]:
    """For a person."""
    if saved is None:
        return []
    scores = saved["scores"]
    compared = []
    if scores is not None:
        frozen, gap = scores["frozen"], scores["difference"]
        judged = "shown to be better" if gap["low"] > 0 else "shown to be worse" if gap["high"] < 0 else "not shown to be better"
        compared = [
            f"Frozen {frozen['ua']:.3f} ({frozen['ua_low']:.3f}-{frozen['ua_high']:.3f}); difference {gap['value']:+.3f} "
            f"({gap['low']:+.3f}-{gap['high']:+.3f}): {judged}."
        ]
    return [
        *compared,
        f"A network that learned from all labels is saved in {saved['folder']}; {saved['loads_as']} of transformers loads it.",
        f"Next: earmark predict predictions.csv --model {saved['folder']} --folder new_recordings/",
    ]
