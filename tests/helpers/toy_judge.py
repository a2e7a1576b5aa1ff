"""What an API server makes of our own kinds before it keeps them, and what it lets a service account do.

Fields that no definition knows are dropped, defaults filled in, the rest judged by schema and rules. The rules are in
CEL, which only a real server speaks: here each has a twin, and one without a twin is an error.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from typing import Any

import yaml
from chart_docs import CHART
from chart_schemas import crd, own

Object = dict[str, Any]
Rule = Callable[[Any, Any], bool]
KINDS = {"ocppfleets": "OcppFleet", "ocppdrains": "OcppDrain"}
TWINS: dict[str, Rule] = {
    "self.min <= self.max": lambda new, _: bool(new["min"] <= new["max"]),
    "self.hardCap.connectionsPerPod >= self.target.connectionsPerPod": lambda new, _: bool(
        new["hardCap"]["connectionsPerPod"] >= new["target"]["connectionsPerPod"]
    ),
    "type(self) == int ? self >= 1 : self == 'auto'": lambda new, _: (
        new >= 1 if isinstance(new, int) else bool(new == "auto")
    ),
    "double(self.stopRatio) <= double(self.startRatio)": lambda new, _: (
        float(new["stopRatio"]) <= float(new["startRatio"])
    ),
    "self.fleet == oldSelf.fleet && self.slot == oldSelf.slot": lambda new, old: (
        old is None or (new["fleet"], new["slot"]) == (old["fleet"], old["slot"])
    ),
}


class Judged(Exception):
    """The object is not as its definition wants it; why."""


def admit(plural: str, body: Object, before: Object | None = None) -> Object:
    """The object as it is kept. Raises Judged. Other kinds than ours are kept as they are."""
    if plural not in KINDS:
        return body
    kind = KINDS[plural]
    schema = crd_schema(kind)
    kept: Object = _shaped(schema, body)
    said = [f"{error.instance_path}: {error.message}" for error in own(kind).iter_errors(kept)]
    said = said or list(_broken(schema, kept, before, ""))
    if said:
        raise Judged("; ".join(said))
    return kept


@lru_cache
def crd_schema(kind: str) -> Any:
    """Of a kind's objects."""
    return crd(kind)["spec"]["versions"][0]["schema"]["openAPIV3Schema"]


def faulty_defaults(schema: Any, at: str = "") -> Iterator[str]:
    """Defaults that break rules of their own: a server does not take such a definition. It judges each default as it
    is written, before anything within it is filled in."""
    for name, inner in (schema.get("properties") or {}).items():
        yield from faulty_defaults(inner, f"{at}/{name}")
        if "default" in inner:
            yield from _broken(inner | {"properties": {}}, inner["default"], None, f"{at}/{name}")
    if "items" in schema:
        yield from faulty_defaults(schema["items"], f"{at}/items")


def _shaped(schema: Any, value: Any) -> Any:
    if isinstance(value, list) and "items" in schema:
        return [_shaped(schema["items"], one) for one in value]
    if not isinstance(value, dict) or not schema.get("properties"):
        return value
    is_open, known = schema.get("x-kubernetes-preserve-unknown-fields"), schema["properties"]
    kept = {key: one for key, one in value.items() if is_open or key in known}
    for name, inner in known.items():
        if name == "metadata":
            continue
        if name in kept and kept[name] is None and not inner.get("nullable"):
            del kept[name]
        if name not in kept and "default" in inner:
            kept[name] = inner["default"]
        if name in kept:
            kept[name] = _shaped(inner, kept[name])
    return kept


def _broken(schema: Any, new: Any, old: Any, at: str) -> Iterator[str]:
    for one in schema.get("x-kubernetes-validations") or ():
        try:
            is_kept = TWINS[one["rule"]](new, old)
        except KeyError as error:
            yield f"{at}: no such key: {error} evaluating rule: {one['message']}"
            continue
        if not is_kept:
            yield f"{at}: {one['message']}"
    for name, inner in (schema.get("properties") or {}).items():
        if isinstance(new, dict) and name in new:
            before = old.get(name) if isinstance(old, dict) else None
            yield from _broken(inner, new[name], before, f"{at}/{name}")


def rules() -> tuple[list[Object], list[Object]]:
    """The operator's, as the chart's template has them: of its Role, and of its ClusterRole."""
    text = (CHART / "templates/operator/rbac.yaml").read_text(encoding="utf-8")
    parts = [re.findall(r"^  - (\{apiGroups: .*\})$", part, re.M) for part in text.split("\n---\n")]
    role, everywhere = (list(map(yaml.safe_load, part)) for part in parts if part)
    return role, everywhere


def may(rules: list[Object], group: str, resource: str, verb: str) -> bool:
    """Whether one of the rules lets it happen."""
    return any(group in one["apiGroups"] and resource in one["resources"] and verb in one["verbs"] for one in rules)


def asked(method: str, parts: list[str], query: Mapping[str, str]) -> tuple[str, str, str]:
    """Group, resource and verb of a request, as an API server tells them apart."""
    group, rest = ("", parts[2:]) if parts[0] == "api" else (parts[1], parts[3:])
    if rest[:1] == ["namespaces"] and len(rest) > 2:
        rest = rest[2:]
    verbs = {"POST": "create", "PATCH": "patch", "DELETE": "delete", "PUT": "update"}
    reads = "get" if len(rest) > 1 else "watch" if query.get("watch") in ("true", "1") else "list"
    return group, "/".join([rest[0], *rest[2:]]), verbs.get(method, reads)
