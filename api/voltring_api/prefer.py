"""The request headers by which a client says what it would like: `Prefer` (RFC 7240) as far as it is honoured,
`wait=SECONDS`, and `Accept` where there is a page beside JSON."""

import re

LONGEST_WAIT = 60
WAIT = re.compile(r"^wait\s*=\s*\"?(\d{1,9})\"?$", re.IGNORECASE)


def wait_seconds(prefer: str | None) -> int | None:
    """How long the client would wait, at most LONGEST_WAIT; None when it did not say (a wrong one is ignored)."""
    for preference in (prefer or "").split(","):
        if match := WAIT.match(preference.split(";")[0].strip()):
            return min(int(match[1]), LONGEST_WAIT)
    return None


def wants_html(accept: str) -> bool:
    """Whether a client prefers a page to JSON: a browser does, one that says nothing does not."""
    asked = dict(map(_asked, accept.lower().split(",")))
    html = asked.get("text/html", 0.0)
    return html > 0 and html >= asked.get("application/json", 0.0)


def _asked(part: str) -> tuple[str, float]:
    name, *parameters = (word.strip() for word in part.split(";"))
    quality = next((word[2:] for word in parameters if word.startswith("q=")), "1")
    try:
        return name, float(quality)
    except ValueError:
        return name, 0.0
