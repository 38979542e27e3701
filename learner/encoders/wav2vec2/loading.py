"""A checkpoint's weights as a model of transformers."""

from __future__ import annotations

from typing import Any

from db.errors import EncoderError
from learner.encoders.wav2vec2.checkpoints import Checkpoint

_MAY_BE_MISSING = frozenset({"masked_spec_embed"})
"""Only training uses it."""


def load_model(checkpoint: Checkpoint) -> Any:
    """The model in float32 on the CPU, ready to encode.

    Raises:
        EncoderError: it cannot be loaded, or lacks weights.
    """
    import torch
    from transformers import AutoModel
    from transformers.utils import logging

    # Its load report and progress bar would mix with ours.
    logging.set_verbosity_error()  # type: ignore[no-untyped-call]
    logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    try:
        model, report = AutoModel.from_pretrained(
            str(checkpoint.folder),
            local_files_only=True,
            trust_remote_code=False,
            use_safetensors=checkpoint.safe,
            weights_only=True,
            dtype=torch.float32,
            output_loading_info=True,
        )
    except Exception as error:
        reason = str(error).strip().splitlines()[0][:200] if str(error).strip() else type(error).__name__
        raise EncoderError(
            f"Encoder {checkpoint.name!r} cannot be loaded ({reason}); put a whole checkpoint in {checkpoint.folder}."
        ) from error
    missing = sorted(set(report["missing_keys"]) - _MAY_BE_MISSING)
    if missing:
        # transformers would go on with random weights.
        raise EncoderError(
            f"Encoder {checkpoint.name!r} lacks {len(missing)} of its weights ({missing[0]}, …); "
            f"put a whole checkpoint in {checkpoint.folder}."
        )
    return model.eval()
