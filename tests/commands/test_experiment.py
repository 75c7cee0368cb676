"""`adguard experiment`, as it is typed."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from adguard.cli import main
from adguard.ledger import open_store
from adguard.ledger.sqlite import SqliteStore
from tests.ledger.making import event


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["experiment", *arguments], catch_exceptions=False)


@pytest.fixture
def address(tmp_path: Path) -> str:
    """A store with 90 readers asked, of whom 40 came back, and 10 held out, of whom one did."""
    address = f"sqlite://{tmp_path}/figures.sqlite3"
    store = open_store(address)
    assert isinstance(store, SqliteStore)
    for arm, readers, back in (("asked", 90, 40), ("holdout", 10, 1)):
        fields = {"variant": arm, "site": "gazette"}
        store.append(
            [event("", verdict="extension", assigned=True, **fields) for _ in range(readers)]
            + [event("", cleared=True, **fields) for _ in range(back)]
        )
    store.close()
    return address


def test_it_says_who_came_back_because_of_being_asked_and_what_that_earns(address: str) -> None:
    said = run(
        "read", "--store", address, "--share", "0.1", "--rpm", "1000", "--currency", "CHF"
    ).output
    assert "Hold-out of gazette" in said
    assert "Back because they were asked: 31 readers (95 %: " in said
    assert "Recovered page views: 31 (estimate)." in said
    assert "They earn 31.00 CHF (estimate)." in said
    assert "The arms are as large as drawn" in said


def test_arms_of_the_wrong_size_are_not_to_be_relied_on(address: str) -> None:
    assert "Do not rely on this" in run("read", "--store", address, "--share", "0.6").output


def test_without_the_share_it_says_that_the_draw_was_not_checked(address: str) -> None:
    assert "give --share" in run("read", "--store", address).output


def test_before_anybody_is_drawn_there_is_nothing_to_compare(address: str) -> None:
    said = run("read", "--store", address, "--until", "2020-01-01").output
    assert "Nothing to compare yet" in said


def test_of_several_sites_one_has_to_be_named(address: str) -> None:
    store = open_store(address)
    assert isinstance(store, SqliteStore)
    store.append([event("", site="herald")])
    store.close()
    refused = run("read", "--store", address)
    assert refused.exit_code == 2
    assert "gazette, herald" in refused.output
    assert "Hold-out of gazette" in run("read", "--store", address, "--site", "gazette").output


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("read", "--store", "ftp://x"), "names no store"),
        (("read", "--store", "memory:", "--since", "yore"), "is no beginning"),
        (("read", "--store", "memory:", "--rpm", "much"), "is not what a thousand views earn"),
        (("plan", "0.1", "0.1"), "no difference"),
        (("plan", "0", "0.1"), "0.0 is not in the range"),
        (("plan", "0.03", "0.0300000001"), "are too near to one another"),
    ],
)
def test_what_makes_no_sense_ends_in_one_clear_sentence(
    arguments: tuple[str, ...], said: str
) -> None:
    refused = run(*arguments)
    assert refused.exit_code
    assert said in refused.output


def test_a_plan_says_how_many_readers_for_both_ways_of_looking() -> None:
    said = run("plan", "0.1", "0.15", "--share", "0.5").output
    assert "50.0% of them held out" in said
    assert "if you look whenever you like" in said
    assert "if you look once" in said


def test_without_scipy_it_says_what_to_install(
    address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "scipy", None)
    for arguments in (("read", "--store", address), ("plan", "0.1", "0.2")):
        refused = run(*arguments)
        assert refused.exit_code == 1
        assert "pip install 'adguard-toolkit[stats]'" in refused.output


def test_arms_are_told_each_against_one(address: str) -> None:
    store = open_store(address)
    assert isinstance(store, SqliteStore)
    fields = {"variant": "copy-short", "site": "gazette"}
    store.append(
        [event("", verdict="extension", assigned=True, **fields) for _ in range(45)]
        + [event("", cleared=True, choice="verified", **fields) for _ in range(40)]
    )
    store.close()
    said = run("arms", "--store", address).output
    assert "Arms of gazette" in said
    assert re.search(r"copy-short +45 +40 +88\.9 % +2\.00 +\d\.\d\d to \d\.\d\d +0\.\d+", said)
    assert re.search(r"holdout +10 +1 +10\.0 % +0\.2", said)
    assert "for all arms at once" in said
    verified = run("arms", "--store", address, "--outcome", "verified", "--against", "copy-short")
    assert re.search(r"asked +90 +0 +0\.0 % +0\.00", verified.output)
    assert re.search(r"holdout +10 +0 +0\.0 % *\n", verified.output)


def test_sizes_of_arms_are_held_against_the_draw(address: str) -> None:
    store = open_store(address)
    assert isinstance(store, SqliteStore)
    fields = {"variant": "late", "site": "gazette", "verdict": "extension"}
    store.append([event("", assigned=True, **fields)] * 200)
    store.close()
    said = run("arms", "--store", address, "--share", "0.03", "--variant", "late=0.7").output
    assert "The arms are as large as drawn" in said
    said = run("arms", "--store", address, "--share", "0.03", "--variant", "late=0.2").output
    assert "Do not rely on this" in said
    assert "drawn (p" not in run("arms", "--store", address).output
    # The hold-out's share alone is held against the hold-out, and says nothing of the variants.
    assert (
        "The arms are as large as drawn"
        in run("arms", "--store", address, "--share", "0.03").output
    )
    assert "Do not rely on this" in run("arms", "--store", address, "--share", "0.3").output


@pytest.mark.parametrize("given", ["late", "late=much", "late=0", "late=1", "late=nan"])
def test_a_share_of_a_variant_that_makes_no_sense_is_refused(address: str, given: str) -> None:
    done = run("arms", "--store", address, "--variant", given)
    assert done.exit_code == 2
    assert "share" in done.output


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (("asked=0.3",), "'asked' is what the readers asked as the settings say are called"),
        (("holdout=0.3",), "'holdout' is what the readers who are never asked are called"),
        (("=0.3",), "the name '' is not up to 24"),
        (("late=0.3", "late=0.2"), "two have the same name"),
        (("late=0.6", "soon=0.5"), "the shares add up to 1.1"),
    ],
)
def test_variants_that_no_site_can_have_are_refused_before_anything_is_judged(
    address: str, given: tuple[str, ...], said: str
) -> None:
    done = run("arms", "--store", address, *(f"--variant={one}" for one in given))
    assert done.exit_code == 2
    assert said in " ".join(re.sub("[│╭╰─╮╯]", " ", done.output).split())
    assert "as large as drawn" not in done.output


def test_arms_that_cannot_be_compared_are_a_sentence(address: str) -> None:
    done = run("arms", "--store", address, "--against", "nobody")
    assert (done.exit_code, done.output.count("Traceback")) == (2, 0)
    assert "there is no arm 'nobody', only asked, holdout" in done.output
    assert (
        "Nothing to compare yet" in run("arms", "--store", address, "--until", "2020-01-01").output
    )
