"""A store with a few invented days, and a desk over it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from typing import Any

import httpx
import pytest

from adguard.dashboard import Dashboard, Gate
from adguard.dashboard.invented import invent_day
from adguard.ledger import Batch, Store, open_store
from adguard.ledger.events import DAY

TODAY = 20_780
NOW = TODAY * DAY + 43_200.0
KEYS = ("k" * 32,)
PASSWORD = "open, please: sesame"

Client = httpx.AsyncClient
Make = Callable[..., Client]


class Clock:
    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(scope="session")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    """Six days; settings changed on the third last (see `invented`)."""
    opened = open_store(f"sqlite://{tmp_path_factory.mktemp('desk') / 'figures.sqlite3'}")
    opened.migrate()
    for day in range(TODAY - 5, TODAY + 1):
        opened.apply(Batch("demo", day, invent_day(day, until=int(NOW))))
    return opened


@pytest.fixture
async def make(store: Store, clock: Clock) -> AsyncIterator[Make]:
    """Makes a desk and a client of it; open to everybody unless it is told otherwise."""
    clients: list[Client] = []

    def made(
        read: Callable[[], Store] = lambda: store, gate: Gate | None = None, **options: Any
    ) -> Client:
        if gate is None:
            gate = Gate(authenticator=lambda _: True, keys=KEYS)
        desk = Dashboard(read, gate, clock=clock, **options)
        transport = httpx.ASGITransport(app=desk)
        clients.append(httpx.AsyncClient(transport=transport, base_url="https://desk.example"))
        return clients[-1]

    yield made
    for client in clients:
        await client.aclose()
