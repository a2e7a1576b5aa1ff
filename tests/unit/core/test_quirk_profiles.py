"""Profiles are data: matched by vendor, model and firmware, checked when they are loaded, overridden by operators."""

from importlib.resources import files

import pytest

from voltring_core.errors import SettingsError
from voltring_core.ocpp import quirks
from voltring_core.ocpp.quirks import Quirks, check_override, load, resolve, shipped
from voltring_core.ocpp.quirks.rules import CATALOGUE, Where
from voltring_core.ocpp.versions import Version

TERRA = ("ABB", "CDT_TACW11::NET_WIFI")


@pytest.fixture
def folder(tmp_path):
    """`folder(name=text, ...)`: a folder with these profiles."""

    def write(**texts):
        for name, text in texts.items():
            (tmp_path / f"{name}.yaml").write_text(text)
        return tmp_path

    return write


GOOD = 'vendor: "V*"\nsource: somewhere\nrules: {lenient_boot: true}\n'


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("vendor: [", "can't be read"),
        ("- a list", "a profile is a mapping"),
        (GOOD + "colour: red\n", "colour is no field of a profile"),
        (GOOD.replace('"V*"', "1.8"), "vendor must be a glob in quotes"),
        (GOOD.replace('"V*"', "[]"), "vendor must be a glob in quotes"),
        (GOOD.replace("source: somewhere\n", ""), "source is missing"),
        (GOOD.replace("rules: {lenient_boot: true}", "rules: {}"), "rules is missing"),
        (GOOD.replace("lenient_boot", "lenient_boots"), "there is no rule 'lenient_boots': did you mean lenient_boot?"),
        (GOOD.replace("true", '"yes"'), "lenient_boot must be true, or false"),
        (GOOD.replace("lenient_boot: true", "time_zone: Mars/Base"), "time_zone must be the IANA name of a time zone"),
        (GOOD.replace("lenient_boot: true", "assume_version: 1.6"), 'assume_version must be one of "1.6"'),
    ],
)
def test_a_wrong_profile_is_one_error_that_names_the_file_and_what_is_wrong(folder, text, says):
    with pytest.raises(SettingsError) as caught:
        load(folder(good=GOOD, strange_vendor=text))
    assert caught.value.message.startswith("strange_vendor.yaml")
    assert says in caught.value.message


def test_a_profile_that_cant_be_read_is_named(folder):
    where = folder(good=GOOD)
    (where / "bytes.yaml").write_bytes(b"\xff\xfe\xfa")
    with pytest.raises(SettingsError, match=r"bytes\.yaml can't be read"):
        load(where)


def test_all_shipped_profiles_are_right_and_say_where_they_are_known_from():
    assert len(shipped()) >= 11
    assert all(profile.source.startswith("https://") and profile.vendor for profile in shipped())
    assert shipped() is shipped()


def test_the_shipped_profiles_are_part_of_the_package():
    packaged = files(quirks)
    assert {f"{profile.name}.yaml" for profile in shipped()} == {
        file.name for file in packaged.iterdir() if file.name.endswith(".yaml")
    }


@pytest.mark.parametrize(
    ("vendor", "model", "firmware", "names"),
    [
        ("ABB", "CDT_TACW11::NET_WIFI", "TAC3Z9119006710273::V1.6.6", ("stack_level_zero",)),
        (
            "ABB",
            "CDT_TACW11::NET_WIFI",
            "TAC3Z9119006710273::V1.8.21",
            ("no_get_configuration", "only_measurands", "stack_level_zero"),
        ),
        (" abb ", "tac-w11", None, ("stack_level_zero",)),
        ("ABB", "Terra 54", None, ()),
        ("Wall Box Chargers", "CPB1", "5.5.10", ("commands_after_boot",)),
        ("United Chargers Inc.", "GRS", "05.621", ("assume_version",)),
        ("EV-BOX", "E3160-A45062", None, ("no_change_availability", "no_zero_limit")),
        ("KEBA AG", "KC-P30", None, ("connector_zero_is",)),
        ("HUAWEI", "ACChargePoint", None, ("rate_unit",)),
        ("Growatt", "THOR 11AS-S", None, ("keys_per_request", "list_items_at_most")),
        ("StarCharge", "Artemis", None, ("no_trigger_connector_zero",)),
        ("EN+", "AC7000", None, ("no_trigger_connector_zero",)),
        ("OpenEVSE", "Advanced Series", "4.2.2", ("energy_unit",)),
        ("OpenEVSE", "Advanced Series", "5.1.0", ()),
        (None, None, None, ()),
        ("", "", "", ()),
    ],
)
def test_a_charger_has_the_rules_of_the_profiles_that_fit_it(vendor, model, firmware, names):
    assert resolve(vendor, model, firmware, None).names == names


