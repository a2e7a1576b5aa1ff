"""Every action's own rules, joined from the functional blocks."""

from types import MappingProxyType

from voltring_core.ocpp.rules import (
    certificates,
    drivers,
    energy,
    files,
    local_list,
    monitoring,
    provisioning,
    remote_control,
    reservation,
    smart_charging,
)
from voltring_core.ocpp.rules.facts import Rules
from voltring_core.ocpp.versions import Version

_BLOCKS = (
    provisioning,
    local_list,
    remote_control,
    reservation,
    drivers,
    smart_charging,
    files,
    certificates,
    monitoring,
    energy,
)
_ALL: Rules = {action: rules for block in _BLOCKS for action, rules in block.RULES.items()}

NO_RULES = frozenset(
    """
    AFRRSignal ChangeAvailability ClearCache ClearDERControl ClearTariffs DataTransfer DeleteCertificate GetBaseReport
    GetDERControl GetDisplayMessages GetInstalledCertificateIds GetLocalListVersion GetMonitoringReport
    GetPeriodicEventStream GetReport GetTariffs RemoteStopTransaction Reset SetMonitoringBase
    """.split()
)
"""Actions of which the schema says all, beside the rules of every command."""
BY_VERSION = MappingProxyType(
    {Version.V16: MappingProxyType({**_ALL, **files.RULES_16}), Version.V201: _ALL, Version.V21: _ALL}
)
