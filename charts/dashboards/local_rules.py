"""The rules that `voltring up --observability` judges by: the chart's, but for those about what it does not start."""

from typing import Any

import yaml

ELSEWHERE = ("voltring_operator_", "haproxy_")
"""Metrics of the operator and the router; on one machine there is neither."""
HEAD = "# Made of the chart's rules by charts/dashboards. @namespace@ and @runbooks@ are filled in at the start.\n"


def local_rules(*files: str) -> str:
    """The files' groups as one, as YAML."""
    groups = [group for text in files for group in yaml.safe_load(text)["groups"]]
    kept = [group | {"rules": left} for group in groups if (left := _left(group["rules"]))]
    return HEAD + as_yaml({"groups": kept})


def as_yaml(content: object) -> str:
    """As a person would write it: expressions of several lines stay so."""
    return yaml.dump(content, Dumper=_Dumper, sort_keys=False, width=1000, allow_unicode=True)


class _Dumper(yaml.SafeDumper):
    """Texts of several lines as blocks."""


def _text(dumper: _Dumper, text: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None)


_Dumper.add_representer(str, _text)


def _left(rules: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [rule for rule in rules if not any(name in rule["expr"] for name in ELSEWHERE)]
