"""The number that joins a remote start to its transaction."""

from uuid import UUID

from voltring_api.dispatch import Terms
from voltring_api.keys import Principal
from voltring_api.policy import Role
from voltring_api.resources.friendly import LARGEST_ID, start_id

ANN, BOB = (Principal(UUID(int=0), name, Role.OPERATOR) for name in ("ann", "bob"))


def test_a_repeated_key_has_the_same_number_and_nobody_elses() -> None:
    first = start_id(Terms(ANN, "k"), "CP")
    assert first == start_id(Terms(ANN, "k"), "CP")
    assert (
        len({first, start_id(Terms(BOB, "k"), "CP"), start_id(Terms(ANN, "l"), "CP"), start_id(Terms(ANN, "k"), "CQ")})
        == 4
    )


def test_every_number_fits_a_positive_int32() -> None:
    numbers = [start_id(Terms(ANN, key), "CP") for key in (None, *map(str, range(100)))]
    assert all(0 < number <= LARGEST_ID for number in numbers)
