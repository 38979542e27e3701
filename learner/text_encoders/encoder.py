"""A checkpoint like BERT as an encoder of texts: one vector a text, or one a token.

A text longer than the network takes is encoded in stretches, and the mean counts every token of all of them; so memory does not
grow with its length. Where the tokenizer finds no token, as in an empty text, there is no vector: it is masked, never guessed.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from typing import TYPE_CHECKING, Any

import numpy as np

from db.errors import EncoderError
from learner.arrays import BoolArray, Float32Array
from learner.encoders.checkpoint_files import CheckpointFiles
from learner.encoders.loading import load_model
from learner.encoders.pooling import parse_layers
from learner.encoders.runtime import chosen_device, release
from learner.text_encoders.base import PADDED_POSITIONS

if TYPE_CHECKING:
    from torch import Tensor

MOST_TOKENS = 512
"""Tokens of a stretch, the special ones included, where the network takes no fewer."""
MOST_CHARACTERS = 200_000
"""More of a text is not read: that is four hours of speech."""
_BATCH = 16
_UNUSED = ("pooler.", "embeddings.position_ids")
"""Weights that the vectors of tokens do not depend on; many checkpoints lack them."""


@dataclass(frozen=True)
class EncodedTexts:
    """Vectors of texts."""

    vectors: Float32Array
    """[n, dim]; zeros for texts without words."""
    has_words: BoolArray
    """Which rows hold a vector, [n]."""


@dataclass(frozen=True)
class _Stretch:
    """A part of a text that the network takes at once."""

    text: int
    ids: list[int]
    special: list[int]
    """1 for a token that the tokenizer added, such as [CLS]."""


class TextEncoder:
    """One checkpoint with its layers; network and tokenizer are loaded when the first text comes."""

    def __init__(self, checkpoint: CheckpointFiles, *, layers: str | None = None, device: str | None = None) -> None:
        """Raises EncoderError if the checkpoint has no such layers, or does not name its size."""
        self._files = checkpoint
        self._width = self._number("hidden_size", "dim")
        hidden = self._number("num_hidden_layers", "n_layers") + 1
        self._layers_text = (layers or str(hidden - 1)).replace(" ", "").lower()
        self._layers = parse_layers(self._layers_text, count=hidden)
        self._device_asked = device

    @property
    def name(self) -> str:
        """What `text_encoder_named` takes."""
        return self._files.name

    @property
    def dim(self) -> int:
        """Length of a vector, of a text and of a token."""
        return self._width * self._layers.parts

    @cached_property
    def settings(self) -> dict[str, Any]:
        """Everything that vectors depend on (JSON values)."""
        return {
            "text_encoder": self.name,
            "origin": self._files.origin,
            "revision": self._files.revision,
            "tokenizer": self._tokenizer_revision(),
            "layers": self._layers_text,
            "pooling": "mean",
            **{package: release(package) for package in ("torch", "transformers", "tokenizers")},
        }

    def encode(self, texts: Sequence[str | None]) -> EncodedTexts:
        """The mean over the tokens of each text, special tokens included, as sentence-transformers computes it.

        Raises:
            EncoderError: the checkpoint cannot be loaded.
        """
        sums = np.zeros((len(texts), self.dim), np.float64)
        counts, has_words = np.zeros(len(texts), np.int64), np.zeros(len(texts), np.bool_)
        stretches = [stretch for number, text in enumerate(texts) for stretch in self._stretches(number, text)]
        stretches.sort(key=lambda stretch: len(stretch.ids))
        for batch in _batches(stretches):
            for stretch, states in zip(batch, self._states(batch), strict=True):
                sums[stretch.text] += states.sum(axis=0, dtype=np.float64)
                counts[stretch.text] += len(states)
                has_words[stretch.text] = True
        vectors = np.divide(sums, counts[:, None], out=np.zeros_like(sums), where=counts[:, None] > 0)
        return EncodedTexts(vectors.astype(np.float32), has_words)

    def tokens(self, texts: Sequence[str | None], *, most: int) -> list[Float32Array]:
        """The vectors [tokens, dim] of each text's own tokens, at most the first `most`; [0, dim] without words.

        Raises:
            EncoderError: the checkpoint cannot be loaded.
        """
        found = [np.zeros((0, self.dim), np.float32) for _ in texts]
        firsts = [stretch for number, text in enumerate(texts) for stretch in islice(self._stretches(number, text), 1)]
        firsts.sort(key=lambda stretch: len(stretch.ids))
        for batch in _batches(firsts):
            for stretch, states in zip(batch, self._states(batch), strict=True):
                found[stretch.text] = states[np.array(stretch.special) == 0][:most]
        return found

    def _stretches(self, number: int, text: str | None) -> Iterator[_Stretch]:
        """The text in parts of at most `_most` tokens; none where there is no token."""
        readable = "" if text is None else text[:MOST_CHARACTERS].encode("utf-8", "replace").decode("utf-8")
        if not readable.strip():
            return
        parts = self._tokenizer(
            readable,
            truncation=True,
            max_length=self._most,
            return_overflowing_tokens=True,
            return_special_tokens_mask=True,
        )
        for ids, special in zip(parts["input_ids"], parts["special_tokens_mask"], strict=True):
            if not all(special):
                yield _Stretch(number, ids, special)

    def _states(self, batch: Sequence[_Stretch]) -> list[Float32Array]:
        """The chosen layers side by side, [tokens, dim], of each stretch."""
        import torch

        network = self._network
        longest = max(len(stretch.ids) for stretch in batch)
        ids = torch.full((len(batch), longest), int(self._tokenizer.pad_token_id or 0), dtype=torch.long)
        mask = torch.zeros((len(batch), longest), dtype=torch.long)
        for row, stretch in enumerate(batch):
            ids[row, : len(stretch.ids)] = torch.tensor(stretch.ids)
            mask[row, : len(stretch.ids)] = 1
        with torch.inference_mode():
            ids, mask = ids.to(self._device), mask.to(self._device)
            hidden = network(input_ids=ids, attention_mask=mask, output_hidden_states=True).hidden_states
            chosen = self._side_by_side(hidden).float().cpu().numpy()
        return [chosen[row, : len(stretch.ids)] for row, stretch in enumerate(batch)]

    def _side_by_side(self, hidden: Sequence[Tensor]) -> Tensor:
        import torch

        chosen = [hidden[index] for index in self._layers.indices]
        average = [torch.stack(chosen).mean(dim=0)] if self._layers.averaged else []
        return torch.cat((chosen if self._layers.apart else []) + average, dim=2)

    @cached_property
    def _most(self) -> int:
        """Tokens of a stretch."""
        limits = [MOST_TOKENS, int(self._tokenizer.model_max_length)]
        positions = self._files.config.get("max_position_embeddings")
        if isinstance(positions, int):
            limits.append(positions - 2 if self._files.model_type in PADDED_POSITIONS else positions)
        return max(min(limits), 4)

    @cached_property
    def _device(self) -> str:
        return chosen_device(self._device_asked)

    @cached_property
    def _network(self) -> Any:
        network = load_model(self._files, unused=_UNUSED)
        try:
            return network.to(self._device)
        except (RuntimeError, AssertionError) as error:
            raise EncoderError(f"Device {self._device!r} cannot be used for {self.name!r} ({error}); choose cpu.") from error

    @cached_property
    def _tokenizer(self) -> Any:
        import transformers
        from transformers.utils import logging

        logging.set_verbosity_error()  # type: ignore[no-untyped-call]
        try:
            found = transformers.AutoTokenizer.from_pretrained(
                str(self._files.folder), local_files_only=True, trust_remote_code=False, use_fast=True
            )
        except Exception as error:
            raise self._without_tokenizer(_brief(error)) from error
        if not found.is_fast:
            raise self._without_tokenizer("it has no tokenizer.json")
        if len(found) > int(self._files.config.get("vocab_size", len(found))):
            raise self._without_tokenizer("it has more tokens than the network")
        return found

    def _without_tokenizer(self, why: str) -> EncoderError:
        return EncoderError(
            f"The tokenizer of text encoder {self.name!r} cannot be used ({why}); put a whole checkpoint in {self._files.folder}."
        )

    def _tokenizer_revision(self) -> str:
        digest = hashlib.sha256()
        for path in sorted(self._files.folder.glob("*")):
            if path.is_file() and (
                path.name.startswith(("tokenizer", "vocab", "merges", "special", "added")) or path.suffix == ".model"
            ):
                with path.open("rb") as file:
                    digest.update(path.name.encode() + b"\0" + hashlib.file_digest(file, "sha256").digest())
        return f"sha256:{digest.hexdigest()}"

    def _number(self, *names: str) -> int:
        found = next((self._files.config[name] for name in names if name in self._files.config), None)
        if not isinstance(found, int) or found < 1:
            raise EncoderError(f"Text encoder {self.name!r} has no {names[0]} in its config.json; put a whole checkpoint there.")
        return found


def _batches(stretches: list[_Stretch]) -> Iterator[list[_Stretch]]:
    for start in range(0, len(stretches), _BATCH):
        yield stretches[start : start + _BATCH]


def _brief(error: Exception) -> str:
    return str(error).strip().splitlines()[0][:200] if str(error).strip() else type(error).__name__
