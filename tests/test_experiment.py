"""Assignment to the hold-out."""

from __future__ import annotations

from adguard.experiment import BUCKETS, draw_bucket, held_out


def test_the_hold_out_holds_its_share_of_all_buckets() -> None:
    held = sum(held_out(bucket, 0.1, "gazette") for bucket in range(BUCKETS))
    assert 900 < held < 1100


def test_a_reader_stays_in_the_arm_and_a_larger_share_only_adds() -> None:
    tenth = {b for b in range(BUCKETS) if held_out(b, 0.1, "gazette")}
    fifth = {b for b in range(BUCKETS) if held_out(b, 0.2, "gazette")}
    assert tenth < fifth


def test_two_sites_hold_out_different_readers() -> None:
    one = {b for b in range(BUCKETS) if held_out(b, 0.1, "one")}
    two = {b for b in range(BUCKETS) if held_out(b, 0.1, "two")}
    assert len(one & two) < len(one) / 5


def test_nobody_is_held_out_without_a_share_or_without_a_bucket() -> None:
    assert not held_out(None, 1.0, "gazette")
    assert not any(held_out(bucket, 0.0, "gazette") for bucket in range(100))
    assert all(held_out(bucket, 1.0, "gazette") for bucket in range(100))


def test_a_drawn_bucket_is_one_of_ten_thousand() -> None:
    assert all(0 <= draw_bucket() < BUCKETS for _ in range(1000))
