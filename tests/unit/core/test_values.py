"""Values: as frozen dataclasses are, made and changed at less cost."""

from dataclasses import FrozenInstanceError, field, replace

import pytest

from voltring_core.domain.values import changed, value


@value
class Place:
    """With a default of each kind."""

    name: str
    number: int = 1
    words: list[str] = field(default_factory=list)

    @property
    def shown(self) -> str:
        return f"{self.name} {self.number}"


def test_a_value_is_made_compared_and_shown_as_a_frozen_dataclass():
    one = Place("a", words=["x"])
    assert one == Place("a", 1, ["x"])
    assert one != Place("a", 2, ["x"])
    assert (one.shown, repr(one)) == ("a 1", "Place(name='a', number=1, words=['x'])")
    assert type(one) is Place
    assert Place("a").words is not Place("a").words


def test_a_value_cant_be_altered():
    one = Place("a")
    with pytest.raises(FrozenInstanceError):
        one.name = "b"


@pytest.mark.parametrize("change", [changed, replace])
def test_a_changed_value_is_another_one(change):
    one = Place("a", 1, ["x"])
    other = change(one, number=2)
    assert (one.number, other) == (1, Place("a", 2, ["x"]))
    with pytest.raises(FrozenInstanceError):
        other.number = 3


def test_a_missing_or_an_unknown_field_is_refused():
    with pytest.raises(TypeError):
        Place()
    with pytest.raises(AttributeError):
        changed(Place("a"), other=1)
