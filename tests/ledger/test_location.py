from __future__ import annotations

from pathlib import Path
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adguard.ledger import StoreURLError
from adguard.ledger.location import JOURNAL_MB, Address, Host, Location, locate


def test_an_address_names_an_absolute_file() -> None:
    assert locate("sqlite:///srv/figures.db") == Location("sqlite", Path("/srv/figures.db"))
    assert locate("sqlite:////srv/figures.db").path == Path("/srv/figures.db")
    assert locate("sqlite:///srv/my%20figures.db").path == Path("/srv/my figures.db")


def test_an_address_may_trade_power_cuts_for_speed() -> None:
    assert locate("sqlite:///a").synchronous == "FULL"
    assert locate("sqlite:///a?synchronous=normal").synchronous == "NORMAL"
    assert locate("clickhouse://h/d?synchronous=normal").synchronous == "NORMAL"


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
    assert locate("clickhouse://h/d").path == tmp_path / "journal.sqlite3"
    monkeypatch.delenv("ADGUARD_DATA")
    assert locate("").path == Path("/elsewhere/adguard/figures.sqlite3")
    monkeypatch.delenv("XDG_DATA_HOME")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert locate(None).path == tmp_path / ".local/share/adguard/figures.sqlite3"


def test_a_clickhouse_address_names_servers_account_database_and_journal() -> None:
    found = locate(
        "clickhouse://rec%40order:p%2Fw@one,two:9001,[::1]:9002/figures"
        "?cluster=main&secure=1&journal=/srv/my%20journal.db&journal_mb=10"
    )
    assert found == Location(
        "clickhouse",
        Path("/srv/my journal.db"),
        "FULL",
        Address(
            (Host("one", 9440), Host("two", 9001), Host("::1", 9002)),
            "figures",
            "rec@order",
            "p/w",
            "main",
            True,
        ),
        10,
    )
    assert str(found.address) == "clickhouse://one:9440,two:9001,[::1]:9002/figures"


def test_most_of_a_clickhouse_address_may_be_left_out() -> None:
    found = locate("clickhouse://localhost/figures")
    assert found.address == Address((Host("localhost", 9000),), "figures", "default", "", "", False)
    assert found.journal_mb == JOURNAL_MB


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("clickhouse:", "names no ClickHouse database"),
        ("clickhouse://", "names no ClickHouse database"),
        ("clickhouse://localhost", "names no ClickHouse database"),
        ("clickhouse://localhost/", "names no ClickHouse database"),
        ("clickhouse://localhost/a.b", "names no ClickHouse database"),
        ("clickhouse:///figures", "one of the hosts"),
        ("clickhouse://one,,two/figures?cluster=c", "one of the hosts"),
        ("clickhouse://one two/figures", "one of the hosts"),
        ("clickhouse://one:0/figures", "one of the hosts"),
        ("clickhouse://one:65536/figures", "one of the hosts"),
        ("clickhouse://one:x/figures", "one of the hosts"),
        ("clickhouse://:secret@one/figures", "names no ClickHouse database"),
        ("clickhouse://one,two/figures", "add \\?cluster=NAME"),
        ("clickhouse://one/figures?cluster=a;b", "cluster must be a name"),
        ("clickhouse://one/figures?secure=yes", "secure must be 0 or 1"),
        ("clickhouse://one/figures?journal=here.db", "journal must be the absolute path"),
        ("clickhouse://one/figures?journal=/", "journal must be the absolute path"),
        ("clickhouse://one/figures?journal_mb=0", "journal_mb must be a whole number"),
        ("clickhouse://one/figures?journal_mb=1e9", "journal_mb must be a whole number"),
        ("clickhouse://one/figures?synchronous=off", "synchronous=full or =normal"),
        ("clickhouse://one/figures?password=secret", "the options of a ClickHouse store"),
    ],
)
def test_a_clickhouse_address_that_makes_no_sense_says_what_is_wrong(url: str, why: str) -> None:
    with pytest.raises(StoreURLError, match=why) as caught:
        locate(url)
    assert "secret" not in str(caught.value)


@given(st.text(min_size=1).filter(lambda text: text.strip("\x00")))
def test_a_password_may_hold_anything_once_it_is_encoded(password: str) -> None:
    encoded = quote(password.encode("utf-8", "surrogatepass"), safe="")
    found = locate(f"clickhouse://user:{encoded}@host/figures").address
    assert found is not None
    assert (found.user, found.hosts) == ("user", (Host("host", 9000),))
    assert found.password == password or "\ufffd" in found.password
    assert password not in repr(found) or password in repr(Address(found.hosts, "figures", "user"))


PASSWORD = "hUnter2SECRET"


@given(
    st.text("hunter2:/@?#,&=%[]. ", max_size=12),
    st.text("hunter2:/@?#,&=%[]. ", max_size=12),
    st.sampled_from(["clickhouse", "clickhouses", "postgres", "sqlite"]),
)
def test_no_error_ever_shows_a_password_however_it_was_mangled(
    before: str, after: str, scheme: str
) -> None:
    assert PASSWORD not in shown(f"{scheme}://user:{before}{PASSWORD}{after}@host:9000/figures")


def shown(url: str) -> str:
    try:
        found = locate(url)
    except StoreURLError as error:
        return f"{error} {error.__cause__}"
    return f"{found} {found.address}" if found.address is not None else ""
