from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adguard.ledger import Batch, Event, Span, StoreError
from adguard.ledger.fold import CAPS, OTHER
from adguard.ledger.sqlite import AT_ONCE, SqliteStore
from adguard.ledger.store import KEEP_DAYS
from tests.ledger.making import DAY, NOW, TODAY, counted, event, full_disk, paths, totals, views


@pytest.fixture(params=["file", "memory"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[SqliteStore]:
    made = SqliteStore(tmp_path / "f.db" if request.param == "file" else None, busy_timeout=0.05)
    made.migrate()
    yield made
    made.close()


@pytest.fixture
def file(tmp_path: Path) -> Iterator[SqliteStore]:
    made = SqliteStore(tmp_path / "f.db", busy_timeout=0.05)
    made.migrate()
    yield made
    made.close()


def raw(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(path, isolation_level=None, timeout=0.05)


def everything(path: Path) -> bytes:
    return b"".join(p.read_bytes() for p in path.parent.glob(path.name + "*"))


def test_what_waits_in_the_journal_is_in_the_figures_at_once(store: SqliteStore) -> None:
    assert store.append([event(1), event(2, verdict="extension")]) == set()
    assert counted(store) == {"clear": 1, "extension": 1, "suppressed": 1}


def test_folding_changes_no_figure(store: SqliteStore) -> None:
    for i in range(4):
        store.append([event(f"{i}{k}", path=f"/{k}", verdict="extension") for k in range(i + 1)])
    before = counted(store), paths(store)
    assert store.fold() == 4
    assert (counted(store), paths(store)) == before
    assert store.fold() == 0
    store.append([event("x", path="/0")])
    assert dict(paths(store))["/0"] == 5


@settings(max_examples=25, deadline=None)
@given(st.lists(st.lists(st.tuples(st.integers(0, 9), st.booleans()), max_size=5), max_size=6))
def test_however_events_repeat_and_folds_fall_each_id_counts_once(
    batches: list[list[tuple[int, bool]]],
) -> None:
    store = SqliteStore(None)
    met: set[int] = set()
    for batch in batches:
        known = store.append([event(number) for number, _ in batch])
        for i, (number, fold) in enumerate(batch):
            assert (i in known) == (number in met)
            met.add(number)
            if fold:
                store.fold()
        assert views(store) == len(met)
    store.close()


def test_a_duplicate_inside_a_batch_and_across_batches_is_named_by_its_place(
    store: SqliteStore,
) -> None:
    assert store.append([event(1), event(2), event(1)]) == {2}
    assert store.append([event(3), event(2), event(1)]) == {1, 2}
    assert store.append([event(3)]) == {0}
    assert views(store) == 3


def test_events_without_an_id_are_never_duplicates(store: SqliteStore) -> None:
    measured = event("", kind="measured", verdict="")
    assert store.append([measured, measured, event(1), event(1)]) == {3}
    assert counted(store) == {"measured": 2, "clear": 1}


def test_nothing_of_a_query_string_is_on_the_disk(file: SqliteStore, tmp_path: Path) -> None:
    file.append([event(1, path="/a?token=geheim"), event(2, path="/a#geheim")])
    assert b"geheim" not in everything(tmp_path / "f.db")
    file.fold()
    assert paths(file) == [("/a", 2)]


def test_text_that_cannot_be_stored_is_mended_not_refused(store: SqliteStore) -> None:
    assert store.append([event(1), event("\ud800", path="/\ud800", section="\udfff")]) == set()
    assert views(store) == 2


def test_pages_beyond_the_days_room_stand_under_other_folded_or_not(store: SqliteStore) -> None:
    store.append([event(f"a{i}", path=f"/{i}") for i in range(CAPS["page"])])
    store.fold()
    store.append([event("b1", path="/new"), event("b2", path="/7"), event("b3", path="/new")])
    live = dict(paths(store, limit=3))
    assert live == {OTHER: 2, "/7": 2, "/0": 1}
    store.fold()
    assert dict(paths(store, limit=3)) == live
    assert views(store) == CAPS["page"] + 3


def test_sampled_views_stand_for_more_than_themselves(store: SqliteStore) -> None:
    store.append([event(1, sample=0.25), event(2), event(3, sample=0.25)])
    for _ in range(2):
        assert totals(store).raw["clear"] == 3
        assert totals(store).weighted["clear"] == 9
        store.fold()


def test_pages_are_ranked_by_what_their_views_stand_for(store: SqliteStore) -> None:
    store.append([event(1, path="/a", sample=0.1), event(2, path="/b"), event(3, path="/b")])
    assert paths(store, limit=1) == [("/a", 10)]


def test_figures_are_of_the_asked_days_and_site_only(store: SqliteStore) -> None:
    day = 86400
    store.append([event(1), event(2, at=NOW - day), event(3, at=NOW + day), event(4, site="b")])
    for _ in range(2):
        assert views(store, Span(DAY, DAY)) == 2
        assert views(store, Span(DAY, DAY, "b")) == 1
        assert views(store, Span(DAY - 1, DAY + 1)) == 4
        assert views(store, Span(DAY - 1, DAY + 1, "default")) == 3
        assert views(store, Span(DAY, DAY, "nobody")) == 0
        store.fold()


def test_a_series_has_a_point_for_every_step_in_which_something_happened(
    store: SqliteStore,
) -> None:
    start = DAY * 86400
    moments = [start, start + 3599, start + 3600, start + 86399, start + 86400]
    store.append([event(i, at=at) for i, at in enumerate(moments)])
    with store.figures() as figures:
        hours = [(p.at, p.totals.views) for p in figures.block_rate(TODAY, "hour")]
        days = [(p.at, p.totals.views) for p in figures.block_rate(Span(DAY, DAY + 1), "day")]
    assert hours == [(start, 2), (start + 3600, 1), (start + 82800, 1)]
    assert days == [(start, 4), (start + 86400, 1)]


@pytest.mark.parametrize(
    ("dimension", "field"),
    [(d, d) for d in ("verdict", "browser", "device", "variant", "section", "country", "reason")]
    + [("form", "form"), ("version", "version")],
)
def test_figures_split_by_every_dimension(store: SqliteStore, dimension: str, field: str) -> None:
    values = ["extension", "network"] if dimension == "verdict" else ["a", "b"]
    store.append([event(i, **{field: values[i % 3 == 0]}) for i in range(4)])
    with store.figures() as figures:
        found = [(row.value, row.totals.views) for row in figures.breakdown(TODAY, dimension)]
    assert found == [(values[0], 2), (values[1], 2)]


def test_an_unknown_dimension_is_refused(store: SqliteStore) -> None:
    with store.figures() as figures, pytest.raises(ValueError, match="'shoe' is not one of"):
        figures.breakdown(TODAY, "shoe")


def test_one_view_of_the_figures_does_not_move_while_events_arrive(file: SqliteStore) -> None:
    file.append([event(1)])
    with file.figures() as figures:
        file.append([event(2)])
        file.fold()
        assert figures.funnel(TODAY).views == 1
    assert views(file) == 2


def test_a_batch_is_applied_once(store: SqliteStore) -> None:
    one = Batch("node", 7, [event(1), event(2)])
    assert store.apply(one) is True
    assert store.apply(one) is False
    assert store.apply(Batch("node", 5, one.events)) is True
    assert store.apply(Batch("other", 7, one.events)) is True
    assert views(store) == 6


def test_a_batch_that_fails_half_way_leaves_nothing(
    store: SqliteStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    class BrokenError(Exception):
        pass

    def broken(*_: object) -> None:
        raise BrokenError

    store.append([event(1)])
    with monkeypatch.context() as patch:
        patch.setattr("adguard.ledger.reading.upsert", broken)
        for attempt in (lambda: store.apply(Batch("n", 1, [event(2)])), store.fold):
            with pytest.raises(BrokenError):
                attempt()
    assert store.apply(Batch("n", 1, [event(2)])) is True
    assert store.fold() == 1
    assert views(store) == 2


def test_batch_numbers_never_come_back(file: SqliteStore, tmp_path: Path) -> None:
    file.append([event(1)])
    file.fold()
    file.append([event(2)])
    with closing(raw(tmp_path / "f.db")) as db:
        assert db.execute("SELECT seq FROM journal").fetchall() == [(2,)]


def test_a_file_keeps_its_name(file: SqliteStore, tmp_path: Path) -> None:
    again = SqliteStore(tmp_path / "f.db")
    assert file.node == again.node
    assert len(file.node) == 16
    again.close()


def test_a_spoiled_batch_is_set_aside_and_told_and_the_rest_counts(
    file: SqliteStore, tmp_path: Path
) -> None:
    file.append([event(1)])
    with closing(raw(tmp_path / "f.db")) as db:
        db.execute("INSERT INTO journal (at, batch) VALUES (0, x'c1')")
    file.append([event(2)])
    assert views(file) == 2
    assert file.fold() == 3
    assert views(file) == 2
    assert file.health()["spoiled_batches"] == 1
    assert file.health()["journal_batches"] == 0


def test_a_long_journal_is_folded_in_pieces(store: SqliteStore) -> None:
    for i in range(3):
        store.append([event(f"{i}-{k}") for k in range(AT_ONCE - 1)])
    assert [store.fold(), store.fold(), store.fold()] == [2, 1, 0]
    assert views(store) == 3 * (AT_ONCE - 1)


def test_ids_are_forgotten_after_48_hours_and_figures_after_two_years(store: SqliteStore) -> None:
    store.append([event(1, browser="a"), event("foreign", id="foreign")])
    store.apply(Batch("n", 1, [event(2)]))
    store.fold()
    assert store.expire(NOW + 2 * 86400) == 0
    assert store.append([event(1), event("foreign", id="foreign")]) == {0, 1}
    assert store.expire(NOW + 3 * 86400) == 2
    assert store.append([event(1)]) == set()
    store.fold()
    assert views(store) == 4
    while store.expire(NOW + (KEEP_DAYS + 1) * 86400):
        pass
    assert views(store) == 0


def test_the_age_of_the_journal_is_told(store: SqliteStore) -> None:
    assert store.health() == {
        "journal_batches": 0,
        "journal_bytes": 0,
        "journal_age": 0,
        "spoiled_batches": 0,
    }
    store.append([event(1, at=1)])
    age = store.health()["journal_age"]
    assert isinstance(age, int)
    assert age > 1e9


def test_another_programs_database_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "django.db"
    with closing(raw(path)) as db:
        db.execute("CREATE TABLE auth_user (id)")
    before = path.read_bytes()
    store = SqliteStore(path)
    with pytest.raises(StoreError, match="belongs to another program"):
        store.append([event(1)])
    with pytest.raises(StoreError, match="belongs to another program"), store.figures():
        pass
    assert path.read_bytes() == before


def test_a_newer_versions_database_is_left_alone(file: SqliteStore, tmp_path: Path) -> None:
    with closing(raw(tmp_path / "f.db")) as db:
        db.execute("PRAGMA user_version = 99")
    store = SqliteStore(tmp_path / "f.db")
    with pytest.raises(StoreError, match="newer adguard"):
        store.append([event(1)])
    with pytest.raises(StoreError, match="newer adguard"), store.figures():
        pass


def test_reading_a_damaged_file_is_a_clear_error(tmp_path: Path) -> None:
    path = tmp_path / "f.db"
    path.write_bytes(b"not a database, but long enough to look like one" * 100)
    with pytest.raises(StoreError, match="not a database"), SqliteStore(path).figures():
        pass


def test_damage_behind_the_first_page_is_a_clear_error(file: SqliteStore, tmp_path: Path) -> None:
    file.append([event(i, path=f"/{i}") for i in range(900)])
    file.fold()
    file.close()
    path = tmp_path / "f.db"
    with path.open("r+b") as f:
        f.seek(4096)
        f.write(os.urandom(path.stat().st_size - 4096))
    with pytest.raises(StoreError, match=r"damaged|failed"), SqliteStore(path).figures() as f:
        f.top_pages(TODAY)


def test_a_file_that_was_deleted_is_made_again(file: SqliteStore, tmp_path: Path) -> None:
    file.append([event(1)])
    for path in tmp_path.glob("f.db*"):
        path.unlink()
    file.append([event(2)])
    assert views(file) == 1


def test_a_full_disk_keeps_nothing_of_a_batch_and_loses_nothing_older(
    file: SqliteStore, tmp_path: Path
) -> None:
    file.append([event(1)])
    many = [event(f"m{i}", path=f"/{i}") for i in range(9000)]
    with full_disk(tmp_path), pytest.raises(sqlite3.OperationalError):
        file.append(many)
    assert views(file) == 1
    file.close()
    assert file.append(many) == set()
    assert views(file) == 9001


def test_a_locked_file_keeps_nothing_of_a_batch(file: SqliteStore, tmp_path: Path) -> None:
    with closing(raw(tmp_path / "f.db")) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(sqlite3.OperationalError, match="locked"):
            file.append([event(1)])
        other.execute("ROLLBACK")
    assert file.append([event(1)]) == set()


def test_opening_waits_for_others_who_open_at_the_same_moment(tmp_path: Path) -> None:
    stores = [SqliteStore(tmp_path / "f.db") for _ in range(8)]
    known: list[set[int]] = []
    threads = [
        threading.Thread(target=lambda s=s: known.append(s.append([event(1)]))) for s in stores
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(known, key=len) == [set()] + [{0}] * 7
    assert views(stores[0]) == 1
    for store in stores:
        store.close()


READER = """
import os, sys
from pathlib import Path
from adguard.ledger.sqlite import SqliteStore
from adguard.ledger import Span
os.setgroups([]); os.setgid(65534); os.setuid(65534)
path = Path(sys.argv[1])
assert not os.access(path, os.W_OK) and not os.access(path.parent, os.W_OK)
with SqliteStore(path).figures() as figures:
    print(figures.funnel(Span(0, 99999)).views)
"""


@pytest.mark.skipif(os.getuid() != 0, reason="only root can become somebody else")
@pytest.mark.parametrize("running", [True, False])
def test_somebody_who_may_only_read_the_folder_reads_exact_figures(running: bool) -> None:
    # Not pytest's folder: that one is closed to other users.
    folder = Path(tempfile.mkdtemp(prefix="figures-"))
    try:
        folder.chmod(0o755)
        store = SqliteStore(folder / "f.db")
        store.append([event(1)])
        store.fold()
        store.append([event(2)])
        if not running:
            store.close()
        done = subprocess.run(
            [sys.executable, "-c", READER, str(folder / "f.db")],
            capture_output=True,
            text=True,
            check=False,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        )
        assert (done.stdout, done.stderr) == ("2.0\n", "")
        store.close()
    finally:
        shutil.rmtree(folder)


def test_an_event_is_a_valid_batch_of_one(store: SqliteStore) -> None:
    only = [Event(id="", site="s", at=NOW, kind="interstitial")]
    store.append(only)
    assert counted(store) == {"interstitials": 1}
