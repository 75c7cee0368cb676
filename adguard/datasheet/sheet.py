"""The sheet: settings in, sections of short sentences out; pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from adguard.datasheet import fields
from adguard.ledger.events import DAY, KEEP_IDS
from adguard.passes.taken import KEEP
from adguard.reader import LIFETIME_DAYS, CookieJar
from adguard.settings import Settings
from adguard.signing import Tokens

MEMORY_MINUTES = 30
"""How long the page's script trusts a clear verdict; it stands in `client.js`, too."""
LONGER = 27
"""Days that a partition of the ClickHouse store can outlive its first day; a test compares."""


@dataclass(frozen=True)
class Section:
    """A heading with sentences, and a table where there is one.

    :param rows: cells, as many as `columns`.
    """

    title: str
    sentences: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()


@dataclass(frozen=True)
class Sheet:
    site: str
    sections: tuple[Section, ...]


def sheet_of(settings: Settings) -> Sheet:
    """Returns what holds for a site with these settings."""
    return Sheet(
        settings.publisher or ("this site" if settings.site == "default" else settings.site),
        (
            _summary(settings),
            _consent(settings),
            _cookies(settings),
            _listed("In the state cookie", ("field", "what it holds"), fields.READER),
            _memory(settings),
            _reports(settings),
            _kept(settings),
            _listed("In the journal", ("field", "what it holds"), fields.EVENT),
            _others(settings),
            _logs(settings),
        ),
    )


def _listed(title: str, columns: tuple[str, ...], entries: Mapping[str, str]) -> Section:
    return Section(title, (), columns, tuple(entries.items()))


def _summary(settings: Settings) -> Section:
    sentences = [
        "The site measures on which page views ads are filtered, and may ask those readers to "
        "allow ads or to support it otherwise.",
        "Kept are counts by hour, and by page and day. There is no reader id: page views of one "
        "reader cannot be joined.",
        "Never stored, hashed or not: IP address, User-Agent, referrer, a page's query.",
    ]
    if settings.mode != "ask":
        said = "Nothing is measured, asked or remembered" if settings.mode == "off" else ""
        said = said or "Readers are measured and never asked; a view sets no cookie"
        sentences.append(f"{said}: mode is {settings.mode!r} now. The rest holds for mode 'ask'.")
    if settings.sample < 1:
        sentences.append(f"{settings.sample:.3%} of page views are measured, drawn by chance.")
    return Section("In short", tuple(sentences))


def _consent(settings: Settings) -> Section:
    if settings.consent_mode == "required":
        sentences = [
            "Before the reader agrees, nothing is measured, stored or sent. The site's consent "
            "tool says so: IAB TCF v2, purpose 1 (store and access), or the event site:agree.",
            "Where no tool answers within eight seconds, that one page is counted, by a request "
            "with its path and without a verdict. Who says no is not counted.",
            "Consent taken back (TCF, or the event site:disagree) ends it on that page: the entry "
            "in sessionStorage and the state cookie are removed.",
        ]
    elif settings.consent_mode == "local_only":
        sentences = [
            "No consent is asked for. Verdicts stay in the page and are told to nobody; that a "
            "page was measured is counted, with its path.",
            "The notice is a card in the page. The server remembers a choice that the reader "
            "posts, and nothing else.",
        ]
    else:
        sentences = [
            "No consent is asked for: consent_mode is 'off'. EU law (the ePrivacy rules on access "
            "to a reader's device) may want consent for this kind of measurement.",
        ]
    sentences.append(
        "Global Privacy Control is honoured: such a reader is in no experiment, and no bucket is "
        "drawn. Nothing is sold or forwarded, with it or without."
    )
    return Section("Consent and Global Privacy Control", tuple(sentences))


def _name(kind: str, settings: Settings) -> str:
    names = {secure: CookieJar.name(kind, secure=secure).decode() for secure in (True, False)}
    if settings.secure is None:
        return f"{names[True]} ({names[False]} without TLS)"
    return names[settings.secure]


def _cookies(settings: Settings) -> Section:
    after = " who has agreed" if settings.consent_mode == "required" else ""
    if settings.consent_mode == "local_only":
        when = "a reader answers the notice"
    else:
        when = f"a reader{after} is behind a blocker and may be asked, or answers the notice"
    experiment = ", and which arm of an experiment" if _experiment(settings) else ""
    rows = [
        (
            _name("note", settings),
            "signed days and small counters, under 200 bytes; no id",
            f"so that nobody is asked too often{experiment}",
            when,
            f"{LIFETIME_DAYS} days from its first day, never renewed",
        ),
        (
            _name("pass", settings),
            "the last day on which a supporter's pass stands, signed",
            "so that supporters are not asked",
            "the site grants a pass",
            "as long as the pass, 395 days at most",
        ),
    ]
    if settings.dashboard_password:
        rows.append(
            (
                "__Secure-site_desk" if settings.secure else "site_desk",
                "a signed session",
                "log-in to the dashboard",
                "one of your own people logs in; never for readers",
                "the session",
            )
        )
    return Section(
        "Cookies",
        (
            "All are first-party, HttpOnly and not readable by scripts. A reader without a "
            "blocker, who answers nothing, has none.",
            "What the note and the pass say, a reader sees, and removes, at "
            f"{settings.prefix}/preferences.",
        ),
        ("cookie", "holds", "purpose", "set when", "for how long"),
        tuple(rows),
    )


