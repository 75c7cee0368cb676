"""What the paper keeps while it runs: keys, the editor's tray, who may come in."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, TypeVar, cast

import anyio.to_thread
from starlette.requests import HTTPConnection

from demo_site.gate import Patience, Sessions, Signer
from demo_site.letters.akismet import Akismet, akismet_of_environment
from demo_site.letters.tray import Tray
from demo_site.secret import data_folder

T = TypeVar("T")


class Office:
    """The rooms behind the pages.

    :param keys: sign forms, addresses and sessions; newest first.
    :param akismet: a second opinion on letters; `None` for none, and nothing leaves this server.
    :param trust_local_filter: prints letters that the local filter alone has cleared. Off: what no
        person and no Akismet has seen is not printed.
    :param desk_password: opens the editor's desk; "" keeps it closed.
    :param clock: Unix seconds.
    """

    def __init__(
        self,
        keys: Sequence[str],
        *,
        tray: Tray | None = None,
        akismet: Akismet | None = None,
        trust_local_filter: bool = False,
        desk_password: str = "",
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.tray = tray or Tray()
        self.akismet = akismet
        self.trust_local_filter = trust_local_filter
        self.desk_password = desk_password
        self.clock = clock
        self.stamps = Signer(keys, "letter", clock)
        self.own_letters = Signer(keys, "own", clock)
        self.gifts = Signer(keys, "gift", clock)
        self.editors = Sessions(keys, "desk", clock, bound_to=desk_password, same_site="strict")
        self.members = Sessions(keys, "member", clock)
        self.patience_with_editors = Patience(clock)
        self.patience_with_members = Patience(clock)


def office_of(connection: HTTPConnection) -> Office:
    return cast("Office", connection.app.state.office)


async def in_thread(work: Callable[..., T], *values: Any, **named: Any) -> T:
    """Does what waits for the disk without keeping other readers waiting."""
    return await anyio.to_thread.run_sync(partial(work, *values, **named))


def office_of_environment(key: str) -> Office:
    """Makes the office of a paper that is really served: letters in the data folder, Akismet where
    `PYTHON_AKISMET_API_KEY` is set, a desk where `PACKET_DESK_PASSWORD` is."""
    return Office(
        (key,),
        tray=Tray(data_folder() / "letters.sqlite3"),
        akismet=akismet_of_environment(),
        desk_password=os.environ.get("PACKET_DESK_PASSWORD", ""),
    )
