"""The operator's names of a node's status are the node's own: none that no node tells, so that no rule is blind."""

import dataclasses
import typing
from collections.abc import Iterator

import pytest
from operator_looks import document
from pydantic import BaseModel

from voltring_node.status import NodeStatus
from voltring_operator.report import NodeReport, ReportError, read


def paths(kind: typing.Any, prefix: str = "") -> Iterator[str]:
    """The fields of a dataclass or of a model, and of those within it."""
    for name, hint in typing.get_type_hints(kind).items():
        if name.startswith(("_", "model_")):
            continue
        yield f"{prefix}{name}"
        for inner in (hint, *typing.get_args(hint)):
            if dataclasses.is_dataclass(inner) or (isinstance(inner, type) and issubclass(inner, BaseModel)):
                yield from paths(inner, f"{prefix}{name}.")


def test_every_field_that_the_operator_reads_is_one_that_nodes_tell() -> None:
    wanted, told = set(paths(NodeReport)), set(paths(NodeStatus))
    assert {"cpu", "commands.doorbells", "errors.share", "errors.faults", "drain.granted_for_s"} <= wanted
    assert wanted <= told, wanted - told


def test_what_a_node_does_not_know_is_unknown_and_not_nought() -> None:
    told = read(document(3, cpu=None, commands={"doorbells": None}, errors={"share": None, "faults": 0, "asked": 0}))
    assert (told.cpu, told.commands.doorbells, told.errors.share) == (None, None, None)
    older = read(document(3))
    assert (older.cpu, older.commands.doorbells, older.errors.share) == (None, None, None)


@pytest.mark.parametrize("cpu", ["much", float("nan")])
def test_a_number_that_is_none_makes_the_status_unreadable(cpu: object) -> None:
    with pytest.raises(ReportError, match="cpu"):
        read(document(3, cpu=cpu))
