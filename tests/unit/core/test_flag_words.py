"""Every flag and every reason has one sentence, in one place."""

import pytest

from voltring_core.domain import authorization, billing_reasons, reckoning, registers, times, transactions
from voltring_core.domain.billing_reasons import HOLDING
from voltring_core.domain.flag_words import SENTENCES, told
from voltring_core.domain.transactions import ASSUMED

OTHERS = ("NO_ENERGY", "ONLY_POWER", "NO_TIMES", "NO_TARIFF", "NO_TOKEN", "UNKNOWN_TOKEN", "DISMISSED", "CORRECTED")
WORDS = [
    *HOLDING,
    *sorted(authorization.DECIDED | ASSUMED),
    *(getattr(billing_reasons, name) for name in (*OTHERS, "VOIDED")),
    *(transactions.PHANTOM, transactions.NO_METER_STOP, transactions.OFFLINE),
    *(registers.METER_ROLLED_OVER, reckoning.NOT_CHECKED, times.CLOCK),
]


@pytest.mark.parametrize("word", WORDS)
def test_every_flag_and_reason_has_a_sentence(word: str) -> None:
    assert told(word).endswith(".")
    assert told(word)[0].isupper()


def test_a_word_of_a_persons_own_is_told_as_it_is() -> None:
    assert told("a driver's own word") == "a driver's own word"


def test_no_two_words_say_the_same() -> None:
    assert len(set(SENTENCES.values())) == len(SENTENCES)
