"""Variables and reports of an OCPP 2.x charger: read, written, and sent part by part."""

from typing import Any

from voltring_loadtest import v2x_variables
from voltring_loadtest.outbox import Payload
from voltring_loadtest.smart import Limit
from voltring_loadtest.station import Station
from voltring_loadtest.times import stamp
from voltring_loadtest.v2x_variables import Variable

PART = 20  # rows in one NotifyReport
SUMMARY = frozenset({"AvailabilityState", "Available"})


def get_variables(station: Station, asked: Payload, now: float) -> Payload:
    return {"getVariableResult": [_get(station, item, now) for item in asked["getVariableData"]]}


def set_variables(station: Station, asked: Payload, now: float) -> Payload:
    return {"setVariableResult": [_set(station, item) for item in asked["setVariableData"]]}


def base_report(station: Station, asked: Payload, now: float) -> Payload:
    """Full, settable variables only, or what is available (B07)."""
    match asked["reportBase"]:
        case "ConfigurationInventory":
            rows = list(v2x_variables.report(station, lambda found: found.mutability != "ReadOnly", now))
        case "SummaryInventory":
            rows = list(v2x_variables.report(station, lambda found: found.name in SUMMARY, now))
        case _:
            rows = list(v2x_variables.report(station, lambda found: True, now))
    return _send(station, asked["requestId"], rows, now)


def custom_report(station: Station, asked: Payload, now: float) -> Payload:
    """The components and variables that are named; the criteria fit every component here but `Problem` (B08)."""
    criteria = asked.get("componentCriteria")
    if criteria == ["Problem"]:
        return {"status": "EmptyResultSet"}
    named = [
        (item["component"]["name"].lower(), item.get("variable", {}).get("name", "").lower())
        for item in asked.get("componentVariable", ())
    ]

    def wanted(found: Variable) -> bool:
        pair = (found.component.lower(), found.name.lower())
        return not named or pair in named or (pair[0], "") in named

    return _send(station, asked["requestId"], list(v2x_variables.report(station, wanted, now)), now)


def charging_profiles(station: Station, asked: Payload, now: float) -> Payload:
    wanted, number = asked["chargingProfile"], asked.get("evseId")

    def fits(limit: Limit) -> bool:
        if "chargingProfileId" in wanted:
            return limit.id in wanted["chargingProfileId"]
        purpose, stack = wanted.get("chargingProfilePurpose"), wanted.get("stackLevel")
        return purpose in (None, limit.purpose) and stack in (None, limit.stack)

    found = [limit for limit in station.limits if number in (None, limit.evse) and fits(limit)]
    for index, limit in enumerate(found):
        report = {
            "requestId": asked["requestId"],
            "chargingLimitSource": "CSO",
            "evseId": limit.evse,
            "chargingProfile": [limit.source],
            "tbc": index + 1 < len(found),
        }
        station.say("ReportChargingProfiles", report)
    return {"status": "Accepted" if found else "NoProfiles"}


def customer_information(station: Station, asked: Payload, now: float) -> Payload:
    """This charger keeps no data of its customers: the report says so."""
    if asked["report"] or asked["clear"]:
        report = {
            "data": "no data",
            "seqNo": 0,
            "generatedAt": stamp(now),
            "requestId": asked["requestId"],
        }
        station.say("NotifyCustomerInformation", report)
    return {"status": "Accepted"}


def set_monitoring(station: Station, asked: Payload, now: float) -> Payload:
    """No variable here can be monitored."""
    return {"setMonitoringResult": [_refuse_monitor(station, item) for item in asked["setMonitoringData"]]}


def clear_monitoring(station: Station, asked: Payload, now: float) -> Payload:
    return {"clearMonitoringResult": [{"status": "NotFound", "id": wanted} for wanted in asked["id"]]}


def clear_tariffs(station: Station, asked: Payload, now: float) -> Payload:
    named = [{"tariffId": tariff, "status": "NoTariff"} for tariff in asked.get("tariffIds", ())]
    return {"clearTariffsResult": named or [{"status": "NoTariff"}]}


def _get(station: Station, item: dict[str, Any], now: float) -> dict[str, Any]:
    kind = item.get("attributeType", "Actual")
    result = {"component": item["component"], "variable": item["variable"], "attributeType": kind}
    found = v2x_variables.find(station, item["component"], item["variable"])
    if isinstance(found, str):
        return result | {"attributeStatus": found}
    if kind != "Actual":
        return result | {"attributeStatus": "NotSupportedAttributeType"}
    if found.mutability == v2x_variables.WRITE:
        return result | {"attributeStatus": "Rejected"}
    number = item["component"].get("evse", {}).get("id", 0)
    return result | {
        "attributeStatus": "Accepted",
        "attributeValue": v2x_variables.value(station, found, number, now),
    }


def _set(station: Station, item: dict[str, Any]) -> dict[str, Any]:
    kind = item.get("attributeType", "Actual")
    result = {"component": item["component"], "variable": item["variable"], "attributeType": kind}
    found = v2x_variables.find(station, item["component"], item["variable"])
    if isinstance(found, str):
        return result | {"attributeStatus": found}
    if kind != "Actual":
        return result | {"attributeStatus": "NotSupportedAttributeType"}
    return result | {"attributeStatus": v2x_variables.change(station, found, item["attributeValue"])}


def _refuse_monitor(station: Station, item: dict[str, Any]) -> dict[str, Any]:
    found = v2x_variables.find(station, item["component"], item["variable"])
    return {
        "status": found if isinstance(found, str) else "UnsupportedMonitorType",
        "type": item["type"],
        "severity": item["severity"],
        "component": item["component"],
        "variable": item["variable"],
    }


def _send(station: Station, request_id: int, rows: list[dict[str, Any]], now: float) -> Payload:
    if not rows:
        return {"status": "EmptyResultSet"}
    for seq_no, first in enumerate(range(0, len(rows), PART)):
        part = {
            "requestId": request_id,
            "generatedAt": stamp(now),
            "seqNo": seq_no,
            "tbc": first + PART < len(rows),
            "reportData": rows[first : first + PART],
        }
        station.say("NotifyReport", part)
    return {"status": "Accepted"}
