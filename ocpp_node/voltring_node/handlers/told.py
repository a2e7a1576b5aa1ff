"""The table of contents, second part: what chargers tell beside their sessions, in their own words.

One handler for an action, whichever versions have it; the payload has passed its schema. Each handler returns facts:
what happened (EventFact), what holds now (RecordFact, VariablesFact), a part of a report (ReportFact), what came of a
command (CommandFact).
"""

from collections.abc import Mapping
from types import MappingProxyType

from voltring_node.handlers import reporting
from voltring_node.handlers.route import Route

TOLD: Mapping[str, Route] = MappingProxyType(
    {
        "NotifyCustomerInformation": Route(reporting.customer_information, reporting.want),
        "NotifyDisplayMessages": Route(reporting.display_messages, reporting.want),
        "NotifyMonitoringReport": Route(reporting.monitors, reporting.want),
        "NotifyReport": Route(reporting.device_model, reporting.want),
        "ReportChargingProfiles": Route(reporting.charging_profiles, reporting.want),
        "ReportDERControl": Route(reporting.der_controls, reporting.want),
    }
)
