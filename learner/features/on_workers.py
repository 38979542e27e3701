"""Features made by many workers: batches are those of one machine, so that each clip's vector is the same, bit for bit."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from itertools import chain, islice

from db.records.clips import ClipAudio
from learner.audio.reader import shown
from learner.encoders.base import Encoder
from learner.engine.spread import refuse_unshared
from learner.engine.worker import asked
from learner.engine.workers import Workers
from learner.features.embed import Encode, Encoded, batches_of, encoded_batches

MOST_BATCHES = 8
"""Of a shard, which is what a worker that dies costs at most."""
SHARDS_EACH = 8
"""For each worker at least, where there are enough batches: the last ones then end at about the same time."""


def encode_on(workers: Workers) -> Encode:
    """What `embed` takes as `encode`, so that these workers encode."""
    return partial(_encoded_by, workers)


def _encoded_by(workers: Workers, clips: Sequence[ClipAudio], encoder: Encoder) -> Iterator[list[tuple[ClipAudio, Encoded]]]:
    cut = shards_of(clips, workers=workers.count)
    for shard, done in workers.each(_encode, asked(encoder), cut, first_of=lambda shard: shown(shard[0].path)):
        encoded = list(zip(shard, done.result, strict=True))
        for clip, result in encoded:
            refuse_unshared(clip.path, result, host=done.host)
        yield encoded


def shards_of(clips: Sequence[ClipAudio], *, workers: int) -> Iterator[tuple[ClipAudio, ...]]:
    """Shards of whole batches, so that a worker which cuts one into batches again cuts where one machine would have cut."""
    batches = list(batches_of(clips))
    size = min(max(len(batches) // (SHARDS_EACH * workers), 1), MOST_BATCHES)
    waiting = iter(batches)
    while shard := tuple(chain.from_iterable(islice(waiting, size))):
        yield shard


def _encode(encoder: Encoder, clips: Sequence[ClipAudio]) -> list[Encoded]:
    """In a worker: the vector of each clip, or why it has none."""
    return [result for batch in encoded_batches(clips, encoder) for _, result in batch]
