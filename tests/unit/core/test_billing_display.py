"""What a charger is asked to show of a session's cost."""

from decimal import Decimal

import orjson
import pytest
from ocpp.messages import get_validator

from voltring_core.domain.billing_display import Mode, Setting, Shown, message, setting_of
from voltring_core.domain.tariffs import Rates
from voltring_core.domain.values import changed

RUNNING = Shown(True, "TX-1", Decimal("1.25"), "2026-03-01T08:00:00Z", Decimal("1234.5"))
RUNNING_16 = changed(RUNNING, is_2x=False, ocpp_transaction_id="98")


def test_a_2x_charger_gets_costupdated_as_its_schema_wants_it():
    action, payload = message(RUNNING, Setting())
    assert (action, payload) == ("CostUpdated", {"totalCost": 1.25, "transactionId": "TX-1"})
    for version in ("2.0.1", "2.1"):
        get_validator(2, "CostUpdated", version).validate(payload)


def test_what_could_not_be_told_at_the_end_of_a_2x_session_is_told_once_it_is_billed():
    found = message(changed(RUNNING, is_over=True), Setting())
    assert found == ("CostUpdated", {"totalCost": 1.25, "transactionId": "TX-1"})


@pytest.mark.parametrize(
    ("shown", "setting"),
    [
        (changed(RUNNING, ocpp_transaction_id="-1"), Setting()),
        (RUNNING, Setting(Mode.DATA_TRANSFER)),
        (RUNNING, Setting(Mode.NONE)),
        (RUNNING_16, Setting()),
        (RUNNING_16, Setting(Mode.NONE)),
        (changed(RUNNING_16, ocpp_transaction_id="-1"), Setting(Mode.DATA_TRANSFER)),
    ],
)
def test_nobody_is_told_who_can_not_show_it(shown, setting):
    assert message(shown, setting) is None


def test_a_16_charger_gets_its_vendors_datatransfer():
    action, payload = message(RUNNING_16, Setting(Mode.DATA_TRANSFER))
    assert (action, payload["vendorId"], payload["messageId"]) == (
        "DataTransfer",
        "org.openchargealliance.costmsg",
        "RunningCost",
    )
    get_validator(2, "DataTransfer", "1.6").validate(payload)
    assert orjson.loads(payload["data"]) == {
        "transactionId": 98,
        "timestamp": "2026-03-01T08:00:00Z",
        "meterValue": 1234,
        "cost": 1.25,
        "state": "Charging",
    }
    _, payload = message(changed(RUNNING_16, is_over=True), Setting(Mode.DATA_TRANSFER))
    assert (payload["messageId"], orjson.loads(payload["data"])) == ("FinalCost", {"transactionId": 98, "cost": 1.25})


@pytest.mark.parametrize(
    ("rates", "wanted"),
    [
        (
            Rates(Decimal("0.59"), Decimal("1.2"), Decimal("0.35"), Decimal(6), 15),
            {
                "chargingPrice": {"kWhPrice": 0.59, "hourPrice": 1.2, "flatFee": 0.35},
                "idlePrice": {"graceMinutes": 15, "hourPrice": 6.0},
            },
        ),
        (Rates(idle_per_hour=Decimal(6)), {"chargingPrice": {"kWhPrice": 0.0}, "idlePrice": {"hourPrice": 6.0}}),
        (Rates(per_hour=Decimal(3)), {"chargingPrice": {"hourPrice": 3.0}}),
        (Rates(), {"chargingPrice": {"kWhPrice": 0.0}}),
    ],
)
def test_a_16_charger_is_told_the_prices_that_hold_from_then_on(rates, wanted):
    _, payload = message(changed(RUNNING_16, rates=rates), Setting(Mode.DATA_TRANSFER))
    get_validator(2, "DataTransfer", "1.6").validate(payload)
    said = orjson.loads(payload["data"])
    assert {name: said[name] for name in said if name.endswith("Price")} == wanted
    _, payload = message(changed(RUNNING_16, rates=rates, is_over=True), Setting(Mode.DATA_TRANSFER))
    assert orjson.loads(payload["data"]) == {"transactionId": 98, "cost": 1.25}


def test_a_setting_is_read_with_what_it_leaves_out():
    assert setting_of(None) == Setting(Mode.COST_UPDATED)
    assert setting_of({"mode": "DataTransfer", "vendor_id": "x"}) == Setting(Mode.DATA_TRANSFER, "x")
