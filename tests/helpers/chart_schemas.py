"""Kubernetes' own schemas, by which an API server of some version would judge a document; and our own kinds'."""

import json
from functools import lru_cache
from pathlib import Path
from typing import Any

import jsonschema_rs
import yaml
from chart_docs import CHART
from chart_render import Document

OLDEST = "1.29"
ELSEWHERE = {"cert-manager.io", "gateway.networking.k8s.io", "monitoring.coreos.com"}
"""Groups of CRDs that are not ours."""


def newest(schemas: Path) -> str:
    """The newest version that the package has."""
    found = {tuple(map(int, folder.name[1:].split("-")[0].split(".")[:2])) for folder in schemas.glob("v*-strict")}
    return ".".join(map(str, max(found)))


def complaints(schemas: Path, version: str, document: Document) -> list[str]:
    """What that version has against a document; unknown fields count."""
    group = document["apiVersion"].rpartition("/")[0]
    if group in ELSEWHERE:
        return []
    kind = document["kind"]
    judge = own(kind) if group == "voltring.io" else _judge(schemas, version, document["apiVersion"], kind)
    where = f"{kind} {document['metadata']['name']}"
    return [f"{where}: {error.instance_path}: {error.message}" for error in judge.iter_errors(document)]


@lru_cache
def _judge(schemas: Path, version: str, api_version: str, kind: str) -> Any:
    folder = schemas / f"v{version}.0-local-strict"
    group, _, short = api_version.rpartition("/")
    name = f"{kind.lower()}-{group.split('.')[0]}-{short}" if group else f"{kind.lower()}-{short}"
    schema = _local((folder / f"{name}.json").read_text(encoding="utf-8"))
    return jsonschema_rs.Draft202012Validator(schema | {"$defs": _definitions(folder)})


@lru_cache
def _definitions(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = _local((folder / "_definitions.json").read_text(encoding="utf-8"))["$defs"]
    return found


def _local(text: str) -> Any:
    """A schema whose references are to itself."""
    return json.loads(text.replace("/api/_definitions.json#", "#"))


@lru_cache
def own(kind: str) -> Any:
    """The judge of OcppFleet or OcppDrain, as the CRD says it; unknown fields count here, an API server prunes them."""
    return jsonschema_rs.Draft202012Validator(_closed(crd(kind)["spec"]["versions"][0]["schema"]["openAPIV3Schema"]))


def crd(kind: str) -> Document:
    """The CRD of one of our kinds."""
    found: Document = yaml.safe_load((CHART / "crds" / f"{kind.lower()}s.yaml").read_text(encoding="utf-8"))
    return found


def _closed(schema: Any) -> Any:
    """As JSON Schema has it, without room for what is not named."""
    if not isinstance(schema, dict):
        return schema
    is_open = schema.get("x-kubernetes-preserve-unknown-fields", False)
    schema = {key: value for key, value in schema.items() if not key.startswith("x-")}
    if schema.pop("nullable", False) and "type" in schema:
        schema["type"] = [schema["type"], "null"]
    if schema.get("exclusiveMinimum") is True:
        schema["exclusiveMinimum"] = schema.pop("minimum")
    if "properties" in schema:
        inner = schema["properties"].items()
        schema["properties"] = {name: {} if name == "metadata" else _closed(one) for name, one in inner}
        schema["additionalProperties"] = bool(is_open)
    if "items" in schema:
        schema["items"] = _closed(schema["items"])
    return schema
