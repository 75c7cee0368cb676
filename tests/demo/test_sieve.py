"""The local filter doubts, Akismet judges, and only what nobody doubts is printed unread."""

from __future__ import annotations

from itertools import product

import pytest

from demo_site.letters.letter import Draft, State
from demo_site.letters.sieve import (
    QUICK,
    STALE,
    WORDS,
    Opinion,
    digest,
    explain,
    first_state,
    objections,
    settled_state,
)

PLAIN = Draft("K. Maas", "The clock at the chapel is right twice a day. Ask anyone.")


def test_a_letter_that_a_person_wrote_meets_no_objection() -> None:
    assert objections(PLAIN, trap="", age=30) == ()
    assert objections(PLAIN, trap=" \n", age=QUICK) == ()
    assert objections(PLAIN, trap="", age=STALE) == ()


@pytest.mark.parametrize(
    ("trap", "age", "code"),
    [("x", 30, "trap"), ("", QUICK - 1, "quick"), ("", -60, "quick"), ("", STALE + 1, "stale")],
)
def test_a_program_gives_itself_away(trap: str, age: float, code: str) -> None:
    assert objections(PLAIN, trap=trap, age=age) == (code,)


@pytest.mark.parametrize(
    "text",
    [
        "see http://example.org",
        "HTTPS:// is a scheme",
        "www.example",
        "cheap at pills.shop today",
        "[url=x]y[/url]",
        "<a name=x>",
    ],
)
def test_an_address_in_words_or_name_is_doubted(text: str) -> None:
    assert objections(Draft("K.", text), trap="", age=30) == ("links",)
    assert objections(Draft(text, "Dear Sir"), trap="", age=30) == ("links",)


@pytest.mark.parametrize(
    "text", ["At 5.48 the tide", "Mr. Coombe", "He said so.No more", "e.g. tea"]
)
def test_a_full_stop_is_not_an_address(text: str) -> None:
    assert objections(Draft("K.", text), trap="", age=30) == ()


def test_nothing_is_in_print_before_both_filters_have_spoken() -> None:
    for reasons in ((), ("links",), ("trap",), ("quick", "repeat")):
        assert first_state(reasons) in {State.HELD, State.SPAM}


def test_printed_is_only_what_no_filter_doubts_and_somebody_vouches_for() -> None:
    codes: list[tuple[str, ...]] = [(), ("links",), ("repeat",), ("quick",), ("stale",), ("trap",)]
    opinions: list[Opinion | None] = [None, *Opinion]
    for reasons, opinion, trusted in product(codes, opinions, (False, True)):
        state = settled_state(reasons, opinion, trust_local_filter=trusted)
        vouched = opinion is Opinion.HAM or (opinion is None and trusted)
        assert (state is State.PUBLISHED) is (not reasons and vouched)
        condemned = "trap" in reasons or opinion in {Opinion.SPAM, Opinion.DISCARD}
        assert (state is State.SPAM) is condemned


def test_case_spaces_and_invisible_signs_do_not_make_another_text() -> None:
    assert digest("Dear  Sir") == digest(" dear\nSIR ") == digest("De\u200bar Sir")
    assert digest("Dear", "Sir") != digest("Dear Sir") != digest("Dear Madam")


def test_every_reason_has_a_sentence() -> None:
    for code in WORDS:
        assert explain(code).endswith(".")
    assert explain("akismet:fault:RequestError") == "Akismet could not be asked (RequestError)."
