"""values.schema.json: types by the defaults, limits by the table below, settings by settings.py."""

import json
from typing import Any

import chart_docs
from pydantic_settings import BaseSettings

from voltring_core import settings as core
from voltring_loadtest.load.profiles import PROFILES
from voltring_loadtest.load.trial import MOST_CHARGERS, MOST_MINUTES

OWN = {
    "node": {
        *("postgres_dsn", "redis_url", "redis_cluster", "log_level", "admin_host", "admin_port", "admin_url"),
        *("admin_token", "node_name", "ocpp_host", "ocpp_port", "ocpp_reuse_port", "ocpp_listen_fd", "stop_seconds"),
        "max_nodes",
    },
    "api": {
        *("postgres_dsn", "redis_url", "redis_cluster", "log_level", "admin_host", "admin_port", "admin_url"),
        *("api_host", "api_port", "bootstrap_token"),
    },
    "worker": {
        *("postgres_dsn", "redis_url", "redis_cluster", "log_level", "admin_host", "admin_port", "admin_url"),
    },
    "operator": {
        "log_level",
        "admin_host",
        "admin_port",
        "admin_token",
        "admin_token_previous",
        "namespace",
        "operator_name",
        "watch_machines",
    },
}
"""Settings that the chart gives itself: they can't be given by `settings`."""
PORT = {"type": "integer", "minimum": 1, "maximum": 65535}
PORTS = {"type": "array", "minItems": 1, "items": PORT}
NODE_PORT = {"type": ["integer", "null"], "minimum": 1, "maximum": 65535}
COUNT = {"type": "integer", "minimum": 1, "maximum": 100_000}
SECONDS = {"type": "integer", "minimum": 0, "maximum": 86_400}
NAME = {"type": "string", "pattern": "^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$"}
NAME_OR_NONE = {"type": "string", "pattern": "^([a-z0-9]([-a-z0-9.]*[a-z0-9])?)?$"}
KEY = {"type": "string", "pattern": "^[-._a-zA-Z0-9]+$"}
RATIO = {"type": "string", "pattern": r"^[1-9][0-9]*(\.[0-9]+)?$"}
PULL = {"type": "string", "enum": ["Always", "IfNotPresent", "Never"]}
SIZE = {"type": "string", "pattern": "^[1-9][0-9]*(Mi|Gi|Ti)$"}
NAMED = {"type": "object", "required": ["name"], "properties": {"name": {"type": "string"}}}
TIME = {"type": "string", "pattern": "^([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9])?$"}
DAYS = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"]
BLACKOUT = {
    "type": "object",
    "required": ["from", "to"],
    "additionalProperties": False,
    "properties": {
        "from": TIME,
        "to": TIME,
        "timeZone": {"type": "string"},
        "weekdays": {"type": "array", "items": {"type": "string", "enum": DAYS}},
    },
}
LIMITS: dict[str, dict[str, Any]] = {
    "nameOverride": {"type": "string", "maxLength": 40, "pattern": "^([a-z]([-a-z0-9]*[a-z0-9])?)?$"},
    "fullnameOverride": {"type": "string", "maxLength": 40, "pattern": "^([a-z]([-a-z0-9]*[a-z0-9])?)?$"},
    "clusterDomain": NAME,
    "logLevel": {"type": "string", "enum": ["DEBUG", "INFO", "WARNING", "ERROR"]},
    "image.repository": {"type": "string", "minLength": 1},
    "image.pullPolicy": PULL,
    "image.pullSecrets": {"type": "array", "items": NAMED},
    "postgres.existingSecret": NAME_OR_NONE,
    "postgres.key": KEY,
    "redis.existingSecret": NAME_OR_NONE,
    "redis.key": KEY,
    "secrets.existingSecret": NAME_OR_NONE,
    "secrets.adminTokenKey": KEY,
    "secrets.previousAdminTokenKey": KEY,
    "secrets.bootstrapTokenKey": KEY,
    "fleet.slots.min": {"type": "integer", "minimum": 1, "maximum": 1000},
    "fleet.slots.max": {"type": "integer", "minimum": 1, "maximum": 1000},
    "fleet.replicas": {"type": ["integer", "null"], "minimum": 0, "maximum": 1000},
    "fleet.target.connectionsPerPod": COUNT,
    "fleet.target.cpu": {"type": "string", "pattern": r"^(0*[1-9][0-9]*(\.[0-9]+)?|0*\.0*[1-9][0-9]*)$"},
    "fleet.target.eventLoopLagMsP99": COUNT,
    "fleet.target.streamLagMax": COUNT,
    "fleet.hardCap.connectionsPerPod": COUNT,
    "fleet.scaleUp.stepPercent": COUNT,
    "fleet.scaleUp.stepPods": COUNT,
    "fleet.scaleUp.stabilizationSeconds": SECONDS,
    "fleet.scaleUp.cooldownSeconds": SECONDS,
    "fleet.scaleDown.step": {"type": "integer", "enum": [1]},
    "fleet.scaleDown.stabilizationSeconds": SECONDS,
    "fleet.scaleDown.cooldownSeconds": SECONDS,
    "fleet.scaleDown.blackout": {"type": "array", "maxItems": 50, "items": BLACKOUT},
    "fleet.drain.maxRate": COUNT,
    "fleet.drain.limboWindow": {"anyOf": [{"type": "integer", "minimum": 1}, {"type": "string", "enum": ["auto"]}]},
    "fleet.drain.floorRate": COUNT,
    "fleet.drain.deadlineSeconds": {"type": "integer", "minimum": 30, "maximum": 86_400},
    "fleet.drain.firmwarePolicy": {"type": "string", "enum": ["Defer", "Force"]},
    "fleet.rebalance.mode": {"type": "string", "enum": ["Off", "Overload", "Always"]},
    "fleet.rebalance.startRatio": RATIO,
    "fleet.rebalance.stopRatio": RATIO,
    "fleet.rebalance.minAbsolute": {"type": "integer", "minimum": 0, "maximum": 100_000},
    "fleet.rebalance.ratePercentPerMinute": {"type": "integer", "minimum": 1, "maximum": 100},
    "fleet.upgrade.strategy": {"type": "string", "enum": ["RecallHome"]},
    "fleet.upgrade.maxUnavailable": {"type": "integer", "enum": [1]},
    "fleet.upgrade.canarySeconds": SECONDS,
    "fleet.upgrade.maxErrorRate": {"type": "string", "pattern": r"^(0(\.[0-9]+)?|1(\.0+)?)$"},
    # Longer than what the node adds to its drain, shorter than VOLTRING_STOP_SECONDS may be.
    "node.terminationGracePeriodSeconds": {"type": "integer", "minimum": 40, "maximum": 3630},
    "router.replicas": {"type": "integer", "minimum": 2, "maximum": 100},
    "router.image.repository": {"type": "string", "minLength": 1},
    "router.image.tag": {"type": "string", "minLength": 1},
    "router.image.pullPolicy": PULL,
    "router.pacing.image.repository": {"type": "string", "minLength": 1},
    "router.pacing.image.tag": {"type": "string", "minLength": 1},
    "router.maxConnections": {"type": "integer", "minimum": 100, "maximum": 1_000_000},
    "router.rateLimit.connectionsPerSecond": COUNT,
    "router.rateLimit.connectionsPerSource": {"type": "integer", "minimum": 0, "maximum": 100_000},
    "router.stopSeconds": {"type": "integer", "minimum": 5, "maximum": 3600},
    "router.tls.existingSecret": NAME_OR_NONE,
    "router.tls.certManager.issuerRef": {"type": "object"},
    "router.tls.certManager.dnsNames": {"type": "array", "items": {"type": "string", "minLength": 1}},
    "router.tls.clientCertificates.mode": {"type": "string", "enum": ["none", "optional", "required"]},
    "router.tls.clientCertificates.caSecret": NAME_OR_NONE,
    "router.tls.clientCertificates.caKey": KEY,
    "router.service.type": {"type": "string", "enum": ["LoadBalancer", "NodePort", "ClusterIP"]},
    "router.service.port": PORT,
    "router.service.tlsPort": PORT,
    "router.service.nodePort": NODE_PORT,
    "router.service.tlsNodePort": NODE_PORT,
    "router.service.externalTrafficPolicy": {"type": "string", "enum": ["Local", "Cluster"]},
    "router.service.loadBalancerSourceRanges": {"type": "array", "items": {"type": "string"}},
    "api.replicas": {"type": "integer", "minimum": 1, "maximum": 100},
    "api.service.type": {"type": "string", "enum": ["ClusterIP", "NodePort", "LoadBalancer"]},
    "api.service.port": PORT,
    "api.ingress.hosts": {"type": "array", "items": {"type": "string", "minLength": 1}},
    "api.ingress.tlsSecret": NAME_OR_NONE,
    "api.gateway.parentRefs": {"type": "array", "items": NAMED},
    "api.gateway.hostnames": {"type": "array", "items": {"type": "string", "minLength": 1}},
    "migrations.activeDeadlineSeconds": {"type": "integer", "minimum": 10, "maximum": 86_400},
    "monitoring.podMonitors.interval": {"type": "string", "pattern": "^[1-9][0-9]*(ms|s|m)$"},
    "monitoring.rules.kind": {"type": "string", "enum": ["PrometheusRule", "ConfigMap"]},
    "monitoring.rules.disabled": {"type": "array", "items": {"type": "string", "pattern": "^Voltring[A-Za-z]+$"}},
    "monitoring.rules.runbookUrl": {"type": "string", "minLength": 1, "pattern": "[^/]$"},
    **{f"networkPolicy.egress.{name}.ports": PORTS for name in ("dns", "postgres", "redis", "kubernetes")},
    "embedded.postgres.image.repository": {"type": "string", "minLength": 1},
    "embedded.postgres.image.tag": {"type": "string", "minLength": 1},
    "embedded.postgres.storage": SIZE,
    "embedded.valkey.image.repository": {"type": "string", "minLength": 1},
    "embedded.valkey.image.tag": {"type": "string", "minLength": 1},
    "embedded.valkey.storage": SIZE,
    "tests.timeoutSeconds": {"type": "integer", "minimum": 10, "maximum": 3600},
    "loadtest.profile": {"type": "string", "enum": list(PROFILES)},
    "loadtest.chargers": {"type": "integer", "minimum": 1, "maximum": MOST_CHARGERS},
    "loadtest.minutes": {"type": "integer", "minimum": 1, "maximum": int(MOST_MINUTES)},
    "loadtest.args": {"type": "array", "items": {"type": "string", "pattern": "^--[a-z]"}},
    "loadtest.url": {"type": "string", "pattern": "^(wss?://[^/?#]+(/[^?#]*)?)?$"},
    "loadtest.reportClaim": NAME_OR_NONE,
}
"""What a value may be, where that is more than its default's type."""
KINDS = {bool: "boolean", int: "integer", str: "string", list: "array", dict: "object"}
KEPT = ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "minLength", "maxLength", "pattern", "enum")


