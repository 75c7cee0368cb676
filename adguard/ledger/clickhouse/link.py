"""A connection to one ClickHouse server, and what its errors mean."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Sequence
from typing import Any, Protocol

from clickhouse_driver import Client, errors

from adguard.ledger.errors import StoreError
from adguard.ledger.location import Address, Host

__all__ = ["Connect", "Link", "NativeLink", "Refusal", "Unreachable", "literal", "told"]

# The driver logs every refused connection with its traceback; we raise it.
logging.getLogger("clickhouse_driver.connection").setLevel(logging.CRITICAL)

CONNECT_WITHIN = 5.0
ANSWER_WITHIN = 30.0

MISSING_DATABASE = 81
MISSING_TABLE = 60
_WITHOUT_KEEPER = "it cannot reach its ZooKeeper or Keeper, so it takes nothing ({what})"
_MEANINGS = {
    **dict.fromkeys((192, 193, 194, 516), "wrong user or password"),
    **dict.fromkeys((164, 497), "the user may not do this ({what})"),
    MISSING_DATABASE: "the database is missing ({what})",
    MISSING_TABLE: "a table is missing ({what})",
    **dict.fromkeys((10, 16, 47), "a table lacks a column ({what})"),
    **dict.fromkeys((225, 242, 319, 999), _WITHOUT_KEEPER),
    243: "its disk is full",
    279: "no replica of one of the shards can be reached",
}


class Unreachable(StoreError):  # noqa: N818
    """A server did not answer, or stopped answering: what it did last is not known."""


class Refusal(StoreError):  # noqa: N818
    """A server said no.

    :param code: ClickHouse's number of the error.
    """

    def __init__(self, message: str, code: int) -> None:
        super().__init__(message)
        self.code = code


class Link(Protocol):
    """What the store needs of a connection. For one thread at a time."""

    def ask(self, sql: str) -> list[tuple[Any, ...]]:
        """Runs a statement and returns its rows.

        :raises Unreachable: the server is away.
        :raises Refusal: it refused.
        """

    def put(
        self, table: str, columns: Sequence[str], rows: Sequence[Sequence[Any]], token: str
    ) -> None:
        """Inserts rows as one block.

        :param token: names the block, where the server can tell a repeated one by its name.
        """

    def close(self) -> None:
        """Lets go of the connection."""


Connect = Callable[[Address, Host], Link]


def literal(value: str | int) -> str:
    """A value as every ClickHouse reads it."""
    if isinstance(value, int):
        return str(value)
    escaped = value.replace("\\", "\\\\").replace("'", "\\'").replace("\0", "\\0")
    return f"'{escaped}'"


def told(code: int, message: str) -> str:
    """Says what an error of ClickHouse means, in one line."""
    what = re.sub(r"^(Code: \d+\.?\s*|[\w:]*Exception[.:]\s*)+", "", message.strip())
    what = re.split(r"\.?\s*Stack trace:|\n", what)[0].strip().rstrip(".")[:300]
    return _MEANINGS.get(code, "{what} (code {code})").format(what=what, code=code)


class NativeLink:
    """ClickHouse's own protocol, which 18.16 and today's servers speak.

    :raises Unreachable: nobody answers there.
    :raises Refusal: wrong user or password.
    """

    def __init__(self, address: Address, host: Host) -> None:
        self._address = address
        self._host = host
        self._client = Client(
            host.name,
            port=host.port,
            user=address.user,
            password=address.password,
            secure=address.secure,
            client_name="adguard",
            connect_timeout=CONNECT_WITHIN,
            send_receive_timeout=ANSWER_WITHIN,
            tcp_keepalive=True,
        )
        try:
            known = self.ask(
                "SELECT name FROM system.settings WHERE name IN "
                "('insert_deduplicate', 'insert_deduplication_token', 'async_insert')"
            )
        except BaseException:
            self.close()
            raise
        self._known = {name for (name,) in known}

    def ask(self, sql: str) -> list[tuple[Any, ...]]:
        # A figure without one of the shards would be a wrong figure.
        return list(self._run(sql, settings={"skip_unavailable_shards": 0}) or ())

    def put(
        self, table: str, columns: Sequence[str], rows: Sequence[Sequence[Any]], token: str
    ) -> None:
        wanted = {"insert_deduplicate": 1, "async_insert": 0, "insert_deduplication_token": token}
        settings = {name: value for name, value in wanted.items() if name in self._known}
        self._run(
            f"INSERT INTO {table} ({', '.join(columns)}) VALUES",
            list(zip(*rows, strict=True)),
            columnar=True,
            settings=settings,
        )

    def close(self) -> None:
        self._client.disconnect()

    def _run(self, sql: str, *values: Any, **options: Any) -> Any:
        try:
            return self._client.execute(sql, *values, **options)
        except errors.ServerException as error:
            what = self._address.hush(told(error.code, error.message))
            raise Refusal(f"{self._host}: {what}", error.code) from None
        except (errors.Error, OSError, EOFError) as error:
            # Texts of the system name the machine's addresses twice; the kind says enough.
            raise Unreachable(f"{self._host} does not answer ({_kind(error)})") from None


_SIGNS = {
    "refused": "connection refused",
    "timed out": "no answer in time",
    "name or service": "no such name",
    "certificate": "its certificate is not trusted",
    "ssl": "no TLS",
}


def _kind(error: BaseException) -> str:
    text = str(error).lower()
    return next((kind for sign, kind in _SIGNS.items() if sign in text), "connection lost")
