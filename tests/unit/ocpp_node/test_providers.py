"""Who is asked for which message, how long, and what counts when nobody answers."""

import asyncio
from dataclasses import fields

import pytest

from voltring_core.ocpp.actions import FROM_CHARGER
from voltring_core.ocpp.versions import Version
from voltring_node.advice import DEFAULTS, Advice, advised, default
from voltring_node.providers import CONSULTED, Nobody, Providers, consult

V16, V201, V21 = Version
YES = Advice("Accepted")
EVERY = [(version, action) for version in Version for action in sorted(CONSULTED & FROM_CHARGER[version])]


class Willing(Nobody):
    """A provider of everything that says yes, and remembers what it was asked."""

    def __init__(self):
        self.asked = []

    async def _say_yes(self, message):
        self.asked.append(message.action)
        return YES

    sign = certificate = verify = status = chain_status = needs = schedule = update = validate = settle = _say_yes
    transfer = _say_yes


@pytest.fixture
def willing():
    return Willing()


@pytest.fixture
def everybody(willing):
    names = [field.name for field in fields(Providers) if field.name != "vendors"]
    return Providers(**dict.fromkeys(names, willing), vendors={"x": willing})


def test_every_action_that_needs_somebodys_word_has_a_word_without_them():
    assert DEFAULTS.keys() == CONSULTED


@pytest.mark.parametrize(("version", "action"), EVERY)
async def test_who_is_there_is_asked(ask, least_request, everybody, willing, version, action):
    message = ask(version, action, least_request(version, action)).message
    advice = await consult(everybody, message)
    if action == "Authorize":
        assert (advice, willing.asked) == (None, [])  # nothing comes with it that could be verified
    else:
        assert (advice, willing.asked) == (YES, [action])


@pytest.mark.parametrize(("version", "action"), EVERY)
async def test_where_nobody_is_there_the_default_is_said(ask, least_request, version, action):
    message = ask(version, action, least_request(version, action)).message
    advice = await consult(Providers(), message)
    assert advice in (None, default(message))
    assert advised(message) == default(message)


async def test_a_contract_certificate_is_verified(ask, everybody, willing):
    token = {"idToken": "E", "type": "eMAID"}
    assert await consult(everybody, ask(V201, "Authorize", {"idToken": token, "certificate": "PEM"}).message) == YES
    assert willing.asked == ["Authorize"]


async def test_another_vendors_data_are_nobodys(ask, everybody, willing):
    assert await consult(everybody, ask(V16, "DataTransfer", {"vendorId": "other"}).message) is None
    assert willing.asked == []


@pytest.mark.parametrize("action", ["MeterValues", "StatusNotification"])
async def test_nobody_is_asked_for_what_is_ours_to_answer(ask, least_request, everybody, willing, action):
    assert await consult(everybody, ask(V16, action, least_request(V16, action)).message) is None
    assert willing.asked == []


class Slow(Nobody):
    async def sign(self, message):
        await asyncio.Event().wait()


class Broken(Nobody):
    async def sign(self, message):
        raise ConnectionRefusedError


@pytest.mark.parametrize(
    ("provider", "why"), [(Slow(), "it took too long"), (Broken(), "the provider failed")], ids=["slow", "broken"]
)
async def test_a_provider_that_is_slow_or_fails_counts_as_a_refusal(ask, provider, why):
    message = ask(V201, "SignCertificate", {"csr": "PEM"}).message
    assert await consult(Providers(authority=provider), message, 0.01) == Advice("Rejected", "InternalError", why)


async def test_an_end_from_outside_is_no_refusal(ask):
    message = ask(V201, "SignCertificate", {"csr": "PEM"}).message
    asking = asyncio.create_task(consult(Providers(authority=Slow()), message))
    await asyncio.sleep(0)
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking


def test_an_answer_says_why_in_the_words_of_its_version():
    advice = Advice("Rejected", "a" * 30, "b" * 600, {"data": "x"})
    info = {"reasonCode": "a" * 20, "additionalInfo": "b" * 512}
    assert advice.payload(V201) == {"status": "Rejected", "data": "x", "statusInfo": info}
    assert advice.payload(V16) == {"status": "Rejected", "data": "x"}
