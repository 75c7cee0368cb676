"""Many readers at once: contexts of one browser process, a few at a time."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from playwright.async_api import async_playwright

from e2e.faults.browser import Stable
from e2e.faults.fault import Fault
from e2e.faults.paper import Paper
from e2e.faults.visit import Deposition, witness
from e2e.harness import Server
from e2e.hosts_site import adverts, alive

AT_ONCE = 6


@dataclass(frozen=True)
class Crew:
    """What readers need: a browser, the site, and the port where it is served."""

    stable: Stable
    paper: Paper
    port: int


@asynccontextmanager
async def crew(name: str, folder: Path, *, hosts: bool = False) -> AsyncIterator[Crew]:
    """Starts a site and the browser `name`, with profiles in `folder`, and ends both.

    :param hosts: the site's pages have advertising from two other hosts, and it watches them.
    :raises MissingError: the browser is not on this machine.
    """
    ads = Server(lambda: adverts) if hosts else None
    paper = Paper(alive(ads, "tag.js", "one", "two", "cdn") if ads else ())
    server = Server(paper.factory)
    relay = await _on_ipv6(server.port)
    try:
        async with async_playwright() as playwright, Stable(playwright, name, folder) as stable:
            yield Crew(stable, paper, server.port)
    finally:
        if relay is not None:
            relay.close()
        server.stop()
        if ads is not None:
            ads.stop()


async def run(
    name: str,
    faults: Iterable[Fault],
    folder: Path,
    heard: Callable[[Fault, Deposition], object] = lambda fault, told: None,
) -> tuple[list[Deposition], dict[str, int]]:
    """Sends one reader of the browser `name` through each of `faults`, some side by side.

    :param heard: called with each testimony as it comes.
    :return: the testimonies, and the sums of the ledger of the plain mount.
    :raises MissingError: the browser is not on this machine.
    """
    waiting = asyncio.Semaphore(AT_ONCE)
    async with crew(name, folder) as hands:

        async def one(fault: Fault) -> Deposition:
            async with waiting:
                told = await witness(hands.stable, hands.paper, hands.port, fault)
            heard(fault, told)
            return told

        # The longest first, so that nobody is waited for alone.
        ordered = sorted(faults, key=lambda fault: "hang" not in fault.trouble.values())
        told = await asyncio.gather(*(one(fault) for fault in ordered))
        return list(told), hands.paper.totals()


def has_ipv6() -> bool:
    """Whether this machine can listen on ::1."""
    with suppress(OSError), socket.socket(socket.AF_INET6) as probe:
        probe.bind(("::1", 0))
        return True
    return False


async def _on_ipv6(port: int) -> asyncio.Server | None:
    """Relays [::1]:`port` to the server on 127.0.0.1:`port`."""

    async def relay(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            inner, outer = await asyncio.open_connection("127.0.0.1", port)
            await asyncio.gather(_pump(reader, outer), _pump(inner, writer))

    with suppress(OSError):
        return await asyncio.start_server(relay, "::1", port)
    return None


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while part := await reader.read(65_536):
            writer.write(part)
            await writer.drain()
    writer.close()
