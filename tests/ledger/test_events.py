from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from adguard.ledger.events import Event, decode, dedupe_key, encode, forgotten_before, tidy
from tests.ledger.making import DAY, NOW, event


@given(st.lists(st.builds(event, st.integers(0, 99), path=st.text(), section=st.text())))
def test_what_is_packed_comes_out_the_same(events: list[Event]) -> None:
    tidied = [tidy(e) for e in events]
    assert decode(encode(tidied)) == tidied


def test_a_batch_of_an_older_version_with_fewer_fields_is_still_read() -> None:
    packed = msgspec.msgpack.encode([["1-x", "default", NOW, "view", "clear"]])
    assert decode(packed) == [Event(id="1-x", site="default", at=NOW, kind="view", verdict="clear")]


def test_what_is_no_batch_is_refused() -> None:
    with pytest.raises(msgspec.DecodeError):
        decode(b"\xc1")


@given(st.text(), st.text(st.characters(categories=["Cs"]), min_size=1, max_size=3))
def test_no_text_a_browser_can_send_defeats_the_journal(text: str, broken: str) -> None:
    e = tidy(event(path="/" + text + broken, section=broken, id=broken))
    assert decode(encode([e])) == [e]
    assert "?" not in e.path


@pytest.mark.parametrize("path", ["/a?secret=1", "/a#secret"])
def test_query_and_fragment_are_cut_off_before_anything_is_kept(path: str) -> None:
    assert tidy(event(path=path)).path == "/a"


def test_an_event_without_faults_is_not_copied() -> None:
    e = event(path="/ä")
    assert tidy(e) is e


@pytest.mark.parametrize("day", [DAY - 2, DAY - 1, DAY, DAY + 1])
def test_an_id_of_these_days_is_its_own_key(day: int) -> None:
    assert dedupe_key(event(id=f"{day}-abc")) == f"{day}-abc"


@pytest.mark.parametrize(
    "id_", [f"{DAY - 3}-abc", f"{DAY + 2}-abc", "99999-abc", "abc", f"{DAY}-" + "x" * 99, "-"]
)
def test_a_foreign_id_is_remembered_under_the_day_on_which_it_came(id_: str) -> None:
    key = dedupe_key(event(id=id_))
    assert key.startswith(f"{DAY}-~")
    assert len(key) <= 80


def test_an_id_is_remembered_for_at_least_48_hours() -> None:
    late = (DAY + 1) * 86400 - 1
    key = dedupe_key(event(id=f"{DAY}-zzz", at=late))
    assert key >= forgotten_before(late + 48 * 3600)
    assert key < forgotten_before(late + 72 * 3600)
