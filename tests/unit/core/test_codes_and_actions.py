"""Error codes as each version spells them, and the action lists against the official schema files."""

from importlib.resources import files

import pytest

from voltring_core.ocpp.actions import FROM_CHARGER, TO_CHARGER, TRANSACTION_ACTIONS, UNCONFIRMED
from voltring_core.ocpp.codes import Code, meant, spell
from voltring_core.ocpp.schemas import schema
from voltring_core.ocpp.versions import Version, choose

V16, V201, V21 = Version
ALL = pytest.mark.parametrize("version", Version)
CODES_16 = set(
    "NotImplemented NotSupported InternalError ProtocolError SecurityError FormationViolation"
    " PropertyConstraintViolation OccurenceConstraintViolation TypeConstraintViolation GenericError".split()
)
CODES_2X = CODES_16 - {"FormationViolation", "OccurenceConstraintViolation"} | {
    "FormatViolation",
    "OccurrenceConstraintViolation",
    "MessageTypeNotSupported",
    "RpcFrameworkError",
}
FOLDERS = {V16: ("ocpp.v16", 78), V201: ("ocpp.v201", 128), V21: ("ocpp.v21", 181)}


@ALL
@pytest.mark.parametrize("code", Code)
def test_every_code_is_one_that_the_version_knows(version, code):
    assert spell(code, version) in (CODES_2X if version.is_2x else CODES_16)


def test_16_spells_format_and_a_missing_field_in_its_own_way():
    assert spell(Code.FORMAT, V16) == "FormationViolation"
    assert spell(Code.OCCURRENCE, V16) == "ProtocolError"
    assert spell(Code.RPC, V16) == "FormationViolation"


def test_a_list_of_wrong_length_has_a_code_of_its_own_only_in_16():
    assert spell(Code.CARDINALITY, V16) == "OccurenceConstraintViolation"
    assert {spell(Code.CARDINALITY, version) for version in (V201, V21)} == {"OccurrenceConstraintViolation"}


@ALL
@pytest.mark.parametrize("code", Code)
def test_every_code_is_understood_as_each_version_spells_it(version, code):
    understood = meant(spell(code, version))
    assert understood is not None
    assert spell(understood, V201) in CODES_2X
    assert meant(spell(code, version).upper()) is understood


def file_names(version):
    package, _ = FOLDERS[version]
    return {file.name.removesuffix(".json") for file in files(package).joinpath("schemas").iterdir()}


@ALL
def test_every_schema_file_belongs_to_an_action_of_the_lists_and_the_other_way_round(version):
    names = {name for name in file_names(version) if name[0] != "_"}
    assert len(names) == FOLDERS[version][1]
    actions = {name.removesuffix("Response").removesuffix("Request") for name in names}
    assert actions == FROM_CHARGER[version] | TO_CHARGER[version]


@ALL
def test_the_lists_have_the_sizes_of_the_specification_and_share_only_data_transfer(version):
    sizes = {V16: (14, 26, 39), V201: (25, 40, 64), V21: (37, 55, 91)}[version]
    ours, theirs = FROM_CHARGER[version], TO_CHARGER[version]
    assert (len(ours), len(theirs), len(ours | theirs)) == sizes
    assert ours & theirs == {"DataTransfer"}


def test_21_has_all_of_201():
    assert FROM_CHARGER[V201] < FROM_CHARGER[V21]
    assert TO_CHARGER[V201] < TO_CHARGER[V21]


@ALL
def test_every_action_has_a_request_and_a_response_unless_it_is_unconfirmed(version):
    for action in FROM_CHARGER[version] | TO_CHARGER[version]:
        assert schema(version, action) is not None, action
        assert (schema(version, action, "response") is None) == (action in UNCONFIRMED), action


def test_transaction_actions_are_actions_of_chargers():
    assert FROM_CHARGER[V16] | FROM_CHARGER[V201] >= TRANSACTION_ACTIONS


@pytest.mark.parametrize(
    ("offered", "chosen"),
    [
        (["ocpp2.1", "ocpp2.0.1", "ocpp1.6"], V21),
        (["ocpp1.6", "ocpp2.1"], V16),
        (["ocpp2.0", "ocpp2.0.1"], V201),
        (["soap", "ocpp1.6"], V16),
        (["ocpp2.0"], None),
        (["OCPP1.6"], None),
        ([""], None),
        ([], None),
    ],
)
def test_the_first_spoken_subprotocol_of_the_chargers_list_is_chosen(offered, chosen):
    assert choose(offered) is chosen
