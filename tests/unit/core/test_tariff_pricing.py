"""What sessions cost, each worked by hand in the comment beside it."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from tariff_making import NOON, component, tariff, usage

from voltring_core.domain.tariffs import Line, Price, Tariff, content_of, explain, price
from voltring_core.domain.usage import Span, Usage

ZONE = ZoneInfo("UTC")
BERLIN = ZoneInfo("Europe/Berlin")
NIGHT = {"start_time_of_day": "22:00", "end_time_of_day": "06:00"}


def cost(session: Usage, by: Tariff, zone: ZoneInfo = ZONE) -> Price:
    found = price(session, by, zone)
    assert found.net + found.tax == found.total
    return found


def amounts(found: Price) -> list[tuple[str, str, str]]:
    return [(str(line.what), f"{line.quantity.normalize():f}", str(line.amount)) for line in found.lines]


def only(found: Price) -> Line:
    (line,) = found.lines
    return line


def test_a_flat_tariff_costs_energy_times_price() -> None:
    # 12.345 kWh x 0.49 = 6.04905 -> 6.05
    found = cost(usage((90, "12345")), tariff(component("energy", "0.49")))
    assert amounts(found) == [("energy", "12.345", "6.05")]
    assert (found.net, found.tax, found.total, found.currency) == (Decimal("6.05"), 0, Decimal("6.05"), "EUR")
    line = only(found)
    assert (line.unit, line.unit_price, line.begins, line.ends) == (
        "kWh",
        Decimal("0.49"),
        NOON,
        NOON + timedelta(minutes=90),
    )


def test_half_a_cent_is_rounded_up() -> None:
    # 0.5 kWh x 0.01 = 0.005 -> 0.01; 0.499999 kWh x 0.01 = 0.00499999 -> 0.00
    by = tariff(component("energy", "0.01"))
    assert cost(usage((1, "500")), by).total == Decimal("0.01")
    assert cost(usage((1, "499.999")), by).total == Decimal("0.00")


@pytest.mark.parametrize(("currency", "total"), [("JPY", "6"), ("EUR", "5.56"), ("KWD", "5.556"), ("UYW", "5.5556")])
def test_an_amount_has_the_decimals_of_its_currency(currency: str, total: str) -> None:
    # 10.0001 kWh x 0.55555 = 5.555555555
    found = cost(usage((1, "10000.1")), tariff(component("energy", "0.55555"), currency=currency))
    assert str(found.total) == total


def test_a_time_based_tariff_counts_charging_and_idle_minutes_apart() -> None:
    # 61.5 charging minutes x 0.05 = 3.075 -> 3.08; 20 idle minutes less 15 of grace = 5 x 0.10 = 0.50
    by = tariff(component("charging_time", "0.05"), component("idle_time", "0.10", grace_minutes=15))
    found = cost(usage((61.5, "9000"), (20, "0", True)), by)
    assert amounts(found) == [("charging_time", "61.5", "3.08"), ("idle_time", "5", "0.50")]
    assert found.lines[1].begins == NOON + timedelta(minutes=76.5)


def test_a_combined_tariff_adds_up_its_kinds() -> None:
    # fee 1.00; 20 kWh x 0.39 = 7.80; 60 min x 0.02 = 1.20; together 10.00; VAT 19 % = 1.90
    by = tariff(
        component("fixed_fee", "1"),
        component("energy", "0.39"),
        component("charging_time", "0.02"),
        taxes=[{"name": "VAT", "percent": 19}],
    )
    found = cost(usage((60, "20000")), by)
    assert amounts(found) == [("fixed_fee", "1", "1.00"), ("energy", "20", "7.80"), ("charging_time", "60", "1.20")]
    assert (found.net, found.tax, found.total) == (Decimal("10.00"), Decimal("1.90"), Decimal("11.90"))


def test_the_grace_is_of_the_session_however_often_it_was_idle() -> None:
    # Idle 4 + 4 + 4 = 12 minutes, 10 of them free: 2 x 1.00
    by = tariff(component("idle_time", "1", grace_minutes=10))
    found = cost(usage((4, "0", True), (5, "1"), (4, "0", True), (5, "1"), (4, "0", True)), by)
    assert amounts(found) == [("idle_time", "2", "2.00")]


def test_a_longer_grace_in_front_makes_idle_time_dearer_the_longer_it_lasts() -> None:
    # Idle 90 min: 15 free, 45 x 0.10 = 4.50, 30 x 0.20 = 6.00
    by = tariff(
        component("idle_time", "0.20", grace_minutes=60),
        component("idle_time", "0.10", grace_minutes=15),
    )
    found = cost(usage((90, "0", True)), by)
    assert amounts(found) == [("idle_time", "30", "6.00"), ("idle_time", "45", "4.50")]


def test_a_night_price_across_midnight_is_split_by_the_time_spent_in_it() -> None:
    # 21:00 to 23:00 UTC is 22:00 to 24:00 in Berlin (CET): 2 h of 3 h from 20:00 UTC; 9 kWh -> 6 and 3
    by = tariff(component("energy", "0.20", **NIGHT), component("energy", "0.40"))
    start = datetime(2026, 1, 10, 20, tzinfo=UTC)
    found = cost(usage((180, "9000"), start=start), by, BERLIN)
    assert amounts(found) == [("energy", "6", "1.20"), ("energy", "3", "1.20")]
    assert (found.lines[0].begins, found.lines[1].ends) == (start + timedelta(hours=1),) * 2


def test_a_night_belongs_to_the_day_on_which_it_begins() -> None:
    # 2026-05-01 is a Friday. Friday 21:00 to Saturday 23:00: Friday's night 22:00 to 06:00 = 480 min; Saturday's not.
    by = tariff(component("charging_time", "1", days_of_week=["Friday"], **NIGHT))
    friday = datetime(2026, 5, 1, 21, tzinfo=UTC)
    found = cost(usage((26 * 60, "0"), start=friday), by)
    assert amounts(found) == [("charging_time", "480", "480.00")]
    # Thursday 23:00 to Friday 05:00 is Thursday's.
    assert cost(usage((360, "0"), start=friday - timedelta(hours=22)), by).lines == ()


def test_sundays_night_lasts_into_monday() -> None:
    # 2026-05-03 is a Sunday: from 23:00 to 07:00, 420 min of it before 06:00 on Monday
    by = tariff(component("charging_time", "1", days_of_week=["Sunday"], **NIGHT))
    found = cost(usage((480, "0"), start=datetime(2026, 5, 3, 23, tzinfo=UTC)), by)
    assert amounts(found) == [("charging_time", "420", "420.00")]


def test_a_day_without_a_window_is_from_midnight_to_midnight() -> None:
    # Saturday 2026-05-02 in Berlin: from Friday 22:00 to Saturday 22:00 UTC: 1440 of 2880 minutes
    by = tariff(component("charging_time", "0.01", days_of_week=["Saturday"]))
    found = cost(usage((2880, "0"), start=datetime(2026, 5, 1, 12, tzinfo=UTC)), by, BERLIN)
    assert amounts(found) == [("charging_time", "1440", "14.40")]
    assert only(found).begins == datetime(2026, 5, 1, 22, tzinfo=UTC)


def test_step_prices_are_paid_by_the_energy_of_the_session() -> None:
    # 25 kWh: 10 x 0.50 = 5.00, 10 x 0.40 = 4.00, 5 x 0.30 = 1.50
    by = tariff(
        component("energy", "0.50", max_energy_kwh=10),
        component("energy", "0.40", max_energy_kwh=20),
        component("energy", "0.30"),
    )
    found = cost(usage((50, "25000")), by)
    assert amounts(found) == [("energy", "10", "5.00"), ("energy", "10", "4.00"), ("energy", "5", "1.50")]
    # Evenly spread: 10 kWh are reached after 20 of 50 minutes.
    assert found.lines[1].begins == NOON + timedelta(minutes=20)


def test_a_tier_that_is_reached_at_no_whole_microsecond_loses_nothing() -> None:
    # 7 kWh in 60 min, the first of them free: the tier is reached after 60/7 min; 6 kWh and 60 x 6/7 min are paid
    by = tariff(component("energy", "1", min_energy_kwh=1), component("charging_time", "7", min_energy_kwh=1))
    found = cost(usage((60, "7000")), by)
    # 51.428571 min x 7 = 359.999997 -> 360.00
    assert amounts(found) == [("energy", "6", "6.00"), ("charging_time", "51.428571", "360.00")]


def test_energy_that_came_at_once_is_paid_by_tiers_too() -> None:
    # A last reading at the time of the one before it: 15 kWh in no time; 10 x 0.50 + 5 x 0.10
    by = tariff(component("energy", "0.50", max_energy_kwh=10), component("energy", "0.10"))
    assert amounts(cost(usage((0, "15000")), by)) == [("energy", "10", "5.00"), ("energy", "5", "0.50")]


def test_prices_by_the_length_of_the_session() -> None:
    # The first hour free, then 0.10; 45 charging + 45 idle + 30 charging: 30 charging minutes are beyond the hour
    by = tariff(component("charging_time", "0.10", min_minutes=60))
    found = cost(usage((45, "1"), (45, "0", True), (30, "1")), by)
    assert amounts(found) == [("charging_time", "30", "3.00")]


@pytest.mark.parametrize(
    ("limits", "minutes"),
    [({"min_minutes": 60}, 40), ({"max_minutes": 60}, 60), ({"min_minutes": 20, "max_minutes": 30}, 10)],
)
def test_a_limit_in_minutes_divides_a_span(limits: dict[str, int], minutes: int) -> None:
    # One span of 100 minutes
    found = cost(usage((100, "0")), tariff(component("charging_time", "0.10", **limits)))
    assert only(found).quantity == minutes


def test_a_session_that_ends_where_a_limit_begins_does_not_reach_it() -> None:
    by = tariff(component("charging_time", "1", min_minutes=60))
    assert cost(usage((60, "0")), by).lines == ()
    assert cost(usage((59, "0"), (1, "0"), (1, "0")), by).total == 1


def test_the_first_component_of_a_kind_that_fits_is_paid_and_no_other() -> None:
    by = tariff(component("energy", "0.10"), component("energy", "99"))
    assert amounts(cost(usage((1, "1000")), by)) == [("energy", "1", "0.10")]


def test_a_minute_that_has_begun_is_paid() -> None:
    # 61.5 min -> 62 x 0.05 = 3.10
    by = tariff(component("charging_time", "0.05", step_seconds=60))
    line = only(cost(usage((61.5, "0")), by))
    assert (line.quantity, line.used, line.amount) == (62, Decimal("61.5"), Decimal("3.10"))
    assert only(cost(usage((62, "0")), by)).quantity == 62


def test_a_kilowatt_hour_that_has_begun_is_paid() -> None:
    assert amounts(cost(usage((1, "2000.001")), tariff(component("energy", "1", step_wh=1000)))) == [
        ("energy", "3", "3.00")
    ]


def test_a_step_lasts_on_into_the_next_price() -> None:
    # Per started 15 min, 0.04 by day, 0.02 by night; 21:50 to 22:20. The step from 21:50 to 22:05 is paid by day: 15
    # min. From 22:05 on: 15 min by night, to 22:20. 15 x 0.04 = 0.60, 15 x 0.02 = 0.30: 30 min for 30 min.
    by = tariff(
        component("charging_time", "0.02", step_seconds=900, **NIGHT),
        component("charging_time", "0.04", step_seconds=900),
    )
    found = cost(usage((30, "0"), start=datetime(2026, 5, 1, 21, 50, tzinfo=UTC)), by)
    assert amounts(found) == [("charging_time", "15", "0.30"), ("charging_time", "15", "0.60")]
    assert [line.used for line in found.lines] == [20, 10]


def test_a_step_that_covers_the_rest_leaves_a_line_of_nothing() -> None:
    # 21:50 to 22:03: the quarter of an hour from 21:50 covers all of it.
    by = tariff(component("charging_time", "9", **NIGHT), component("charging_time", "0.04", step_seconds=900))
    found = cost(usage((13, "0"), start=datetime(2026, 5, 1, 21, 50, tzinfo=UTC)), by)
    assert amounts(found) == [("charging_time", "0", "0.00"), ("charging_time", "15", "0.60")]


def test_charging_that_goes_on_after_a_pause_uses_up_the_step_that_had_begun() -> None:
    # 5 min charging, 30 idle, 5 charging, per started 10 min: 10 min paid
    by = tariff(component("charging_time", "1", step_seconds=600))
    line = only(cost(usage((5, "1"), (30, "0", True), (5, "1")), by))
    assert (line.quantity, line.used, len(line.periods)) == (10, 10, 2)


def test_a_step_is_used_up_once() -> None:
    # 5 + 5 + 5 min of charging, per started 10 min: 20 min paid
    by = tariff(component("charging_time", "1", step_seconds=600))
    line = only(cost(usage((5, "1"), (30, "0", True), (5, "1"), (30, "0", True), (5, "1")), by))
    assert (line.quantity, line.used) == (20, 15)


def test_a_hair_more_than_a_step_begins_another() -> None:
    # Sums are exact, however long the numbers
    by = tariff(component("energy", "0", step_wh=1))
    line = only(cost(usage((1, "1000000000"), (1, "1e-30")), by))
    assert line.quantity == Decimal("1000000.001")


def test_a_period_lasts_as_long_as_its_price() -> None:
    # The time is paid in two lines, the energy in one and without a break.
    by = tariff(component("energy", "1"), component("charging_time", "1"), component("idle_time", "1"))
    found = cost(usage((10, "1000"), (10, "5", True)), by)
    assert [len(line.periods) for line in found.lines] == [1, 1, 1]
    assert found.lines[0].periods[0].ends == NOON + timedelta(minutes=20)


def test_spans_that_go_on_after_the_end_are_cut_like_the_others() -> None:
    # 21:00 to 23:00, told to have ended at 21:30; the night from 22:00 on is 60 min
    start = datetime(2026, 5, 1, 21, tzinfo=UTC)
    session = Usage(start, start + timedelta(minutes=30), Decimal(0), usage((120, "0"), start=start).spans)
    assert only(cost(session, tariff(component("charging_time", "1", **NIGHT)))).quantity == 60


def test_what_is_less_than_the_least_is_filled_up_by_a_line() -> None:
    # 1 kWh x 0.50 = 0.50, up to 2.00: 1.50 more; 19 % of 2.00 = 0.38
    by = tariff(component("energy", "0.50"), min_cost="2", taxes=[{"name": "VAT", "percent": 19}])
    found = cost(usage((1, "1000")), by)
    assert amounts(found) == [("energy", "1", "0.50"), ("min_cost", "1", "1.50")]
    assert (found.net, found.total) == (Decimal("2.00"), Decimal("2.38"))


def test_what_is_more_than_the_most_is_taken_off_by_a_line() -> None:
    # 100 kWh x 0.50 = 50.00, down to 40.00
    found = cost(usage((1, "100000")), tariff(component("energy", "0.50"), max_cost="40", min_cost="1"))
    assert amounts(found) == [("energy", "100", "50.00"), ("max_cost", "1", "-10.00")]
    assert found.total == Decimal("40.00")


def test_exactly_the_least_or_the_most_adds_no_line() -> None:
    assert len(cost(usage((1, "4000")), tariff(component("energy", "0.50"), min_cost="2", max_cost="2")).lines) == 1


def test_the_least_is_paid_by_a_session_that_used_nothing() -> None:
    nothing = Usage(NOON, NOON, Decimal(0), ())
    assert amounts(cost(nothing, tariff(min_cost="2"))) == [("min_cost", "1", "2.00")]
    assert cost(nothing, tariff()).total == 0


def test_the_fee_goes_by_the_time_of_the_start() -> None:
    # 20:30 UTC is 22:30 in Berlin in May.
    by = tariff(component("fixed_fee", "3", **NIGHT), component("fixed_fee", "1"))
    start = datetime(2026, 5, 1, 20, 30, tzinfo=UTC)
    assert amounts(cost(usage((600, "0"), start=start), by, BERLIN)) == [("fixed_fee", "1", "3.00")]
    assert amounts(cost(usage((600, "0"), start=start), by, ZONE)) == [("fixed_fee", "1", "1.00")]


def test_several_taxes_on_net_prices_are_each_rounded_once() -> None:
    # 9.99 net: 5 % = 0.4995 -> 0.50; 9.975 % = 0.9965025 -> 1.00; total 11.49
    taxes = [{"name": "GST", "percent": "5"}, {"name": "QST", "percent": "9.975"}]
    found = cost(usage((1, "9990")), tariff(component("energy", "1"), taxes=taxes))
    assert [tax.amount for tax in found.taxes] == [Decimal("0.50"), Decimal("1.00")]
    assert (found.net, found.tax, found.total) == (Decimal("9.99"), Decimal("1.50"), Decimal("11.49"))


def test_taxes_in_gross_prices_are_their_shares() -> None:
    # 11.49 gross of 114.975 %: 11.49 x 5 / 114.975 = 0.49967 -> 0.50; x 9.975 / 114.975 = 0.99685 -> 1.00; net 9.99
    taxes = [{"name": "GST", "percent": "5"}, {"name": "QST", "percent": "9.975"}]
    found = cost(usage((1, "11490")), tariff(component("energy", "1"), taxes=taxes, prices_include_tax=True))
    assert [tax.amount for tax in found.taxes] == [Decimal("0.50"), Decimal("1.00")]
    assert (found.net, found.tax, found.total) == (Decimal("9.99"), Decimal("1.50"), Decimal("11.49"))


def test_a_line_can_be_checked_by_hand() -> None:
    # 1 s = 0.016667 min (stated) x 0.30 = 0.0050001 -> 0.01; the exact 0.01666... x 0.30 = 0.005 -> 0.01 as well;
    # 20 s = 0.333333 min x 0.015 = 0.004999995 -> 0.00, although a third of a minute would come to 0.005: what is
    # stated counts.
    assert only(cost(usage((1 / 60, "0")), tariff(component("charging_time", "0.30")))).amount == Decimal("0.01")
    line = only(cost(usage((20 / 60, "0")), tariff(component("charging_time", "0.015"))))
    assert (line.quantity, line.amount) == (Decimal("0.333333"), Decimal("0.00"))


def test_a_gap_between_spans_costs_nothing() -> None:
    later = NOON + timedelta(hours=1)
    session = Usage(
        NOON,
        later + timedelta(minutes=5),
        Decimal(2),
        (Span(NOON, NOON + timedelta(minutes=5), Decimal(1)), Span(later, later + timedelta(minutes=5), Decimal(1))),
    )
    line = only(cost(session, tariff(component("charging_time", "1"))))
    assert (line.quantity, len(line.periods)) == (10, 2)


@pytest.mark.parametrize(
    "spans",
    [
        (Span(NOON, NOON + timedelta(1), Decimal(-1)),),
        (Span(NOON + timedelta(1), NOON, Decimal(0)),),
        (Span(NOON - timedelta(1), NOON, Decimal(0)),),
        (Span(NOON, NOON + timedelta(2), Decimal(0)), Span(NOON + timedelta(1), NOON + timedelta(2), Decimal(0))),
    ],
)
def test_spans_that_can_not_be_are_refused(spans: tuple[Span, ...]) -> None:
    with pytest.raises(ValueError, match="the span from"):
        cost(Usage(NOON, NOON + timedelta(2), Decimal(0), spans), tariff(component("energy", "1")))


def test_a_price_is_told_in_words() -> None:
    by = tariff(
        component("fixed_fee", "1"),
        component("energy", "0.49", max_energy_kwh=10),
        component("energy", "0.39", days_of_week=["Friday", "Saturday"], **NIGHT),
        component("idle_time", "0.10", step_seconds=60, grace_minutes=15, max_minutes=240),
        taxes=[{"name": "VAT", "percent": "19.50"}],
        max_cost="5.00",
    )
    found = cost(usage((60, "20000"), (20.5, "0", True), start=datetime(2026, 5, 1, 20, tzinfo=UTC)), by, BERLIN)
    assert explain(found, by) == (
        "Session fee: 1.00 EUR.",
        "Energy (up to 10 kWh), 2026-05-01 22:00:00 CEST to 2026-05-01 22:30:00 CEST: 10 kWh x 0.49 EUR = 4.90 EUR.",
        "Energy (from 22:00 to 06:00, on Friday, Saturday), 2026-05-01 22:30:00 CEST to 2026-05-01 23:00:00 CEST: "
        "10 kWh x 0.39 EUR = 3.90 EUR.",
        "Idle time (up to 240 min of the session, after 15 idle min), 2026-05-01 23:15:00 CEST to "
        "2026-05-01 23:20:30 CEST: 6 min x 0.1 EUR = 0.60 EUR (used 5.5 min, paid per started 60 s).",
        "Taken off, down to the most that a session costs: -5.40 EUR.",
        "VAT 19.5 % on 5.00 EUR: 0.98 EUR.",
        "Total: 5.98 EUR.",
    )


def test_a_price_as_json_has_no_number_that_could_be_rounded() -> None:
    content = content_of(
        cost(usage((61.5, "12345")), tariff(component("energy", "0.49"), taxes=[{"name": "T", "percent": 7}]))
    )
    assert (content["net"], content["tax"], content["total"]) == ("6.05", "0.42", "6.47")
    (line,) = content["lines"]
    assert (line["what"], line["quantity"], line["begins"]) == ("energy", "12.345000", "2026-05-01T12:00:00Z")
    assert content["taxes"] == [{"name": "T", "percent": "7", "amount": "0.42"}]
