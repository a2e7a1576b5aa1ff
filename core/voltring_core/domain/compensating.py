"""What undoes a command that was sent: it can't be called back, but often answered by another."""

_UNDO = {
    "ChangeAvailability": "ChangeAvailability of the other type",
    "ChangeConfiguration": "ChangeConfiguration to the value before",
    "GetLog": "another GetLog, which the charger takes in its place",
    "InstallCertificate": "DeleteCertificate",
    "PublishFirmware": "UnpublishFirmware",
    "RemoteStartTransaction": "RemoteStopTransaction",
    "RequestStartTransaction": "RequestStopTransaction",
    "ReserveNow": "CancelReservation",
    "SendLocalList": "SendLocalList with the list before",
    "SetChargingProfile": "ClearChargingProfile",
    "SetDERControl": "ClearDERControl",
    "SetDefaultTariff": "ClearTariffs",
    "SetDisplayMessage": "ClearDisplayMessage",
    "SetNetworkProfile": "SetNetworkProfile with the profile before",
    "SetVariableMonitoring": "ClearVariableMonitoring",
    "SetVariables": "SetVariables to the values before",
    "SignedUpdateFirmware": "another SignedUpdateFirmware, if the charger can still take one",
    "UpdateFirmware": "another UpdateFirmware, if the charger can still take one",
    "UsePriorityCharging": "UsePriorityCharging that switches it off",
}


def compensation(action: str) -> str | None:
    """What to send when an `action` that was sent is not wanted any more; None when nothing undoes it."""
    return _UNDO.get(action)
