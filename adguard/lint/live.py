"""`--live`: opens a page in Chromium and looks whether the snippet is there and unharmed."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import msgspec
from playwright.sync_api import Browser, Page, Playwright, Response, sync_playwright
from playwright.sync_api import Error as BrowserError

from adguard.assets import Assets
from adguard.lint.answers import check_answers, get
from adguard.lint.csp import refusals
from adguard.lint.findings import Cite, Finding, Level, Topic
from adguard.lint.own import read_elements
from adguard.lint.sources import SourceError
from adguard.settings import Settings

LOAD_MILLISECONDS = 30_000
VERDICT_MILLISECONDS = 20_000
MOST_SCRIPTS = 40
SYSTEM_BROWSERS = (
    Path("/usr/lib/chromium/chromium"),
    Path("/usr/lib/chromium-browser/chromium-browser"),
    Path("/opt/google/chrome/chrome"),
)
NO_BROWSER = "--live found no Chromium. Install one with: playwright install chromium."
LISTEN = """
document.addEventListener("site:verdict", (event) => { window.__lint_verdict = event.detail; });
"""
POLICIES = ("content-security-policy", "content-security-policy-report-only")


@dataclass(frozen=True)
class Visit:
    """A page as it came and as it stands.

    :param html: what the server sent.
    :param verdict: detail of the event, or {} when none came.
    :param seen: what `live.js` saw.
    """

    url: str
    status: int
    headers: Mapping[str, str]
    html: str
    tags: int
    verdict: Mapping[str, Any]
    seen: Mapping[str, Any]


def look(url: str, settings: Settings) -> list[Finding]:
    """Opens `url` in a fresh Chromium without a blocker and returns what is wrong with our snippet
    on it. The visit is a bot's (HeadlessChrome), so no figure counts it.

    :raises SourceError: when `url` is no address, or no Chromium is installed.
    """
    if not _is_address(url):
        raise SourceError(f"--live: {url!r} is not an http(s) address.")
    assets = Assets(settings)
    with _browser() as browser:
        page = browser.new_page()
        page.add_init_script(LISTEN)
        try:
            response = page.goto(url, wait_until="domcontentloaded", timeout=LOAD_MILLISECONDS)
        except BrowserError as error:
            return [_found(Level.BROKEN, url, f"{url} could not be opened: {_said(error)}.")]
        if response is None or not response.ok:
            status = response.status if response else "nothing"
            return [_found(Level.BROKEN, url, f"{url} answers {status}.")]
        try:
            return list(_judge(page, response, settings, assets))
        except BrowserError as error:
            said = _said(error)
            return [_found(Level.DEGRADED, url, f"{url} could not be looked at in full: {said}.")]


def _is_address(url: str) -> bool:
    try:
        url.encode()  # what a terminal sends may be any bytes
        parts = urlsplit(url)
        return parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


def _judge(page: Page, response: Response, settings: Settings, assets: Assets) -> Iterator[Finding]:
    visit = _visit(page, response, settings, assets)
    origin = "{0.scheme}://{0.netloc}".format(urlsplit(visit.url))
    present = list(_presence(visit, settings, assets))
    yield from present
    yield from _policy(visit, origin)
    base = f"{origin}{settings.prefix}"
    yield from check_answers(page.request, base, assets)
    yield from _styles(visit)
    yield from _scripts(page, visit, base, assets)
    if visit.tags:
        yield from _verdict(visit)
    if not present and visit.tags:
        tagged = visit.verdict.get("verdict", "none")
        yield _found(
            Level.NOTE,
            visit.url,
            f"{visit.url}: the snippet is there once and unharmed; the verdict is {tagged}.",
        )


def _visit(page: Page, response: Response, settings: Settings, assets: Assets) -> Visit:
    tags = page.locator(f'script[src*="{settings.prefix}/client-"]').count()
    if tags:
        # No verdict in that time is something to tell, not to stop at.
        with suppress(BrowserError):
            page.wait_for_selector(
                "script[data-verdict]", state="attached", timeout=VERDICT_MILLISECONDS
            )
    elements = [
        {"id": bait.id, "ids": bait.ids, "classes": bait.classes} for bait in assets.baits.elements
    ]
    given = {
        "baits": elements,
        "control": msgspec.to_builtins(assets.baits.controls.element),
        "names": sorted(_names(assets)),
    }
    script = Path(__file__).with_name("live.js").read_text("utf-8")
    body = script[script.index("(given) =>") :]
    return Visit(
        url=page.url,
        status=response.status,
        headers=response.all_headers(),
        html=response.body().decode("utf-8", "replace"),
        tags=tags,
        verdict=_verdict_of(page.evaluate("window.__lint_verdict")),
        seen=page.evaluate(body.rstrip().rstrip(";"), given),
    )


def _verdict_of(detail: object) -> Mapping[str, Any]:
    """The detail of the event, if it has the shape of ours: any script can send one."""
    if not isinstance(detail, dict) or not isinstance(detail.get("signals", {}), dict):
        return {}
    return detail


def _names(assets: Assets) -> set[str]:
    """The words of our baits that a page's style or script could know."""
    words = {name for bait in assets.baits.elements for name in (*bait.classes, *bait.ids)}
    return words | {bait.path.partition("?")[0].rpartition("/")[2] for bait in assets.baits.network}


