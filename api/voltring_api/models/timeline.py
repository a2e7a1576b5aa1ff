"""What a session was, told in order: its facts, everything that was said and done about it, its power over time."""

from enum import StrEnum
from typing import Any, Literal
from uuid import UUID

from pydantic import Field

from voltring_api.models.base import Instant, Number, Output
from voltring_api.models.message import Direction
from voltring_api.models.transaction import SessionFacts


class EntryKind(StrEnum):
    """What an entry of a timeline is."""

    MESSAGE = "message"  # an OCPP frame, with its answer
    READING = "reading"  # a frame that says nothing but what the meter shows
    STATUS = "status"  # a connector's status
    COMMAND = "command"  # what was asked of the charger, and how that stands
    EVENT = "event"  # something that happened at the station
    PRICE = "price"  # the tariff that counts, and where its price changes
    FLAG = "flag"  # something was odd about the session
    DECISION = "decision"  # somebody decided, or a record was issued
    ALARM = "alarm"  # a watchdog saw something, or sees it no longer


Source = Literal["charger", "csms", "operator"]
Tone = Literal["plain", "good", "warn", "bad"]


class Frame(Output):
    """A raw frame and what it was answered with. Secrets in it were left out before it was kept."""

    id: str
    direction: Direction = Field(description="in: from the charger.")
    action: str | None
    frame: str
    reply: str | None = Field(description="What a CALL was answered with: our answer, or the charger's to ours.")
    verdict: str | None
    error_code: str | None
    flags: list[str]
    latency_ms: Number


class Entry(Output):
    """One thing that was said, done or found."""

    id: str = Field(description="Unique in its timeline, and the same each time.", examples=["message-4711"])
    kind: EntryKind
    source: Source = Field(description="Who said or did it; `csms` is Voltring by itself.")
    by: str | None = Field(default=None, description="The name of the API key, where somebody did it.")
    at: Instant = Field(
        description="When it happened, by our clock: the charger's time less what its clock is ahead, or when it was"
        " received, where the charger gives no time that can be right or the message came at once."
    )
    received_at: Instant = Field(description="When it came, or was written.")
    charger_time: Instant | None = Field(default=None, description="What the charger gave as its time, where it did.")
    summary: str = Field(examples=["EVSE 1 is charging."])
    tone: Tone = "plain"
    context: bool = Field(
        default=False, description="It is of the same charger in that time, and not of this session as far as is known."
    )
    message: Frame | None = None
    detail: Any = Field(default=None, description="What else is known of it, without secrets.")


class FlagInWords(Output):
    """Something odd, and what it means."""

    name: str = Field(examples=["no_meter_stop"])
    words: str


class Gap(Output):
    """A stretch without readings."""

    begins: Instant
    ends: Instant


class Story(SessionFacts):
    """What a session was: the facts above its timeline. `energy_wh` is that which counts."""

    charger_model: str | None
    site_id: str | None = Field(description="The site that the charger stood at when the session began.")
    site_name: str | None
    site_place: str | None
    time_zone: str = Field(description="IANA; of the site.")
    attached: list[UUID] = Field(description="What nobody could assign at first and was made part of it.")
    energy_method: str | None = Field(description="By which evidence; null until it was reckoned.")
    energy_in_words: str
    difference_wh: Number = Field(description="Between the methods that the evidence allows.")
    clock_skew_s: Number = Field(description="The charger's clock less ours.")
    stop_in_words: str | None
    signed_meter_values: int = Field(
        default=0, description="How many signed readings are kept of it: `/v1/transactions/{id}/signed-meter-values`."
    )
    cost: Any = Field(description="Running or final, with its lines; null without a tariff.")
    billing: str | None
    billing_in_words: str
    waits_for: list[FlagInWords] = Field(description="Why it is not billed yet, or why it costs nothing.")
    note: str | None
    flags: list[FlagInWords]


class Timeline(Output):
    """One page of a session's timeline, in order of time."""

    session: Story
    counts: dict[EntryKind, int] = Field(description="How many entries there are of each kind.")
    truncated: bool = Field(description="Whether there is more of it than is ever shown.")
    items: list[Entry]
    next_cursor: str | None = Field(description="Give it as `cursor` for the next page; null on the last one.")


class Point(Output):
    """What the meter said at a moment; null where it said nothing of the kind."""

    at: Instant
    energy_wh: Number = Field(description="Since the session's start.")
    power_w: Number
    soc_percent: Number


class Series(Output):
    """Power and energy of a session over time, thinned: what peaks is kept."""

    points: list[Point]
    gaps: list[Gap] = Field(description="Where readings stopped.")
    power_is_derived: bool = Field(description="The charger told no power: it follows from the energy.")
    readings: int = Field(description="Moments before thinning.")
