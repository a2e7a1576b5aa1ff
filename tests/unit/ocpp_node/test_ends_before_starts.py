"""A 2.x session whose end comes before its start: the same session, unless the charger has used its id again."""

import pytest

from voltring_node.deciding import needs


@pytest.fixture(autouse=True)
def tokens(base):
    base.register("CARD")


def ended_first(base, event, **more):
    base.group(event("Ended", 4, minutes=30, **more))


@pytest.mark.parametrize(("number", "sessions"), [(0, 1), (4, 1), (5, 2)])
def test_without_a_clock_a_start_after_the_end_is_its_start_unless_its_number_is_later(base, event, number, sessions):
    ended_first(base, event, timestamp="1970-01-01T00:30:00Z")
    base.group(event("Started", number, minutes=31, timestamp="1970-01-01T00:00:00Z"))
    assert len(base.sessions()) == sessions


@pytest.mark.parametrize(("number", "flags"), [(0, ("start_missing", "unknown_transaction")), (5, ("start_missing",))])
def test_an_end_whose_start_has_come_by_its_number_but_not_by_its_time_waits_for_a_person(base, event, number, flags):
    ended_first(base, event)
    base.group(event("Started", number, minutes=35))
    old, new = base.sessions()
    assert (set(old.flags) - {"no_meter_stop"}, new.flags) == (set(flags), ("id_reused",))


@pytest.mark.parametrize(("group", "flags"), [(None, ["stopped_by_other"]), ("FAMILY", [])])
def test_who_stopped_a_session_whose_start_comes_last_is_told_by_its_start(base, event, group, flags):
    base.register("CARD", group_id_token=group)
    base.register("OTHER", group_id_token=group)
    other, card = ({"idToken": name, "type": "ISO14443"} for name in ("OTHER", "CARD"))
    ended_first(base, event, idToken=other, triggerReason="StopAuthorized")
    (decided,) = base.group(event("Started", 0, idToken=card))
    (session,) = base.sessions()
    assert (session.id_token, session.stop_id_token) == ("CARD", "OTHER")
    assert [word for word in session.flags if word == "stopped_by_other"] == flags
    assert '"Accepted"' in decided.reply


def test_the_tokens_of_a_session_that_may_have_ended_already_are_asked_for(event):
    said = event("Started", 0, idToken={"idToken": "CARD", "type": "ISO14443"})
    assert needs([said]).stopped == {("CP-1", "tx")}