def _presence(visit: Visit, settings: Settings, assets: Assets) -> Iterator[Finding]:
    if not visit.tags:
        why = "" if settings.inject == "auto" else " (inject is manual: the template has no tag)"
        yield _found(
            Level.BROKEN,
            visit.url,
            f"{visit.url}: the snippet is not there{why}. Is the path excluded, the page "
            f"compressed before it reaches adguard, or the prefix another than {settings.prefix}?",
        )
        return
    if visit.tags > 1:
        yield _found(
            Level.BROKEN,
            visit.url,
            f"{visit.url}: the snippet is there {visit.tags} times: mount it once.",
        )
    kinds = visit.headers.get("content-encoding", "")
    expected = {
        "element": (assets.baits.controls.element.classes, assets.baits.controls.element.ids),
        **{bait.id: (bait.classes, bait.ids) for bait in assets.baits.elements},
    }
    rows: dict[str, list[tuple[tuple[str, ...], tuple[str, ...]]]] = {}
    for element in read_elements(visit.html):
        row = element.parent.attributes.get("data-site-row") if element.parent else None
        if row:
            own = (element.id,) if element.id else ()
            rows.setdefault(row, []).append((tuple(element.classes), own))
    for name, wanted in expected.items():
        got = rows.get(name, [])
        if got != [wanted] * max(1, visit.tags):
            what = "is not in the page's HTML" if not got else "is not as we sent it"
            yield _found(
                Level.BROKEN,
                name,
                f"{visit.url}: the row {name!r} {what}. Does a minifier or a sanitizer rewrite the "
                f"page{f' ({kinds})' if kinds else ''}, or is the bait set another one?",
            )


def _verdict(visit: Visit) -> Iterator[Finding]:
    verdict, reason = visit.verdict.get("verdict"), visit.verdict.get("reason")
    signals = visit.verdict.get("signals", {})
    told = ", ".join(f"{name} {outcome}" for name, outcome in signals.items())
    if not verdict:
        yield _found(
            Level.BROKEN,
            visit.url,
            f"{visit.url}: the client gave no verdict in {VERDICT_MILLISECONDS // 1000} seconds. "
            "It does not run, or adguard is switched off for this page.",
        )
    elif verdict == "unknown":
        yield _found(
            Level.DEGRADED,
            visit.url,
            f"{visit.url}: a browser without a blocker reads unknown ({reason}): {told}.",
        )
    elif verdict != "clear":
        yield _found(
            Level.BROKEN,
            visit.url,
            f"{visit.url}: a browser without a blocker reads {verdict} ({reason}), so innocent "
            f"readers are accused: {told}.",
        )


