"""Everything that is made once, at start, and shared by all requests."""

from __future__ import annotations

import logging
import time
import weakref
from collections.abc import Callable
from typing import TYPE_CHECKING
from urllib.parse import quote

from starlette.types import Scope

from adguard.assets import Assets
from adguard.baits import BaitError, Kind
from adguard.crew import Crew
from adguard.edition import Edition
from adguard.forgetting import horizon_of
from adguard.ledger import Ledger, StoreURLError
from adguard.ledger.location import locate
from adguard.pages import Pages
from adguard.passes import Codes, open_taken
from adguard.presets import Mode, Ruling
from adguard.reader import CookieJar, day_of
from adguard.served import PagesServed
from adguard.settings import Settings, SettingsError
from adguard.signing import Destinations, Tokens
from adguard.switch import ModeSwitch
from adguard.tally import Tally

if TYPE_CHECKING:
    from adguard.alerts import Watch
    from adguard.insight.exposition import Exposition

logger = logging.getLogger("adguard")

LOCAL_HOSTS = ("localhost", "127.0.0.1", "[::1]", "testserver")


class Services:
    """The parts that the front door and the endpoints work with.

    :param clock: seconds since the epoch, UTC.
    :raises SettingsError: when an option cannot be used.
    """

    def __init__(self, settings: Settings, clock: Callable[[], float] = time.time) -> None:
        self.settings = settings
        self.clock = clock
        self.switch = ModeSwitch(settings)
        self.tally = Tally()
        try:
            self.assets = Assets(settings)
        except BaitError as error:
            raise SettingsError(str(error)) from error
        self.pages = Pages(settings, self.assets, self.assets.kinds)
        self.tokens = Tokens(settings.keys)
        self.destinations = Destinations(settings.keys)
        self.jar = CookieJar(settings.keys)
        self.horizon = horizon_of(settings)
        self.pass_codes = Codes(settings.keys, settings.site)
        edition, switch = Edition(settings, self.assets.baits), self.switch
        self._edition = edition
        self._mode = switch.current()
        self.version = edition.name(self._mode)
        """What is in force, as events say it: kept up by `ruling`, which each of them asks."""
        try:
            self.ledger = Ledger(
                settings, keep_days=settings.retention_days, on_round=_weakly(self)
            )
        except StoreURLError as error:
            raise SettingsError(f"store: {error}") from error
        self.taken = open_taken(locate(settings.store))
        weakref.finalize(self, self.taken.close)
        self.served = PagesServed(
            self.tally, self.ledger, settings.site, lambda: edition.name(switch.current()), clock
        )
        # Registered after the ledger's own, and so run before it: what is noted here is still kept.
        weakref.finalize(self, self.served.note)
        self.watch = self._make_watch()
        self.exposition = self._make_exposition()
        # One may read the store, and take long; the other tells what was read last.
        self.scrapes = Crew(2)
        self._warned_plain = False
        self._warn_unwatched()

    def tend(self) -> None:
        """Does what is due, every few seconds, in the background."""
        try:
            self.served.note_if_due()
            if self.exposition is not None:
                self.exposition.sync()
            if self.watch is not None:
                self.watch.begin()
        except Exception as error:
            self.tally.count_fault("background", error)

    async def aclose(self) -> None:
        """Writes what waits and lets go of everything, within 5 s. A delivery under way ends by
        itself, or is continued by the next worker."""
        self.served.note()
        if self.exposition is not None:
            self.exposition.sync()
        if self.watch is not None:
            self.watch.close(0.0)
        self.taken.close()
        await self.ledger.aclose()

    def _make_watch(self) -> Watch | None:
        settings = self.settings
        location = locate(settings.store)
        if not settings.alert_urls or location.kind == "none":
            return None
        from adguard.alerts import Watch  # noqa: PLC0415 -- brings half the house with it

        shared = None
        if location.address is not None:
            from adguard.alerts.shared import ClickHouseBook  # noqa: PLC0415 -- an extra

            shared = ClickHouseBook(location.address)
        return Watch(
            settings.site,
            settings.alert_urls,
            settings.alert_secret,
            self.ledger,
            location.path,
            shared=shared,
        )

    def _make_exposition(self) -> Exposition | None:
        settings = self.settings
        if not settings.metrics:
            return None
        from adguard.insight.exposition import Exposition  # noqa: PLC0415 -- likewise

        try:
            return Exposition(settings.site, self.tally, self.ledger, self.switch.current)
        except ModuleNotFoundError as error:
            raise SettingsError(
                "metrics: prometheus-client is not installed; "
                "install the extra: pip install 'adguard-toolkit[metrics]'"
            ) from error

    def today(self) -> int:
        return day_of(self.clock())

    def ruling(self, path: str) -> tuple[Ruling, Mode]:
        """Returns what the settings say of `path`, and the mode in force there."""
        ruling = self.settings.book.ruling(path)
        mode = self.switch.current(ruling.mode)
        if ruling.mode is None and mode != self._mode:
            self._mode = mode
            self.version = self._edition.name(mode)
        return ruling, mode

    def secure(self, scope: Scope) -> bool:
        """Whether the reader came over TLS: the configured origin decides, else the scope."""
        if self.settings.secure is not None:
            return self.settings.secure
        return bool(scope.get("scheme") == "https")

    def _warn_unwatched(self) -> None:
        domains = self.settings.ad_domains
        if len(domains) == 1:
            logger.warning(
                "All ad_urls stand under %s. A verdict needs two unrelated hosts, since one may be "
                "down, so nothing is watched.",
                *domains,
            )
        elif domains and Kind.SCRIPT not in self.assets.kinds.values():
            logger.warning(
                "No bait of yours is a script, and what watches ad_urls comes with one, so nothing "
                "is watched."
            )

    def warn_plain(self, host: str) -> None:
        """Warns once when cookies go out without TLS from a host that is not local."""
        name = host.rsplit(":", 1)[0] if not host.endswith("]") else host
        if self._warned_plain or name in LOCAL_HOSTS or name.endswith(".localhost"):
            return
        self._warned_plain = True
        logger.warning(
            "Cookies for %s go out without TLS. Behind a proxy that terminates TLS, set "
            "origin='https://%s'.",
            host,
            host,
        )


def _weakly(services: Services) -> Callable[[], None]:
    """Calls `tend` as long as there are services: the ledger's thread must not keep them alive."""
    alive = weakref.ref(services)

    def tend() -> None:
        services = alive()
        if services is not None:
            services.tend()

    return tend


def base_of(scope: Scope) -> str:
    """Returns the scope's `root_path` as URLs of ours begin with it: percent-encoded, with one
    slash in front, whatever a server or a mount put there."""
    root = _root_of(scope)
    return "/" + quote(root.strip("/"), safe="/:@!$&'()*+,;=~") if root else ""


def _root_of(scope: Scope) -> str:
    root: str = scope.get("root_path") or ""
    return root.rstrip("/")


def full_path(scope: Scope) -> str:
    """Returns the path as the reader's address bar has it, decoded; servers differ in whether
    `path` holds `root_path`."""
    path: str = scope["path"]
    root = _root_of(scope)
    return path if not root or path == root or path.startswith(root + "/") else root + path


def route_of(scope: Scope) -> str:
    """Returns the path below `root_path`."""
    path: str = scope["path"]
    root = _root_of(scope)
    return path[len(root) :] if root and path.startswith(root + "/") else path
