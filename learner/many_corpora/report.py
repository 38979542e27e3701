"""How many parameters a model has: shared, by corpus, and beside single-corpus models; counted in its files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from learner.many_corpora.model_folder import open_model, sizes_of


def report(path: Path) -> dict[str, Any]:
    """The parameters of a model's first run.

    Returns:
        `shared` (what all corpora use; of an encoder the layers that are used, which the folder does not hold), `corpora` (what
        each has of its own, by kind; `ratio` is adapters and norms to filters, `ratio_with_head` all but a copy of filters to
        filters, `single` what a model of this corpus alone would have), `total`, `to_one` (total to the mean of single models),
        `to_as_many` (total to all single models together).

    Raises:
        EncoderError: the model cannot be read.
    """
    model = open_model(path)
    of_corpora = {name: sizes_of(model.folder.own(1, name)) for name in model.corpora}
    if not model.backbone.trains_filters:
        copied = next(iter(of_corpora.values())).items()
        shared = model.backbone.shared_parameters() - sum(size for tensor, size in copied if tensor.startswith("filters."))
    else:
        shared = sum(sizes_of(model.folder.filters(1)).values()) if model.shares_filters else 0
    corpora = {}
    for name, sizes in of_corpora.items():
        kinds = {
            kind: sum(size for tensor, size in sizes.items() if tensor.startswith(start))
            for kind, start in (
                ("filters", "filters."),
                ("adapters", "own.adapters."),
                ("norms", "own.norms."),
                ("head", "own.head."),
            )
        }
        filters, own = shared + kinds["filters"], sum(kinds.values()) - kinds["filters"]
        corpora[name] = kinds | {
            "own": sum(kinds.values()),
            "single": filters + kinds["norms"] + kinds["head"],
            "ratio": round((own - kinds["head"]) / filters, 6),
            "ratio_with_head": round(own / filters, 6),
        }
    total = shared + sum(facts["own"] for facts in corpora.values())
    single = sum(facts["single"] for facts in corpora.values())
    return {
        "mode": model.mode,
        "backbone": model.document["backbone"],
        "runs": model.runs,
        "shared": shared,
        "corpora": corpora,
        "total": total,
        "to_one": round(total * len(corpora) / single, 6),
        "to_as_many": round(total / single, 6),
    }