def text() -> str:
    """The file as it should be."""
    return json.dumps(schema(), indent=2, ensure_ascii=False) + "\n"


def schema() -> dict[str, Any]:
    """Of all values; what is not named is refused."""
    whole = _open_object()
    whole = {"$schema": "http://json-schema.org/draft-07/schema#", "title": "Values of the chart voltring", **whole}
    for value in chart_docs.values():
        *sections, last = value.path
        at = whole
        for section in sections:
            at = at["properties"].setdefault(section, _open_object())
        at["properties"][last] = {"description": value.says, **_kind(value)}
    # Helm hands it to every chart that is a part of another one.
    whole["properties"]["global"] = {
        "type": "object",
        "description": "Of a chart that this one is a part of; not read.",
    }
    return whole


def settings_of(room: str) -> type[BaseSettings]:
    """The class of a room's settings."""
    found = getattr(core, f"{room.title()}Settings")
    assert issubclass(found, BaseSettings)
    return found


def _open_object() -> dict[str, Any]:
    return {"type": "object", "additionalProperties": False, "properties": {}}


def _kind(value: chart_docs.Value) -> dict[str, Any]:
    if value.path[1:] == ("settings",):
        return _settings(value.path[0])
    return LIMITS.get(value.name) or {"type": KINDS[type(value.default)]}


def _settings(room: str) -> dict[str, Any]:
    """What a room reads, but for what the chart gives it."""
    kind = settings_of(room)
    known = _open_object()
    whole = kind.model_json_schema()
    for name, field in whole["properties"].items():
        if name not in OWN[room]:
            says = {"description": f"{core.PREFIX}{name.upper()}: what it does is said in settings.py."}
            known["properties"][name] = says | _field(field, whole.get("$defs", {}))
    return known


def _field(field: dict[str, Any], defined: dict[str, Any]) -> dict[str, Any]:
    """Type and limits of one setting; several words are one string in the environment."""
    if "$ref" in field:
        field = defined[field["$ref"].rpartition("/")[2]]
    for other in field.get("anyOf", []):
        if other.get("type") != "null":
            return _field(other, defined)
    if field["type"] == "array":
        return {"type": "string", "minLength": 1}
    return {"type": field["type"]} | {name: field[name] for name in KEPT if name in field}
