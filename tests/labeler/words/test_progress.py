"""The sentences about a run on the Dashboard."""

from __future__ import annotations

from typing import Any

from db.models import Run
from db.reports import NewSpeakers, RunReport
from labeler.words.run import (
    accuracy_in_words,
    new_speakers_in_words,
    normalisation_in_words,
    speakers_in_words,
    words_in_words,
)

PLAIN = {"ua": 0.52, "ua_low": 0.41, "ua_high": 0.63, "wa": 0.5}


def run(**report: Any) -> Run:
    return Run(ua=0.617, ua_low=0.484, ua_high=0.741, slice_clips=23, speakers=1, report=RunReport.model_validate(report))


def test_accuracy_comes_with_its_interval_and_what_it_was_measured_on() -> None:
    assert accuracy_in_words(run()) == "UA 0.62 (0.48–0.74) on 23 clips of the random slice from 1 speaker"


def test_the_normalisation_comes_with_its_reason_and_the_score_without_it() -> None:
    sentences = normalisation_in_words(
        run(normalisation="speaker", normalisation_why="It helps.", normalised_folds=5, plain=PLAIN)
    )
    assert sentences == [
        "Each speaker's clips are normalised by that speaker. It helps.",
        "Without normalisation, as for new audio of unknown speakers: UA 0.52 (0.41–0.63).",
    ]


def test_no_second_score_where_nothing_was_normalised() -> None:
    sentences = normalisation_in_words(run(normalisation="none", normalisation_why="Too few.", normalised_folds=0, plain=PLAIN))
    assert sentences == ["Clips are not normalised by speaker. Too few."]


def test_runs_of_older_versions_have_no_sentence_about_normalisation() -> None:
    assert normalisation_in_words(run()) == []


def test_words_come_with_the_reason_and_the_score_of_sound_alone() -> None:
    assert words_in_words(run(words=True, words_why="It helps.", worded_folds=5, sound=PLAIN)) == [
        "Words are used beside sound. It helps.",
        "With words: UA 0.62, with sound alone: 0.52 (0.41–0.63).",
    ]
    assert words_in_words(run(words_why="Too few.")) == ["Words are not used beside sound. Too few."]
    assert words_in_words(run()) == [], "a project without words"
    both = run(normalisation="speaker", normalisation_why="It helps.", normalised_folds=5, worded_folds=5, plain=PLAIN)
    assert normalisation_in_words(both)[1].startswith("Without normalisation and words, as for new audio of unknown speakers")


def test_without_known_speakers_the_accuracy_may_be_that_on_speakers_trained_on() -> None:
    assert speakers_in_words(run(grouped=False)).startswith("Most clips have no known speaker, or there is only one speaker: ")
    assert speakers_in_words(run(grouped=True)) == ""
    assert speakers_in_words(run()) == ""


def test_the_accuracy_on_new_speakers_is_named_with_their_number() -> None:
    known = NewSpeakers(known=True, speakers=5, tested=19, ua=0.617, ua_low=0.482, ua_high=0.744, spread=0.09)
    assert new_speakers_in_words(known) == (
        "On a group of 5 new speakers: UA 0.48–0.74 (95%), if they are like those of the project."
    )
    assert new_speakers_in_words(known.model_copy(update={"speakers": 1})).startswith("On a new speaker: UA 0.48–0.74")


def test_where_the_accuracy_on_new_speakers_is_not_known_the_sentence_says_why() -> None:
    unknown = NewSpeakers(known=False, why="the random slice has clips of one speaker only")
    assert new_speakers_in_words(unknown) == (
        "The accuracy on new speakers is not known: the random slice has clips of one speaker only."
    )
    assert new_speakers_in_words(None) == "", "a run of an earlier version"
