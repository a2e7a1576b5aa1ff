"""What chargers get wrong, absorbed so that nothing they say is lost.

Two ways. `repair.py` mends what is wrong in the same way everywhere, whoever sends it: null fields, types, times,
spellings. `profiles.py` reads what is wrong with one vendor's chargers from `*.yaml` and resolves it, with
an operator's override, to the `Quirks` of one charger (`charger.py`). Read `rules.py` first: the catalogue of all
rules that a profile or an override may set. A new vendor is a new file, no code. What was mended is flagged, and
the raw frame is kept beside it.
"""

from voltring_core.ocpp.quirks.charger import Adapted, Quirks, Refused
from voltring_core.ocpp.quirks.ids import OUT_OF_RANGE, has_wrong_ids
from voltring_core.ocpp.quirks.menders import CUT, DEFAULT, FIELD_NAME, LEFT_OUT, TIME, TYPE, UNKNOWN_FIELD, VALUE
from voltring_core.ocpp.quirks.profiles import check_override, load, resolve, shipped
from voltring_core.ocpp.quirks.repair import INVALID, NULL, is_known, rescue, tolerate

__all__ = [
    "CUT",
    "DEFAULT",
    "FIELD_NAME",
    "INVALID",
    "LEFT_OUT",
    "NULL",
    "OUT_OF_RANGE",
    "TIME",
    "TYPE",
    "UNKNOWN_FIELD",
    "VALUE",
    "Adapted",
    "Quirks",
    "Refused",
    "check_override",
    "has_wrong_ids",
    "is_known",
    "load",
    "rescue",
    "resolve",
    "shipped",
    "tolerate",
]
