"""Variants: what may be tried, on whom, and what it changes."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adguard.environment import SettingsError
from adguard.experiment import BUCKETS, arm_of, experiment_number, held_out, true_shares
from adguard.presets import PRESETS, Policy
from adguard.variants import Arms, Variant

COPY = {"en": {"button.later": "Another time"}}
SHARES = (("copy-b", 0.3), ("late", 0.2))


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ({"name": "Copy B"}, "name 'Copy B' is not up to 24 lower-case letters"),
        ({"name": "x" * 25}, "is not up to 24"),
        ({"name": "b--c"}, "is not up to 24"),
        ({"name": 'b"><script>'}, "is not up to 24"),
        ({"name": 7}, "is not up to 24"),
        ({"name": "asked"}, "'asked' is what the readers asked as the settings say are called"),
        ({"name": "holdout"}, "'holdout' is what the readers who are never asked are called"),
        ({"share": 0}, "the share 0 is not between 0 and 1"),
        ({"share": 1}, "the share 1 is not between 0 and 1"),
        ({"share": True}, "the share True"),
        ({"share": "0.3"}, "the share '0.3'"),
        ({"form": "interstitial"}, "an interstitial is bound to paths by a Rule"),
        ({"policy": {"form": "interstitial"}}, "an interstitial is bound to paths by a Rule"),
        ({"policy": {"form": "inline"}}, "the form belongs into `form`"),
        ({"form": "pigeon"}, "the form 'pigeon' is not one of inline, banner, dialog"),
        ({"policy": {"first_ask": 1}}, "'copy-b': policy.first_ask: 1 is not a whole number"),
        ({"policy": {"frist_ask": 3}}, "policy.frist_ask: no such policy value; known: first_ask"),
        ({"policy": [3]}, "policy is not a mapping"),
        ({"texts": "Hello"}, "texts is not a mapping"),
        ({"texts": {"button.later": "Another time"}}, "texts are by language first"),
        ({"texts": {}}, "'copy-b' differs in nothing"),
    ],
)
def test_a_variant_that_cannot_be_tried_is_refused_with_its_name(
    values: dict[str, Any], says: str
) -> None:
    with pytest.raises(SettingsError, match=r"^variants: ") as caught:
        Variant(**{"name": "copy-b", "share": 0.3, "texts": COPY, **values})
    assert says in str(caught.value)


@pytest.mark.parametrize(
    ("variants", "says"),
    [
        ([("a", 0.5), ("b", 0.5)], "the shares add up to 1; leave some"),
        ([("a", 0.2), ("a", 0.3)], "two have the same name"),
        ([(f"v{n}", 0.1) for n in range(9)], "9 are too many; 8 at most"),
    ],
)
def test_variants_that_do_not_go_together_are_refused(
    variants: list[tuple[str, float]], says: str
) -> None:
    made = [Variant(name, share, texts=COPY) for name, share in variants]
    with pytest.raises(SettingsError, match=r"^variants: ") as caught:
        Arms(0.0, made, "gazette")
    assert says in str(caught.value)


def test_every_arm_gets_its_share_within_a_tenth_of_it() -> None:
    shares = true_shares(0.1, SHARES, "gazette")
    assert list(shares) == ["asked", "holdout", "copy-b", "late"]
    assert sum(shares.values()) == pytest.approx(1)
    wanted = {"holdout": 0.1, "copy-b": 0.27, "late": 0.18, "asked": 0.45}
    assert shares == pytest.approx(wanted, rel=0.1)


def test_the_variant_is_drawn_independently_of_the_hold_out() -> None:
    """Else the readers of a variant would be others once a share is held out."""
    alone = {b: arm_of(b, 0.0, SHARES, "gazette") for b in range(BUCKETS)}
    beside = {b: arm_of(b, 0.4, SHARES, "gazette") for b in range(BUCKETS)}
    assert {b for b in alone if held_out(b, 0.4, "gazette")} == {
        b for b in beside if beside[b] == "holdout"
    }
    assert all(beside[b] in {"holdout", alone[b]} for b in alone)
    held = Counter(alone[b] for b in alone if beside[b] == "holdout")
    assert held["copy-b"] / sum(held.values()) == pytest.approx(0.3, abs=0.03)


def test_another_site_and_other_names_are_another_draw() -> None:
    def members(site: str, names: tuple[str, str]) -> set[int]:
        shares = ((names[0], 0.3), (names[1], 0.2))
        return {b for b in range(BUCKETS) if arm_of(b, 0.0, shares, site) == names[0]}

    one = members("one", ("a", "b"))
    for other in (members("two", ("a", "b")), members("one", ("a", "c"))):
        assert len(one & other) / len(one) == pytest.approx(0.3, abs=0.05)


def test_a_larger_share_of_the_first_variant_only_adds_readers_to_it() -> None:
    small, large = (
        {b for b in range(BUCKETS) if arm_of(b, 0.0, (("a", share),), "one") == "a"}
        for share in (0.2, 0.4)
    )
    assert small < large


def test_other_names_or_shares_are_another_experiment_and_none_is_number_0() -> None:
    numbers = {
        experiment_number(shares)
        for shares in ((), SHARES, (("copy-b", 0.3),), (("copy-b", 0.31), ("late", 0.2)))
    }
    assert len(numbers) == 4
    assert experiment_number(()) == 0
    assert all(0 <= number <= 9_999 for number in numbers)


def test_whoever_was_drawn_for_other_variants_is_in_no_arm_until_drawn_anew() -> None:
    arms = Arms(0.0, [Variant("copy-b", 0.3, texts=COPY)], "gazette")
    assert arms.of(7, arms.number) in {"asked", "copy-b"}
    assert arms.of(7, arms.number + 1) == ""
    assert arms.of(None, arms.number) == ""
    assert Arms(0.0, (), "gazette").of(7, 0) == ""
    assert Arms(0.9999, (), "gazette").of(7, 0) == "holdout"


def test_a_variant_changes_a_paths_own_policy_and_leaves_walls_standing() -> None:
    variant = Variant("late", 0.3, form="inline", policy={"first_ask": 4, "free_views": 9})
    arms = Arms(0.0, [variant], "gazette")
    gentle = arms.policy("late", PRESETS["gentle"])
    assert (gentle.first_ask, gentle.form, gentle.max_asks) == (4, "inline", 2)
    strict = arms.policy("late", PRESETS["strict"])
    assert (strict.form, strict.free_views) == ("interstitial", 9)
    for arm in ("", "asked", "holdout"):
        assert arms.policy(arm, PRESETS["gentle"]) is PRESETS["gentle"]
    assert arms.policy("late", PRESETS["gentle"]) is gentle


@given(st.sampled_from(list(PRESETS.values())), st.sampled_from(["inline", "banner", "dialog"]))
def test_no_variant_makes_a_wall_where_there_is_none(policy: Policy, form: Any) -> None:
    applied = Variant("b", 0.1, form=form, policy={"first_ask": 9}).applied(policy)
    assert (applied.form == "interstitial") is (policy.form == "interstitial")
