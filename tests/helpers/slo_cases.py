"""When the alerts of the objectives must ring and when not; see `alert_cases.py`. The windows are hours and days."""

from alert_cases import Case, Series

CHARGERS = "voltring_worker_chargers"
ACKS = "voltring_node_acknowledgement_seconds"
SENT = "voltring_node_command_hop_seconds"
REFUSED = 'voltring_node_refused_total{pod="n0", status="503", reason="full"}'
LATE = 'voltring_node_messages_total{pod="n0", version="1.6", action="MeterValues", outcome="unanswered"}'
ACCEPTED = 'voltring_node_accepted_total{pod="n0", version="1.6"}'


def _online(offline: str, online: str) -> Series:
    return {
        f'{CHARGERS}{{pod="worker", state="online"}}': online,
        f'{CHARGERS}{{pod="worker", state="offline"}}': offline,
        f'{CHARGERS}{{pod="worker", state="silent"}}': "0x500",
        f'{CHARGERS}{{pod="worker", state="never"}}': "500x500",
    }


def _times(name: str, more: str, limit: str, within: str, everything: str) -> Series:
    return {
        f'{name}_bucket{{pod="n0", {more}, le="{limit}"}}': within,
        f'{name}_bucket{{pod="n0", {more}, le="+Inf"}}': everything,
        f'{name}_count{{pod="n0", {more}}}': everything,
    }


def _acks(within: str, everything: str) -> Series:
    return _times(ACKS, 'version="1.6"', "1.0", within, everything)


def _answers(within: str, everything: str, silent: str) -> Series:
    return _times(SENT, 'hop="sent"', "5.0", within, everything) | {
        'voltring_node_commands_total{pod="n0", state="UNKNOWN"}': silent
    }


SLO_CASES = {
    "VoltringOnlineBudgetBurns": Case(
        _online("2x60 60x100", "98x60 40x100"),
        "Chargers are offline (60%)",
        (
            _online("2x200", "98x200"),
            # Bad enough for five minutes, not for an hour.
            _online("2x155 60x5", "98x155 40x5"),
            # It was, and is over.
            _online("60x115 2x100", "40x115 98x100"),
        ),
        "160m",
    ),
    "VoltringOnlineBudgetLeaks": Case(
        _online("10x450", "90x450"),
        "Chargers are offline (10%)",
        (_online("2x450", "98x450"),),
        "4400m",
        "10m",
    ),
    "VoltringAdmissionBudgetBurns": Case(
        {REFUSED: "0+2x200", ACCEPTED: "0+8x200"},
        "Chargers are told to come again (20%)",
        (
            {ACCEPTED: "0+8x200"},
            # A drain sends them elsewhere, as it is to be.
            {REFUSED.replace("full", "drain"): "0+2x200", ACCEPTED: "0+8x200"},
            # Wrong passwords.
            {REFUSED.replace("503", "401").replace("full", "credentials"): "0+2x200", ACCEPTED: "0+8x200"},
            # One of three, at night.
            {REFUSED: "0x150 1x50", ACCEPTED: "0x150 2x50"},
        ),
        "160m",
    ),
    "VoltringAdmissionBudgetLeaks": Case(
        {REFUSED: "0+2x450", ACCEPTED: "0+98x450"},
        "Chargers are told to come again (2%)",
        ({REFUSED: "0+1x450", ACCEPTED: "0+999x450"},),
        "4400m",
        "10m",
    ),
    "VoltringAcknowledgementBudgetBurns": Case(
        _acks("0+90x200", "0+100x200"),
        "Messages are acknowledged after more than a second, or not at all (10%)",
        (
            _acks("0+100x200", "0+100x200"),
            # Five slow ones within the hour, of few.
            _acks("0+1x150 150x50", "0+1x155 155x50"),
        ),
        "160m",
    ),
    "VoltringAcknowledgementBudgetLeaks": Case(
        _acks("0+996x450", "0+1000x450"),
        "Messages are acknowledged after more than a second, or not at all (0.4%)",
        (_acks("0+9999x450", "0+10000x450"),),
        "4400m",
        "10m",
    ),
    "VoltringCommandBudgetBurns": Case(
        _answers("0+6x200", "0+7x200", "0+3x200"),
        "Connected chargers answer commands after more than 5 seconds, or not at all (40%)",
        (
            _answers("0+10x200", "0+10x200", "0x200"),
            # A charger that somebody works at.
            _answers("0x150 2x50", "0x150 2x50", "0x150 1x50"),
        ),
        "160m",
    ),
    "VoltringCommandBudgetLeaks": Case(
        _answers("0+95x450", "0+100x450", "0x450"),
        "Connected chargers answer commands after more than 5 seconds, or not at all (5%)",
        (_answers("0+995x450", "0+1000x450", "0x450"),),
        "4400m",
        "10m",
    ),
}
SLO_ALSO: dict[str, tuple[Series, ...]] = {
    # Nothing is answered any more.
    "VoltringAcknowledgementBudgetBurns": (_acks("0+100x10 1000x50", "0+100x10 1000x50") | {LATE: "0+50x60"},),
    # Nobody gets in.
    "VoltringAdmissionBudgetBurns": ({REFUSED: "0+20x60", ACCEPTED: "100x60"},),
}
