"""Features for every clip that lacks them: decoding ahead in a thread, encoding, and storing in small durable steps.

It may be stopped at any moment, by Ctrl-C or by SIGKILL, and goes on where it was; a clip that cannot be decoded is taken out of
service and reported, and the rest go on.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field

import numpy as np

from db.errors import AudioError, EncoderError, OtherWeightsError
from db.project import OpenProject
from db.records.clips import ClipAudio, mark_broken, ready_clips_without_features
from db.records.features import newest_feature_set, use_feature_set
from db.serving.known_labels import mark_known_files
from learner.arrays import Float32Array, Waveform
from learner.audio.decoding import decode, decode_blocks
from learner.audio.reader import AudioMissing, shown
from learner.audio.same_audio import refuse_other_audio
from learner.encoders.base import Encoder
from learner.features.embed_report import EmbedReport, FailedClip
from learner.features.one_precision import of_one_precision
from learner.features.precision import storable
from learner.features.project_encoder import project_encoder
from learner.features.store import FeatureStore, embed_lock
from learner.progress import Progress, unseen

LONG_SECONDS = 120.0
"""Longer clips are never held in memory: they are decoded and encoded block by block."""
BATCH_CLIPS, BATCH_SECONDS = 16, 120.0
"""Clips given to the encoder at once: enough for batches of equal length on a GPU."""
FLUSH_CLIPS, FLUSH_SECONDS = 64, 2.0
"""At most this much work is lost with the process."""

Decoded = Waveform | AudioError | None
"""None: too long, to be streamed."""
Encoded = Float32Array | AudioError
"""The vector [dim] of a clip, or why it has none."""
Encode = Callable[[Sequence[ClipAudio], Encoder], Iterator[list[tuple[ClipAudio, Encoded]]]]
"""Gives each clip with its vector, some clips at a time, in any order."""


@dataclass
class _Pending:
    """Vectors that are not on disk yet."""

    clip_ids: list[int] = field(default_factory=list)
    vectors: list[Float32Array] = field(default_factory=list)
    refused: list[ClipAudio] = field(default_factory=list)
    """Clips whose vectors hold NaN or infinity."""
    since: float = field(default_factory=time.monotonic)

    def add(self, clip: ClipAudio, vector: Float32Array) -> None:
        if storable(vector[np.newaxis])[0]:
            self.clip_ids.append(clip.clip_id)
            self.vectors.append(vector)
        else:
            self.refused.append(clip)

    @property
    def due(self) -> bool:
        return len(self.clip_ids) >= FLUSH_CLIPS or time.monotonic() - self.since >= FLUSH_SECONDS


def embed(
    project: OpenProject,
    *,
    encoder: str | None = None,
    layers: str | None = None,
    pooling: str | None = None,
    progress: Progress = unseen,
    should_stop: Callable[[], bool] | None = None,
    note: Callable[[str], None] | None = None,
    encode: Encode | None = None,
) -> EmbedReport:
    """Embed every clip in service that the feature set lacks.

    Args:
        encoder: as `encoder_named` takes it, with the weights that it has now; none takes encoder, layers and pooling from the
            project's settings, or else from the feature set in use.
        layers: hidden layers; none takes the setting, or the default of an encoder that is not the project's.
        pooling: as `layers`.
        progress: called with clips done and clips to do, at the start and after each batch.
        should_stop: asked after each batch; True ends the call early with everything stored.
        note: called with a remark that somebody should know of the encoder before it starts, or with why nothing is done.
        encode: what encodes; none is this process (`encoded_batches`).

    Raises:
        OtherWeightsError: clips lack features, and the weights that made the others are gone.
        EncoderError: the encoder cannot be loaded or run, or gives NaN or infinity for every clip.
        FeatureError: another process embeds this project, or the disk is full.
    """
    try:
        model = project_encoder(project, encoder=encoder, layers=layers, pooling=pooling)
    except OtherWeightsError as error:
        if error.without:
            raise
        if note is not None:
            note(str(error))
        return _nothing_done(project)
    model = of_one_precision(project, model)
    if note is not None and model.remark is not None:
        note(model.remark)
    return embed_with(project, model, progress=progress, should_stop=should_stop, encode=encode)


def _nothing_done(project: OpenProject) -> EmbedReport:
    with project.read() as session:
        used = newest_feature_set(session)
        assert used is not None
        precision = str(used.settings.get("precision", "float32"))
        return EmbedReport(embedded=0, failed=[], feature_set_id=used.id, seconds=0.0, precision=precision)


def embed_with(
    project: OpenProject,
    model: Encoder,
    *,
    progress: Progress = unseen,
    should_stop: Callable[[], bool] | None = None,
    encode: Encode | None = None,
) -> EmbedReport:
    """As `embed`, with an encoder that is loaded already and has the project's precision (`of_one_precision`)."""
    started = time.monotonic()
    with embed_lock(project):
        store = FeatureStore(project, model)
        with project.read() as session:
            clips = ready_clips_without_features(session, store.feature_set_id)
        _mark_known(project, store, model)
        failed: list[FailedClip] = []
        stop = should_stop or _never
        results = (encode or encoded_batches)(clips, model)
        embedded = _embed_clips(project, store, model, results, len(clips), failed, progress, stop)
        if not stop():
            with project.write() as session:
                use_feature_set(session, store.feature_set_id)
    return EmbedReport(
        embedded=embedded,
        failed=failed,
        feature_set_id=store.feature_set_id,
        seconds=time.monotonic() - started,
        precision=str(model.settings.get("precision", "float32")),
    )