def _policy(visit: Visit, origin: str) -> Iterator[Finding]:
    nonce = str(visit.seen["nonce"])
    given = [(name, text) for name in POLICIES for text in visit.headers.get(name, "").split("\n")]
    given += [("content-security-policy", text) for text in visit.seen["metas"]]
    for name, joined in given:
        only = name.endswith("report-only")
        # Several policies in one field are separated by commas; each of them has to agree.
        for policy in joined.split(","):
            for refusal in refusals(policy, origin, nonce):
                level = Level.BROKEN if refusal.kind == "script" else Level.DEGRADED
                verb = "would refuse" if only else "refuses"
                yield _found(
                    Level.NOTE if only else level,
                    refusal.kind,
                    f"{visit.url}: the page's policy {verb} {refusal.what} ({refusal.directive}).",
                )


def _styles(visit: Visit) -> Iterator[Finding]:
    for rule in visit.seen["rules"]:
        cite = (Cite(str(rule["place"]), 0, str(rule["text"])),)
        names = ", ".join([*rule["hit"], *rule["named"]])
        if rule["hides"] and rule["neutral"]:
            message = "A style of the page hides the neutral element: element baits are not judged."
        elif rule["hides"] and rule["hit"]:
            message = f"A style of the page hides a bait itself ({names})."
        elif rule["hit"]:
            message = f"A style of the page selects a bait ({names})."
        else:
            message = f"A style of the page names what a bait is called ({names})."
        level = Level.DEGRADED if rule["hides"] or rule["hit"] else Level.NOTE
        yield _found(level, names or "control", message, cite)
    unreadable = visit.seen["unreadable"]
    if unreadable:
        places = ", ".join(unreadable[:5])
        message = f"Styles from other origins could not be read from the page: {places}."
        yield _found(Level.NOTE, "styles", message)


def _scripts(page: Page, visit: Visit, base: str, assets: Assets) -> Iterator[Finding]:
    mentions = [(one["place"], one["named"]) for one in visit.seen["inline"]]
    names = _names(assets)
    foreign = 0
    origin = "{0.scheme}://{0.netloc}".format(urlsplit(base))
    for source in visit.seen["sources"][:MOST_SCRIPTS]:
        if source.startswith(f"{base}/"):
            continue
        if not source.startswith(f"{origin}/"):
            foreign += 1
            continue
        try:
            text = get(page.request, source).body().decode("utf-8", "replace")
        except BrowserError:
            continue
        named = sorted(name for name in names if name in text)
        if named:
            mentions.append((source, named))
    for place, named in mentions:
        yield _found(
            Level.DEGRADED,
            str(place),
            f"{place} mentions what our baits are called ({', '.join(named)}): it may fill, style "
            "or remove them.",
        )
    if foreign:
        message = f"Scripts from other origins were not looked at: {foreign}."
        yield _found(Level.NOTE, "scripts", message)


@contextmanager
def _browser() -> Iterator[Browser]:
    with sync_playwright() as driver:
        browser = _launch(driver)
        try:
            yield browser
        finally:
            browser.close()


def _launch(driver: Playwright) -> Browser:
    own = Path(driver.chromium.executable_path)
    found = [path for path in (own, *SYSTEM_BROWSERS) if path.is_file()]
    if not found:
        raise SourceError(NO_BROWSER)
    arguments = ["--no-sandbox"] if os.geteuid() == 0 else []
    try:
        return driver.chromium.launch(executable_path=found[0], args=arguments)
    except BrowserError as error:
        raise SourceError(f"--live: Chromium does not start: {_said(error)}.") from error


def _said(error: BrowserError) -> str:
    """The first line of what Playwright says, without its call."""
    line = error.message.strip().splitlines()[0]
    return line.rpartition(": ")[2].split(" at ")[0].rstrip(".")


def _found(level: Level, subject: str, message: str, cites: Sequence[Cite] = ()) -> Finding:
    return Finding(
        level=level, topic=Topic.LIVE, subject=subject, message=message, cites=tuple(cites)
    )
