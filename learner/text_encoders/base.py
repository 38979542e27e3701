"""The name of the text encoder that an extra brings, and the architectures that can be used."""

from __future__ import annotations

MINILM = "minilm"
"""all-MiniLM-L6-v2, from an extra."""
ARCHITECTURES = (
    *("albert", "bert", "camembert", "deberta", "deberta-v2", "distilbert", "electra", "ernie", "modernbert", "mpnet"),
    *("roberta", "roformer", "squeezebert", "xlm-roberta"),
)
"""Model types: encoders of text with one vector a token."""
PADDED_POSITIONS = frozenset({"camembert", "mpnet", "roberta", "xlm-roberta"})
"""Those whose positions begin behind that of the padding token, so that two of them hold no token."""