def _experiment(settings: Settings) -> bool:
    return bool(settings.holdout or settings.variants)


def _memory(settings: Settings) -> Section:
    title = "In the browser's sessionStorage, as site-note"
    if settings.consent_mode == "local_only":
        return Section(title, ("Nothing.",))
    when = "after consent, " if settings.consent_mode == "required" else ""
    return Section(
        title,
        (
            f"Written {when}after a report, gone with the tab. A clear verdict holds "
            f"{MEMORY_MINUTES} minutes, so that pages are not measured again and again. There is "
            "nothing in localStorage, IndexedDB or a cache of our own.",
        ),
        ("field", "what it holds"),
        tuple(fields.MEMORY.items()),
    )


def _reports(settings: Settings) -> Section:
    title = "What a page sends to this site"
    if settings.consent_mode == "local_only":
        return Section(title, ("No report. The choice that a reader posts, with the page's path.",))
    return Section(
        title,
        (
            "One report for each measured page view, to the site itself. Like any request it "
            "carries the reader's address and User-Agent; browser and device are made from the "
            "latter, and neither is kept.",
            f"A report needs a token of the page's own, good for {Tokens.LIFETIME // 60} minutes.",
        ),
        ("field", "what it holds"),
        tuple(fields.REPORT.items()),
    )


def _kept(settings: Settings) -> Section:
    days = f"{settings.retention_days} days"
    if (settings.store or "").startswith("clickhouse:"):
        days += f", and up to {LONGER} more, until a whole partition is old"
    title = "What the server keeps"
    if settings.store == "none":
        said = "Which codes of supporter passes were taken, the process remembers until it ends."
        return Section(title, ("Nothing: store is 'none'.", said))
    rows = [
        (
            "journal",
            "single events, below",
            "so that a crash loses nothing",
            "until added to the figures, mostly seconds",
        ),
        (
            "event ids",
            "of reports",
            "so that none counts twice",
            f"{KEEP_IDS} days after the day they name",
        ),
        (
            "figures",
            "sums by hour with verdict, browser, device and arm; by day with page, section, "
            "country, reason, form and version",
            "the report and the dashboard",
            days,
        ),
        (
            "codes of supporter passes",
            "a code's digest and when it was taken; no reader",
            "so that each is taken once",
            "until the process ends"
            if settings.store == "memory:"
            else f"until {KEEP // DAY} days after the last in which it could be taken",
        ),
    ]
    return Section(
        title,
        (
            f"Where: {_where(settings.store)}.",
            "In public exports, cells under ten are left out.",
        ),
        ("what", "holds", "purpose", "for how long"),
        tuple(rows),
    )


def _where(store: str | None) -> str:
    if store is None:
        return "an SQLite file in the data folder of this server"
    if store == "memory:":
        return "the memory of the process, until it ends"
    parts = urlsplit(store)
    if parts.scheme == "clickhouse":
        hosts = parts.netloc.rpartition("@")[2]
        return f"ClickHouse at {hosts}, after an SQLite journal on this server"
    return f"the SQLite file {parts.path} on this server"


def _others(settings: Settings) -> Section:
    said = list(_told(settings))
    if not said:
        said = ["Nobody: pages load nothing from anybody else, and the server tells nobody."]
    return Section("Who else is told", tuple(said))


def _told(settings: Settings) -> Iterator[str]:
    if len(settings.ad_domains) > 1:
        hosts = ", ".join(settings.ad_domains)
        who = "every measured page asks" if settings.probe_ad_urls else "a page may ask once more"
        yield (
            f"Ad hosts ({hosts}): {who} for one of your own ad scripts there, without cookies of "
            "ours. They learn what any request tells them."
        )
        if settings.neutral_url:
            host = urlsplit(settings.neutral_url).hostname
            yield f"{host}: asked for one file when ad hosts do not answer."
        else:
            yield "A host that the page uses anyway may be asked once more, to compare."
    for option in settings.support:
        host = urlsplit(option.url).hostname
        if host and option.kind == "monetization":
            yield (
                f"{host}: named as a wallet on {settings.prefix}/support, and on pages of yours "
                "that carry monetization_tag. Browsers and extensions with Web Monetization ask "
                "it, and pay, without a click; others leave it alone."
            )
        elif host and option.field:
            yield f"{host}: gets the address that a reader types into the form {option.label!r}."
        elif host:
            yield f"{host}: linked as {option.label!r}; readers go there by themselves."
    for url in settings.alert_urls:
        yield f"{urlsplit(url).hostname}: gets signed alerts, which hold figures and no reader."
    if settings.metrics:
        yield f"Whoever may open {settings.prefix}/metrics: figures, no reader."


def _logs(settings: Settings) -> Section:
    sentences = [
        "Our log lines hold causes of faults, counts, and host names of your own servers; no "
        "reader, no cookie, no address. Your web server's access log is your own: it sees the "
        f"requests under {settings.prefix}.",
    ]
    if settings.debug:
        sentences.append(
            "debug is on: log lines also hold paths of pages, and answers say which rule decided."
        )
    if settings.is_supporter or settings.section or settings.country:
        names = [n for n in ("is_supporter", "section", "country") if getattr(settings, n)]
        sentences.append(f"Your own hooks see the reader's request: {', '.join(names)}.")
    return Section("Logs and hooks", tuple(sentences))
