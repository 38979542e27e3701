"""Text encoders by name. This module loads neither torch nor transformers."""

from __future__ import annotations

import re
from pathlib import Path

from db.errors import EncoderError
from learner.encoders.checkpoint_files import CheckpointFiles, find_files
from learner.text_encoders.base import ARCHITECTURES, MINILM
from learner.text_encoders.encoder import TextEncoder

_HUB_ID = re.compile(r"[A-Za-z0-9][\w.-]*/[\w.-]+")
TOKENIZERS = (
    *("tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "added_tokens.json"),
    *("vocab.txt", "vocab.json", "merges.txt", "sentencepiece.bpe.model", "spiece.model", "spm.model"),
)
"""Files of a tokenizer, whatever its kind."""
_VOCABULARIES = ("tokenizer.json", "vocab.*", "*.model")


def text_encoder_named(
    name: str, *, layers: str | None = None, device: str | None = None, revision: str | None = None
) -> TextEncoder:
    """The text encoder `name`; its weights are loaded when it first encodes.

    Args:
        name: `minilm`, a local folder, or a hub id. Only a hub id may use the network.
        layers: such as `5`, `0,3,6`, `mean` or `all`; none takes the last.
        device: a torch device; none takes a GPU where there is one.
        revision: commit, branch or tag of a hub id.

    Raises:
        EncoderError: there is no such encoder, it cannot be loaded, or it has no such layers.
    """
    return TextEncoder(_files(name, revision), layers=layers, device=device)


def _files(name: str, revision: str | None) -> CheckpointFiles:
    if name == MINILM:
        from learner.text_encoders.packaged import packaged_minilm

        return packaged_minilm()
    folder = Path(name).expanduser()
    if not (name and folder.is_dir()) and not _HUB_ID.fullmatch(name):
        raise EncoderError(
            f"There is no text encoder {name!r}; give {MINILM}, a folder with a checkpoint, "
            "or a hub id such as google-bert/bert-base-uncased."
        )
    found = find_files(name, among=ARCHITECTURES, revision=revision, beside=TOKENIZERS)
    if not any(path.is_file() for pattern in _VOCABULARIES for path in found.folder.glob(pattern)):
        raise EncoderError(
            f"Text encoder {name!r} has no tokenizer in {found.folder}; put its tokenizer.json or vocab.txt there."
        )
    return found