def test_the_more_specific_profile_has_the_last_word(folder, monkeypatch):
    found = load(
        folder(
            a_model='vendor: "V*"\nmodel: "M*"\nsource: s\nrules: {rate_unit: W, lenient_boot: false}\n',
            b_vendor='vendor: "Volt*"\nsource: s\nrules: {rate_unit: A, lenient_boot: true, no_clock: true}\n',
            c_everybody="source: s\nrules: {stack_level_zero: true}\n",
        )
    )
    assert [profile.name for profile in found] == ["c_everybody", "b_vendor", "a_model"]
    monkeypatch.setattr("voltring_core.ocpp.quirks.profiles.shipped", lambda: found)
    chosen = resolve("Volt", "Mega of this test", "1", None)
    assert dict(chosen.rules) == {"stack_level_zero": True, "rate_unit": "W", "no_clock": True}
    assert resolve(None, "of this test", None, None).names == ("stack_level_zero",)


def test_a_charger_that_has_not_said_what_it_is_fits_no_pattern_at_all(folder):
    (anybody,) = load(folder(anybody='vendor: "*"\nsource: s\nrules: {no_clock: true}\n'))
    assert anybody.fits("V", None, None)
    assert not anybody.fits(None, "M", "1")
    assert not anybody.fits(" ", "M", "1")


def test_an_operator_adds_rules_changes_their_arguments_and_switches_them_off():
    override = {"stack_level_zero": False, "time_zone": "Europe/Berlin"}
    assert resolve(*TERRA, None, override).names == ("time_zone",)
    assert resolve(None, None, None, {"assume_version": "2.0.1"}).assume_version is Version.V201
    assert resolve("KEBA", "P30", None, {"connector_zero_is": 2}).rules["connector_zero_is"] == 2


def test_an_override_that_was_stored_by_a_newer_version_harms_nobody():
    override = {"a_rule_of_tomorrow": True, "time_zone": "Mars/Base", "lenient_boot": True}
    assert resolve(None, None, None, override).names == ("lenient_boot",)
    assert resolve(None, None, None, ["lenient_boot"]).names == ()


@pytest.mark.parametrize(
    ("override", "sentences"),
    [
        ({}, []),
        ({"lenient_boot": True, "time_zone": "Europe/Berlin", "no_clock": False}, []),
        ({"lenient_bot": True}, ["there is no rule 'lenient_bot': did you mean lenient_boot?"]),
        ({"rate_unit": "kW"}, ['rate_unit must be one of "A", "W", or false']),
        ({"connector_zero_is": True}, ["connector_zero_is must be a whole number from 1 to 10000, or false"]),
        ({"transaction_id_none": "0"}, ["transaction_id_none must be a list of whole numbers, or false"]),
        ({"only_measurands": [1]}, ["only_measurands must be a list of words, or false"]),
        (
            {"time_zone": "/etc/passwd"},
            ["time_zone must be the IANA name of a time zone, such as Europe/Berlin, or false"],
        ),
        ({"time_zone": ".."}, ["time_zone must be the IANA name of a time zone, such as Europe/Berlin, or false"]),
    ],
)
def test_an_override_is_checked_in_sentences(override, sentences):
    assert check_override(override) == sentences


@pytest.mark.parametrize("override", [None, [], "lenient_boot", 5])
def test_an_override_that_is_no_object_is_one_sentence(override):
    (sentence,) = check_override(override)
    assert sentence.startswith("quirks must be an object")


def test_every_fault_of_an_override_is_told():
    assert len(check_override({"x": 1, 5: True, "lenient_boot": None})) == 3


def test_a_charger_without_rules_has_none_of_the_properties():
    none = Quirks()
    assert (none.names, none.assume_version, none.reconnect_when_deaf) == ((), None, None)
    switches = (none.lenient_boot, none.accepted_without_boot, none.commands_after_boot, none.one_message_at_a_time)
    assert not any((*switches, none.any_username, none.id_in_any_case))


def test_every_rule_without_a_payload_has_a_property():
    placed = [rule for rule in CATALOGUE.values() if rule.where in (Where.DOOR, Where.BOOT, Where.PACING)]
    given = {"assume_version": "1.6", "reconnect_when_deaf": 3}
    for rule in placed:
        argument = given.get(rule.name, True)
        assert rule.takes.fits(argument)
        assert getattr(resolve(None, None, None, {rule.name: argument}), rule.name) == argument
        assert rule.inbound is rule.outbound is None


def test_every_rule_of_payloads_does_something_in_one_direction():
    for rule in CATALOGUE.values():
        assert (rule.inbound is not None) == (rule.where is Where.INBOUND)
        assert (rule.outbound is not None) == (rule.where is Where.OUTBOUND)
