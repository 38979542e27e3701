"""A checkpoint as a model of transformers."""

from __future__ import annotations

from typing import Any

from learner.encoders.checkpoint_files import CheckpointFiles
from learner.encoders.tensor_files import cannot_be_loaded, lacks

_MAY_BE_MISSING = frozenset({"masked_spec_embed"})
"""Only training uses it."""


def load_model(checkpoint: CheckpointFiles, *, kind: str = "AutoModel", unused: tuple[str, ...] = ()) -> Any:
    """The model in float32 on the CPU, ready to encode.

    Args:
        kind: the class of transformers that loads it, where its `AutoModel` does not know the type.
        unused: beginnings of the names of weights that nothing depends on, and that may be missing.

    Raises:
        EncoderError: it cannot be loaded, or lacks weights.
    """
    import torch
    import transformers
    from transformers.utils import logging

    # Its load report and progress bar would mix with ours.
    logging.set_verbosity_error()  # type: ignore[no-untyped-call]
    logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    try:
        model, report = getattr(transformers, kind).from_pretrained(
            str(checkpoint.folder),
            local_files_only=True,
            trust_remote_code=False,
            use_safetensors=checkpoint.safe,
            weights_only=True,
            dtype=torch.float32,
            output_loading_info=True,
        )
    except Exception as error:
        raise cannot_be_loaded(checkpoint, error) from error
    missing = sorted(name for name in set(report["missing_keys"]) - _MAY_BE_MISSING if not name.startswith(unused))
    if missing:
        # transformers would go on with random weights.
        raise lacks(checkpoint, missing)
    return model.eval()
