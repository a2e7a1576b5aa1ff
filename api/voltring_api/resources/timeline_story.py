"""The facts above a timeline: a session's row with its account, charger and site. Pure."""

from collections.abc import Mapping
from typing import Any

from voltring_api.models.timeline import FlagInWords, Story
from voltring_api.redacting import without_secrets
from voltring_api.resources import timeline_facts as facts
from voltring_api.resources.timeline_entries import flags_of
from voltring_api.resources.timeline_words import reason_words

PLAIN = (
    "id charger_id ocpp_version ocpp_transaction_id state evse_id connector_id id_token"
    " started_at ended_at meter_start_wh meter_stop_wh energy_method difference_wh clock_skew_s stop_reason billing"
    " note resolution attached_to attached"
).split()


def story(row: Mapping[str, Any]) -> Story:
    """What a session was."""
    site = row["site"] or {}
    energy = row["best_wh"] if row["best_wh"] is not None else row["energy_wh"]
    return Story.model_validate(
        {
            **{name: row[name] for name in PLAIN},
            "charger_model": row["charger_model"] or None,
            **{f"site_{name}": site.get(name) for name in ("id", "name", "place")},
            "time_zone": row["time_zone"] or row["site_zone"] or "UTC",
            "energy_wh": energy,
            "energy_in_words": facts.energy_words(row["energy_method"], energy, row["state"] == "Active"),
            "stop_in_words": reason_words(row["stop_reason"]),
            "stop_id_token": row.get("stop_id_token"),
            "signed_meter_values": row.get("signed_meter_values") or 0,
            # What is void costs nothing, whatever it would have cost.
            "cost": None if row["billing"] == "void" else without_secrets(row["cost"]),
            "billing_in_words": facts.billing_words(row["billing"], row["waits_for"] or ()),
            "waits_for": [FlagInWords(name=name, words=facts.flag_words(name)) for name in row["waits_for"] or ()],
            "flags": [FlagInWords(name=name, words=facts.flag_words(name)) for name in flags_of(row)],
        }
    )
