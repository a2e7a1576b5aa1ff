"""Who may do what."""

import pytest

from voltring_api.policy import Role, is_guarded, needed_role


@pytest.mark.parametrize(
    ("method", "path", "role"),
    [
        ("GET", "/v1/chargers", Role.VIEWER),
        ("POST", "/v1/chargers/a/commands", Role.OPERATOR),
        ("PUT", "/v1/id-tokens/a", Role.OPERATOR),
        ("PATCH", "/v1/chargers/a", Role.OPERATOR),
        ("DELETE", "/v1/chargers/a", Role.ADMIN),
        ("GET", "/v1/cdrs/a/invoice", Role.VIEWER),
        ("POST", "/v1/cdrs/a/credit", Role.ADMIN),
        ("POST", "/v1/tariffs/quote", Role.VIEWER),
        ("POST", "/v1/tariffs", Role.OPERATOR),
        ("POST", "/v1/transactions/a/release", Role.OPERATOR),
        ("GET", "/v1/api-keys", Role.ADMIN),
        ("GET", "/v1/api-keys/x", Role.ADMIN),
        ("GET", "/v1/api-keysx", Role.VIEWER),
        ("BREW", "/v1/chargers", Role.OPERATOR),
    ],
)
def test_the_policy_is_by_method_and_path(method: str, path: str, role: Role) -> None:
    assert needed_role(method, path) is role


def test_each_role_covers_the_ones_before_it() -> None:
    covered = [[role.covers(needed) for needed in Role] for role in Role]
    assert covered == [[True, False, False], [True, True, False], [True, True, True]]


@pytest.mark.parametrize(
    ("path", "guarded"), [("/v1", True), ("/v1/me", True), ("/", False), ("/v1x", False), ("/docs", False)]
)
def test_only_v1_asks_for_a_key(path: str, guarded: bool) -> None:
    assert is_guarded(path) is guarded
