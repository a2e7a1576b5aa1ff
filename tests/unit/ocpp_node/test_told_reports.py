"""Reports in parts, as they are decided: what is taken over, what is forgotten, what came of the command."""

from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from voltring_core.domain.commands import State
from voltring_core.domain.kinds import RecordKind
from voltring_core.domain.reports import ReportState
from voltring_core.ocpp.versions import Version
from voltring_node.facts import CommandFact, GoneFact, RecordFact, ReportFact, VariablesFact, VariablesGoneFact
from voltring_node.knowledge import SentCommand

V16, V201, V21 = Version
ID = UUID(int=1)
AT = "2026-01-01T11:59:00Z"
EVERYTHING = {"reportBase": "FullInventory"}


def of(kind, decided):
    return [fact for one in decided for fact in one.facts if isinstance(fact, kind)]


def sent(base, action, payload=None, *, request_id=7, state=State.ACCEPTED):
    base.known.commands["CP-1"] = [SentCommand(ID, action, request_id, payload or {}, state)]


def part(ask, number, *, tbc, name="V", request_id=7, minutes=None, **more):
    data = [{"component": {"name": "C"}, "variable": {"name": name}, "variableAttribute": [{"value": str(number)}]}]
    payload = {"requestId": request_id, "generatedAt": AT, "seqNo": number, "tbc": tbc, "reportData": data} | more
    return ask(V201, "NotifyReport", payload, minutes=number if minutes is None else minutes)


def test_the_parts_of_a_report_complete_the_command(ask, base):
    sent(base, "GetBaseReport", EVERYTHING)
    decided = base.group(part(ask, 0, tbc=True), part(ask, 1, tbc=True), part(ask, 2, tbc=False))
    assert [one.state for one in of(CommandFact, decided)] == [None, None, State.COMPLETED]
    reports = [one.report for one in of(ReportFact, decided)]
    assert {(one.id, one.command_id) for one in reports} == {(reports[0].id, ID)}
    assert (reports[-1].state, reports[-1].seqs) == (ReportState.COMPLETE, (0, 1, 2))
    assert of(CommandFact, decided)[-1].outcome == reports[-1].outcome
    assert of(VariablesGoneFact, decided) == [VariablesGoneFact(reports[0].started_at)]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_any_order_of_parts_makes_the_same_report_and_forgets_once(ask, base, data):
    numbers = [0, *data.draw(st.permutations(list(range(1, data.draw(st.integers(2, 6))))))]
    place = data.draw(st.integers(0, len(numbers) - 1))
    numbers.insert(place, numbers.pop(0))
    base.known.reports.clear()
    base.replies.clear()
    sent(base, "GetBaseReport", EVERYTHING)
    decided = base.group(
        *(part(ask, one, tbc=one != len(numbers) - 1, minutes=minute) for minute, one in enumerate(numbers))
    )
    reports = [one.report for one in of(ReportFact, decided)]
    # A part 0 that comes last of all finds its report complete; any other order is one report.
    assert len({one.id for one in reports}) == 1
    assert (reports[-1].state, reports[-1].seqs) == (ReportState.COMPLETE, tuple(sorted(numbers)))
    assert len(of(VariablesGoneFact, decided)) == 1
    assert [one.state for one in of(CommandFact, decided)][-1] is State.COMPLETED


def test_a_number_that_comes_again_with_another_command_is_another_report(ask, base):
    sent(base, "GetBaseReport", EVERYTHING)
    (before,) = base.group(part(ask, 0, tbc=True))
    other = UUID(int=2)
    base.known.commands["CP-1"].insert(0, SentCommand(other, "GetBaseReport", 7, EVERYTHING, State.ACCEPTED))
    later = {"generatedAt": "2026-01-01T12:30:00Z"}
    decided = base.group(part(ask, 0, tbc=False, minutes=31, **later))
    report = of(ReportFact, decided)[0].report
    assert (report.command_id, report.seqs, report.id == of(ReportFact, [before])[0].report.id) == (other, (0,), False)
    assert of(VariablesGoneFact, decided) == [VariablesGoneFact(report.started_at)]


def test_a_report_that_counts_from_1_is_complete(ask, base):
    sent(base, "GetReport")
    decided = base.group(part(ask, 1, tbc=True), part(ask, 2, tbc=False))
    assert of(ReportFact, decided)[-1].report.state is ReportState.COMPLETE


def test_a_part_that_comes_twice_changes_nothing(ask, base):
    sent(base, "GetBaseReport", EVERYTHING)
    one, again = base.group(part(ask, 0, tbc=True), part(ask, 0, tbc=True))
    assert (again.is_repeat, again.facts, again.reply) == (True, (), one.reply)


def test_half_a_report_forgets_nothing(ask, base):
    sent(base, "GetBaseReport", EVERYTHING)
    decided = base.group(part(ask, 0, tbc=True), part(ask, 2, tbc=False))
    assert of(VariablesGoneFact, decided) == []
    assert of(CommandFact, decided)[-1].outcome["missing"] == [1]
    assert len(of(VariablesFact, decided)) == 2


@pytest.mark.parametrize(
    ("action", "payload"),
    [
        ("GetBaseReport", {"reportBase": "ConfigurationInventory"}),
        ("GetBaseReport", {"reportBase": "SummaryInventory"}),
        ("GetReport", {"componentCriteria": ["Problem"]}),
        ("GetReport", {}),
    ],
)
def test_only_a_full_inventory_forgets(ask, base, action, payload):
    sent(base, action, payload)
    decided = base.group(part(ask, 0, tbc=False))
    assert of(VariablesGoneFact, decided) == []
    assert of(CommandFact, decided)[-1].state is State.COMPLETED


