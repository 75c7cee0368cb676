from __future__ import annotations

from pathlib import Path

import pytest

from adguard.ledger import Span, StoreError, StoreURLError, open_store
from adguard.ledger.fold import COUNTERS, WHOLE
from adguard.ledger.location import Location, locate
from adguard.ledger.store import total


def test_an_address_names_an_absolute_file() -> None:
    assert locate("sqlite:///srv/figures.db") == Location("sqlite", Path("/srv/figures.db"))
    assert locate("sqlite:////srv/figures.db").path == Path("/srv/figures.db")
    assert locate("sqlite:///srv/my%20figures.db").path == Path("/srv/my figures.db")


def test_an_address_may_trade_power_cuts_for_speed() -> None:
    assert locate("sqlite:///a").synchronous == "FULL"
    assert locate("sqlite:///a?synchronous=normal").synchronous == "NORMAL"


@pytest.mark.parametrize(("url", "kind"), [("memory:", "memory"), ("none", "none")])
def test_an_address_may_name_no_file(url: str, kind: str) -> None:
    assert locate(url) == Location(kind)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "url",
    [
        "sqlite:relative.db",
        "sqlite://relative.db",
        "sqlite:///",
        "postgres://host/db",
        "/srv/figures.db",
        "sqlite:///a?cache=1",
        "sqlite:///a?synchronous=off",
    ],
)
def test_an_address_that_makes_no_sense_says_what_would(url: str) -> None:
    with pytest.raises(StoreURLError, match=r"sqlite:///absolute/path|synchronous=full"):
        locate(url)


def test_without_an_address_the_data_folder_is_used(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("ADGUARD_DATA", str(tmp_path))
    monkeypatch.setenv("XDG_DATA_HOME", "/elsewhere")
    assert locate(None).path == tmp_path / "figures.sqlite3"
    monkeypatch.delenv("ADGUARD_DATA")
    assert locate("").path == Path("/elsewhere/adguard/figures.sqlite3")
    monkeypatch.delenv("XDG_DATA_HOME")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert locate(None).path == tmp_path / ".local/share/adguard/figures.sqlite3"


@pytest.mark.parametrize("url", ["memory:", "none"])
def test_only_a_file_can_be_read_from_outside(url: str) -> None:
    with pytest.raises(StoreError):
        open_store(url)


def test_reading_what_was_never_written_says_so(tmp_path: Path) -> None:
    store = open_store(f"sqlite://{tmp_path}/none.db")
    with pytest.raises(StoreError, match="does not exist"), store.figures():
        pass
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "none.db").touch()
    with pytest.raises(StoreError, match="nothing has been recorded"), store.figures():
        pass


def test_a_span_is_made_of_the_whole_days_that_hold_its_ends() -> None:
    assert Span.of(86400.5, 3 * 86400 - 1) == Span(1, 2)
    assert Span.of(86400, 86400, "news") == Span(1, 1, "news")
    with pytest.raises(ValueError, match="before since"):
        Span.of(2, 1)


def test_sampled_observations_stand_for_more_than_themselves() -> None:
    one = tuple(int(name == "clear") for name in COUNTERS)
    three = tuple(3 * n for n in one)
    found = total([(WHOLE, one), (WHOLE // 4, three), (WHOLE, one)])
    assert found.raw["clear"] == 5
    assert found.weighted["clear"] == 14
    assert found.views == 14
