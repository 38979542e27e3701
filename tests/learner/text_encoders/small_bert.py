"""A small checkpoint like BERT with a tokenizer of a few words, for tests that need no real one."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
WORDS = [
    *"abcdefghijklmnopqrstuvwxyz",
    *(f"##{letter}" for letter in "abcdefghijklmnopqrstuvwxyz"),
    ",",
    ".",
    "!",
    "<",
    ">",
    "good",
    "bad",
]


def small_bert(folder: Path) -> Path:
    """A folder with config.json, model.safetensors and tokenizer.json; texts of more than 30 tokens are too long for it."""
    import torch
    import transformers
    from tokenizers import BertWordPieceTokenizer

    folder.mkdir(parents=True, exist_ok=True)
    vocabulary = {token: number for number, token in enumerate([*SPECIAL, *WORDS])}
    BertWordPieceTokenizer(vocab=vocabulary).save(str(folder / "tokenizer.json"))
    (folder / "tokenizer_config.json").write_text(json.dumps({"tokenizer_class": "BertTokenizerFast", "model_max_length": 32}))
    torch.manual_seed(0)
    sizes: dict[str, Any] = {"hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 24}
    config = transformers.BertConfig(vocab_size=len(vocabulary), max_position_embeddings=32, **sizes)
    # Without the pooler, as checkpoints of masked language models are.
    transformers.BertModel(config, add_pooling_layer=False).save_pretrained(folder)
    return folder