def embed_beside(project: OpenProject, encoder: Encoder, *, most: int, progress: Progress) -> int:
    """Give clips features that are there beside those in use, and stay there.

    Args:
        most: so many clips in the order of the random slice, so that they are a fair sample which holds the slice.
        progress: called with clips done and clips to do after each batch; it may raise to give up.

    Returns:
        The id of the feature set.

    Raises:
        FeatureError: another process embeds this project, or the disk is full.
    """
    with embed_lock(project):
        store = FeatureStore(project, encoder)
        with project.read() as session:
            clips = ready_clips_without_features(session, store.feature_set_id, first_in_key_order=most)
        _mark_known(project, store, encoder)
        _embed_clips(project, store, encoder, encoded_batches(clips, encoder), len(clips), [], progress, _never)
    return store.feature_set_id


def _mark_known(project: OpenProject, store: FeatureStore, encoder: Encoder) -> None:
    """For an encoder that lists the files whose labels it knows; each time, since clips that come later may be among them.

    Call it when the clips are read, so that none of them comes behind it.
    """
    files = getattr(encoder, "learned_from", None)
    if files:
        with project.write() as session:
            mark_known_files(session, store.feature_set_id, files)


def _embed_clips(
    project: OpenProject,
    store: FeatureStore,
    encoder: Encoder,
    results: Iterator[list[tuple[ClipAudio, Encoded]]],
    clips: int,
    failed: list[FailedClip],
    progress: Progress,
    should_stop: Callable[[], bool],
) -> int:
    embedded = done = 0
    pending, works = _Pending(), not store.is_empty()
    progress(0, clips)
    try:
        for some in results:
            for clip, result in some:
                if isinstance(result, AudioError):
                    failed.append(_set_aside(project, clip, result))
                else:
                    pending.add(clip, result)
            done += len(some)
            works = works or bool(pending.vectors)
            if works:
                failed.extend(_set_aside(project, clip, not_numbers(clip.path)) for clip in pending.refused)
                pending.refused.clear()
            if pending.due and works:
                embedded += _flush(store, pending)
                pending = _Pending()
            progress(done, clips)
            if should_stop():
                break
    finally:
        # On Ctrl-C too: what is encoded is kept.
        embedded += _flush(store, pending)
    if pending.refused:
        # Then it is not the clips: none of them is set aside for an encoder that cannot encode any.
        raise EncoderError(
            f"Encoder {encoder.name!r} gives NaN or infinity for every clip ({len(pending.refused)} so far); "
            "fetch its weights again, or use another encoder."
        )
    return embedded


