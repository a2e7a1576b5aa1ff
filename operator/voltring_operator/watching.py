"""What was needed over the last minutes: kept in the fleet's status, so that a restarted operator knows it too.

A fleet shrinks by the highest need of a window, and grows by the need of now once that has lasted. A gap (the operator
was away, too many nodes were silent) starts the window anew: what nobody has seen was not low.
"""

from datetime import datetime, timedelta

from voltring_operator.fleet_status import Peak, Watch

LONGEST_GAP = timedelta(seconds=60)
"""Four looks: longer than one that was held up."""


def watched(before: Watch | None, want: int, replicas: int, now: datetime, window_s: float) -> Watch:
    """The watch after `want` nodes were needed at `now`, while there were `replicas`."""
    if before is None or not timedelta(0) <= now - before.at <= LONGEST_GAP:
        before = Watch(since=now, at=now)
    oldest = now - timedelta(seconds=window_s)
    higher = tuple(one for one in before.peaks if one.at >= oldest and one.want > want)
    above = (before.above_since or now) if want > replicas else None
    return Watch(since=before.since, at=now, above_since=above, peaks=(*higher, Peak(at=now, want=want)))


def highest(watch: Watch, now: datetime, window_s: float) -> int | None:
    """The highest need of the window; None until the whole window was watched."""
    if now - watch.since < timedelta(seconds=window_s):
        return None
    return max(one.want for one in watch.peaks)


def lasted(watch: Watch, now: datetime, seconds: float) -> bool:
    """Whether more were needed than there are for so long."""
    return watch.above_since is not None and now - watch.above_since >= timedelta(seconds=seconds)