def test_a_report_that_nobody_asked_for_is_taken_over_and_forgets_nothing(ask, base):
    decided = base.group(part(ask, 0, tbc=False))
    assert (of(CommandFact, decided), of(VariablesGoneFact, decided)) == ([], [])
    assert of(ReportFact, decided)[0].report.command_id is None
    assert len(of(VariablesFact, decided)) == 1


def test_a_password_that_a_charger_reports_is_not_kept(ask, base):
    decided = base.group(part(ask, 0, tbc=False, name="BasicAuthPassword"))
    assert of(VariablesFact, decided)[0].variables[0].value == "[redacted]"
    assert of(ReportFact, decided)[0].content["reportData"][0]["variableAttribute"][0]["value"] == "[redacted]"


PROFILE = {"id": 3.0, "stackLevel": 0, "chargingProfilePurpose": "TxProfile", "chargingProfileKind": "Relative"}
SCHEDULE = {"id": 1, "chargingRateUnit": "A", "chargingSchedulePeriod": [{"startPeriod": 0, "limit": 16}]}


def profiles(ask, number, *, tbc, minutes=0):
    profile = PROFILE | {"id": number, "chargingSchedule": [SCHEDULE]}
    payload = {"requestId": 7, "chargingLimitSource": "CSO", "evseId": 1, "chargingProfile": [profile], "tbc": tbc}
    return ask(V201, "ReportChargingProfiles", payload, minutes=minutes)


def test_profiles_without_numbers_complete_with_the_last_and_the_rest_is_forgotten(ask, base):
    sent(base, "GetChargingProfiles", {"requestId": 7, "chargingProfile": {}})
    decided = base.group(profiles(ask, 3.0, tbc=True), profiles(ask, 4, tbc=False, minutes=1))
    assert [(one.key, one.evse_id) for one in of(RecordFact, decided)] == [("3", 1), ("4", 1)]
    (gone,) = of(GoneFact, decided)
    assert (gone.kind, gone.keys) == (RecordKind.CHARGING_PROFILE, None)
    assert gone.before == decided[0].asked.message.received_at


def test_a_last_part_without_a_number_that_comes_again_forgets_nothing(ask, base):
    sent(base, "GetChargingProfiles", {"requestId": 7, "chargingProfile": {}})
    base.group(profiles(ask, 3, tbc=True), profiles(ask, 4, tbc=False, minutes=1))
    decided = base.group(profiles(ask, 4, tbc=False, minutes=2))
    assert (of(GoneFact, decided), len(of(RecordFact, decided))) == ([], 1)
    assert base.known.command("CP-1", ["GetChargingProfiles"], 7).state is State.COMPLETED


@pytest.mark.parametrize(
    ("criteria", "forgets"),
    [({}, True), ({"chargingProfile": {"stackLevel": 1}}, False), ({"evseId": 1}, False)],
)
def test_what_was_asked_for_narrowly_forgets_nothing_else(ask, base, criteria, forgets):
    sent(base, "GetChargingProfiles", {"requestId": 7, "chargingProfile": {}} | criteria)
    assert bool(of(GoneFact, base.group(profiles(ask, 3, tbc=False)))) is forgets


def test_monitors_are_kept_by_their_id_with_their_place(ask, base):
    monitor = {"id": 9.0, "transaction": False, "value": 80, "type": "UpperThreshold", "severity": 3}
    component = {"name": "Connector", "evse": {"id": 2}}
    item = {"component": component, "variable": {"name": "Temperature"}, "variableMonitoring": [monitor]}
    payload = {"requestId": 7, "seqNo": 0, "generatedAt": AT, "monitor": [item]}
    sent(base, "GetMonitoringReport")
    decided = base.group(ask(V201, "NotifyMonitoringReport", payload))
    (record,) = of(RecordFact, decided)
    assert (record.kind, record.key, record.evse_id, record.content["severity"]) == (RecordKind.MONITOR, "9", 2, 3)
    assert record.content["component"] == component
    assert of(CommandFact, decided)[0].state is State.COMPLETED


def test_customer_information_is_the_reports_text(ask, base):
    sent(base, "CustomerInformation")
    payload = {"requestId": 7, "seqNo": 0, "generatedAt": AT, "data": "nothing is known"}
    decided = base.group(ask(V201, "NotifyCustomerInformation", payload))
    assert of(ReportFact, decided)[0].content["data"] == "nothing is known"
    assert of(CommandFact, decided)[0].state is State.COMPLETED


def test_display_messages_and_der_controls_are_kept_by_their_ids(ask, base):
    message = {"id": 5.0, "priority": "InFront", "message": {"format": "UTF8", "content": "hello"}}
    sent(base, "GetDisplayMessages")
    decided = base.group(ask(V201, "NotifyDisplayMessages", {"requestId": 7, "messageInfo": [message]}))
    assert [one.key for one in of(RecordFact, decided)] == ["5"]
    gradient = {"id": "g", "gradient": {"priority": 0, "gradient": 1.0, "softGradient": 2.0}}
    sent(base, "GetDERControl")
    decided = base.group(ask(V21, "ReportDERControl", {"requestId": 7, "gradient": [gradient]}))
    assert [(one.key, one.content["type"]) for one in of(RecordFact, decided)] == [("g", "gradient")]
    assert of(CommandFact, decided)[0].state is State.COMPLETED
