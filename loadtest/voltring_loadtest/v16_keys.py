"""The configuration keys of OCPP 1.6: what GetConfiguration tells and ChangeConfiguration changes."""

from collections.abc import Callable

from voltring_loadtest.station import Station

# key: (may be changed, is a number, value or how to find it)
KEYS: dict[str, tuple[bool, bool, str | Callable[[Station], str]]] = {
    "AllowOfflineTxForUnknownId": (True, False, "false"),
    "AuthorizationCacheEnabled": (True, False, "true"),
    "AuthorizeRemoteTxRequests": (False, False, "false"),
    "ChargeProfileMaxStackLevel": (False, True, "9"),
    "ChargingScheduleAllowedChargingRateUnit": (False, False, "Current,Power"),
    "ChargingScheduleMaxPeriods": (False, True, "24"),
    "ClockAlignedDataInterval": (True, True, "0"),
    "ConnectionTimeOut": (True, True, "60"),
    "ConnectorPhaseRotation": (True, False, lambda station: _rotation(station)),
    "ConnectorSwitch3to1PhaseSupported": (False, False, "false"),
    "GetConfigurationMaxKeys": (False, True, "50"),
    "HeartbeatInterval": (True, True, lambda station: str(int(station.heartbeat_interval))),
    "LocalAuthListEnabled": (True, False, "true"),
    "LocalAuthListMaxLength": (False, True, "500"),
    "LocalAuthorizeOffline": (True, False, "true"),
    "LocalPreAuthorize": (True, False, "false"),
    "MaxChargingProfilesInstalled": (False, True, "20"),
    "MeterValueSampleInterval": (True, True, lambda station: str(station.meter_interval)),
    "MeterValuesAlignedData": (True, False, "Energy.Active.Import.Register"),
    "MeterValuesSampledData": (
        True,
        False,
        "Energy.Active.Import.Register,Power.Active.Import,Current.Import,Voltage,SoC",
    ),
    "NumberOfConnectors": (False, True, lambda station: str(len(station.evses))),
    "ReserveConnectorZeroSupported": (False, False, "true"),
    "ResetRetries": (True, True, "1"),
    "SecurityProfile": (False, True, "1"),
    "SendLocalListMaxLength": (False, True, "100"),
    "StopTransactionOnEVSideDisconnect": (True, False, "true"),
    "StopTransactionOnInvalidId": (True, False, "true"),
    "StopTxnAlignedData": (True, False, ""),
    "StopTxnSampledData": (True, False, "Energy.Active.Import.Register"),
    "SupportedFeatureProfiles": (
        False,
        False,
        "Core,FirmwareManagement,LocalAuthListManagement,Reservation,SmartCharging,RemoteTrigger",
    ),
    "SupportedFileTransferProtocols": (False, False, "HTTP,HTTPS,FTP"),
    "TransactionMessageAttempts": (True, True, lambda station: str(station.profile.attempts)),
    "TransactionMessageRetryInterval": (True, True, lambda station: str(int(station.profile.retry))),
    "UnlockConnectorOnEVSideDisconnect": (True, False, "true"),
    "WebSocketPingInterval": (True, True, "0"),
}
PASSWORD = "AuthorizationKey"  # noqa: S105 - the name of the key, which can be set and never read (SE-03)
_SPELLED = {name.lower(): name for name in (*KEYS, PASSWORD)}


def spelled(key: str) -> str | None:
    """The key as it is written here; chargers take keys in any case."""
    return _SPELLED.get(key.lower())


def value(station: Station, key: str) -> str:
    """What a known key says now."""
    found = (station.settings or {}).get(key) or KEYS[key][2]
    return found if isinstance(found, str) else found(station)


def change(station: Station, key: str, new: str) -> str:
    """Set a key. Returns the status of ChangeConfiguration."""
    name = spelled(key)
    if name is None:
        return "NotSupported"
    if name == PASSWORD:
        return _change_password(station, new)
    changeable, is_number, _ = KEYS[name]
    if not changeable or (is_number and not new.strip().isdecimal()):
        return "Rejected"
    if station.settings is None:
        station.settings = {}
    station.settings[name] = new
    if name == "HeartbeatInterval" and int(new) > 0:
        station.heartbeat_interval = float(new)
    if name == "MeterValueSampleInterval":
        station.meter_interval = int(new)
    return "Accepted"


def _change_password(station: Station, new: str) -> str:
    """The key comes in hexadecimal and is used decoded; plain text is taken as it is (SE-03)."""
    try:
        password = bytes.fromhex(new)
    except ValueError:
        password = new.encode()
    if not 16 <= len(password) <= 40:
        return "Rejected"
    station.password = password
    return "Accepted"


def _rotation(station: Station) -> str:
    return ",".join(f"{number}.RST" for number in range(len(station.evses) + 1))
