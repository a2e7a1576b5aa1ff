"""The request header `Prefer` (RFC 7240), as far as it is honoured: `wait=SECONDS`."""

import re

LONGEST_WAIT = 60
WAIT = re.compile(r"^wait\s*=\s*\"?(\d{1,9})\"?$", re.IGNORECASE)


def wait_seconds(prefer: str | None) -> int | None:
    """How long the client would wait, at most LONGEST_WAIT; None when it did not say (a wrong one is ignored)."""
    for preference in (prefer or "").split(","):
        if match := WAIT.match(preference.split(";")[0].strip()):
            return min(int(match[1]), LONGEST_WAIT)
    return None