def encoded_batches(clips: Sequence[ClipAudio], encoder: Encoder) -> Iterator[list[tuple[ClipAudio, Encoded]]]:
    """Batches of clips with their vectors, in order."""
    for batch in decoded_batches(clips, encoder.sampling_rate):
        whole = [audio for _, audio in batch if isinstance(audio, np.ndarray)]
        vectors = iter(encoder.encode(whole) if whole else ())
        # None is a clip to be streamed; what is no array and not None says why there is none.
        yield [
            (clip, next(vectors) if isinstance(audio, np.ndarray) else audio or encoded_stream(clip, encoder))
            for clip, audio in batch
        ]


def encoded_stream(clip: ClipAudio, encoder: Encoder) -> Float32Array | AudioError:
    """The vector [dim] of a clip that is too long for memory, or why there is none."""
    end = None if clip.whole else clip.end
    try:
        return encoder.encode_stream(decode_blocks(clip.path, start=clip.start, end=end, sampling_rate=encoder.sampling_rate))
    except AudioError as error:
        return error


def not_numbers(path: str) -> AudioError:
    """Why a clip whose vector holds NaN or infinity gets none."""
    return AudioError(
        f"The encoder gives NaN or infinity for {shown(path)}; check its audio, then leave it out or record it again."
    )


def _set_aside(project: OpenProject, clip: ClipAudio, error: AudioError) -> FailedClip:
    """A damaged clip leaves service; one whose file is not there (a disk not mounted) stays, and is tried again next time."""
    if not isinstance(error, AudioMissing):
        with project.write() as session:
            mark_broken(session, clip.clip_id, str(error))
    return FailedClip(clip_id=clip.clip_id, file_name=clip.file_name, reason=str(error))


def _flush(store: FeatureStore, pending: _Pending) -> int:
    if pending.clip_ids:
        store.append(pending.clip_ids, np.stack(pending.vectors))
    return len(pending.clip_ids)


def decoded_batches(clips: Sequence[ClipAudio], sampling_rate: int) -> Iterator[list[tuple[ClipAudio, Decoded]]]:
    """Batches of clips with their audio, decoded two batches ahead of the encoder."""
    ahead: deque[tuple[list[ClipAudio], Future[list[Decoded]]]] = deque()
    pool = ThreadPoolExecutor(max_workers=1, thread_name_prefix="decode")
    try:
        for batch in batches_of(clips):
            ahead.append((batch, pool.submit(_decoded, batch, sampling_rate)))
            if len(ahead) > 2:
                ready, future = ahead.popleft()
                yield list(zip(ready, future.result(), strict=True))
        for ready, future in ahead:
            yield list(zip(ready, future.result(), strict=True))
    finally:
        pool.shutdown(cancel_futures=True)


def batches_of(clips: Sequence[ClipAudio]) -> Iterator[list[ClipAudio]]:
    """The clips in order, cut into what the encoder gets at once. Cut again from the beginning of a batch, they give the same."""
    batch: list[ClipAudio] = []
    seconds = 0.0
    for clip in clips:
        length = 0.0 if clip.duration > LONG_SECONDS else clip.duration
        if batch and (len(batch) == BATCH_CLIPS or seconds + length > BATCH_SECONDS):
            yield batch
            batch, seconds = [], 0.0
        batch.append(clip)
        seconds += length
    if batch:
        yield batch


def _decoded(batch: Sequence[ClipAudio], sampling_rate: int) -> list[Decoded]:
    return [_decoded_clip(clip, sampling_rate) for clip in batch]


def _decoded_clip(clip: ClipAudio, sampling_rate: int) -> Decoded:
    try:
        refuse_other_audio(clip.path, imported=(clip.size, clip.mtime_ns), known_hash=clip.content_hash)
        if clip.duration > LONG_SECONDS:
            return None
        return decode(clip.path, start=clip.start, end=None if clip.whole else clip.end, sampling_rate=sampling_rate)
    except AudioError as error:
        return error


def _never() -> bool:
    return False
