"""Every recorded session: what the node makes of it as it comes, and what its evidence comes to, in any order."""

import random
from datetime import timedelta

import pytest
from recorded_sessions import played, recorded

from voltring_core.domain.folding import differences, fold
from voltring_core.domain.values import changed

STORIES = [pytest.param(one, id=one.name) for one in recorded()]
UNORDERED = [pytest.param(one, id=one.name) for one in recorded() if one.any_order]


def shown(session, fields):
    return {name: set(session.flags) if name == "flags" else getattr(session, name) for name in fields}


def wanted(expected):
    return {name: set(word) if name == "flags" else word for name, word in expected.items()}


@pytest.mark.parametrize("story", STORIES)
def test_a_recorded_session_comes_to_what_its_file_says(story):
    scene = played(story)
    assert len(scene.own) == len(story.sessions)
    for session, expected, content in zip(scene.own, story.sessions, story.content["sessions"], strict=True):
        folded = fold(scene.evidence(session))
        assert shown(folded.transaction, expected) == wanted(expected)
        assert [list(gap) for gap in folded.missing_seq_nos] == content.get("missing", [])
        assert list(folded.flags) == content.get("found", [])
    assert len(scene.attached) == story.content.get("attached", 0)


@pytest.mark.parametrize("story", STORIES)
def test_the_node_makes_the_same_of_a_recorded_session_but_for_what_its_file_names(story):
    scene = played(story)
    for session, named in zip(scene.own, story.node_differs, strict=True):
        found = differences(session, fold(scene.evidence(session)).transaction)
        assert {one.field for one in found} == named, found


@pytest.mark.parametrize("story", UNORDERED)
@pytest.mark.parametrize("seed", range(8))
def test_a_recorded_session_comes_to_the_same_in_any_order(story, seed):
    scene = played(story)
    for session in scene.own:
        evidence = scene.evidence(session)
        heard = list(evidence.heard)
        times = [one.received_at + timedelta(days=1) for one in heard]
        random.Random(seed).shuffle(heard)
        mixed = tuple(changed(one, number=place, received_at=times[place]) for place, one in enumerate(heard))
        first, other = fold(evidence), fold(changed(evidence, heard=mixed))
        assert differences(first.transaction, other.transaction) == ()
        assert (first.flags, first.missing_seq_nos) == (other.flags, other.missing_seq_nos)
