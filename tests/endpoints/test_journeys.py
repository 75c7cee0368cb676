"""The journey table of the design: readers of every kind under every preset, 120 days of page views
against the real middleware with a fake clock, every answer with its reason.

Each table has a line for days that were alike: the day (0 is 2026-11-23, a Monday; UTC), then the
reason of each page view. `2x never` means twice in a row, ` / ` that days took turns.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from itertools import groupby
from typing import Any

import pytest

from adguard import Rule
from tests.endpoints.conftest import Site
from tests.lean import Lean
from tests.visitor import BLOCKED, CLEAR

MakeSite = Callable[..., Site]
Answer = Callable[[int], str | None]
"""What the reader answers when asked for the n-th time, counted from 0."""

NETWORK = {**CLEAR, "h1": "blocked", "h2": "blocked", "host": "loaded", "script": "loaded"}
ADS = ["https://ads.one.example/tag.js", "https://ads.two.example/tag.js"]
RULES = [Rule("/gentle/*", preset="gentle"), Rule("/strict/*", preset="strict")]


class Reader:
    """
    :param path: of the pages that are read.
    :param answer: to a notice or an interstitial.
    :param signals: what the pages find.
    """

    def __init__(
        self, site: Site, path: str, answer: Answer, signals: dict[str, str] = BLOCKED
    ) -> None:
        self.site, self.path, self.answer, self.signals = site, path, answer, signals
        self.browser = Lean(site.middleware)
        self.asked = 0
        self.script = True

    async def view(self) -> str:
        """Reads one page; returns why there was a notice, a wall or nothing."""
        page = await self.browser.open(self.path)
        if "The article." not in page.text:
            way_back = re.search(r'name="to" value="([^"]+)"', page.text)
            assert way_back is not None
            assert (page.status, page.one("cache-control")) == (200, "private, no-store")
            await self._look_again()
            await self._answer(to=way_back[1])
            await self._look_again()
            return "wall"
        decision = (await self.browser.report(self.path, self.signals))["decision"]
        if decision["action"] == "notice":
            await self._answer(path=self.path)
        form = f"({decision['form']})" if decision["action"] == "notice" else ""
        reason: str = decision["reason"]
        return reason + form

    async def _look_again(self) -> None:
        """The interstitial looks at once and goes on looking, where there is JavaScript."""
        if self.script:
            await self.browser.report(self.path, self.signals, kind="recheck")

    async def _answer(self, **about: str) -> None:
        answer = self.answer(self.asked)
        self.asked += 1
        if answer == "comes-true":
            await self.browser.choose(choice="allow", **about)
            self.signals = CLEAR
        elif answer is not None:
            assert (await self.browser.choose(choice=answer, **about)).status == 303

    async def days(self, days: int, views: int = 3) -> str:
        """Reads `views` pages on each of `days` days; returns the table of what came of it."""
        lines = []
        for _ in range(days):
            lines.append([await self.view() for _ in range(views)])
            self.site.clock.pass_days(1)
        return table(lines)


def table(days: list[list[str]]) -> str:
    """One line for days that were alike, or that took turns by two or three."""
    said, lines, day = [shortened(reasons) for reasons in days], [], 0
    while day < len(said):
        turns, end = max(
            ((turns, _end(said, day, turns)) for turns in (1, 2, 3)),
            key=lambda found: (found[1] - day >= 3 * found[0] - 2, found[1] - day, -found[0]),
        )
        span = f"{day}" if end == day + 1 else f"{day}-{end - 1}"
        lines.append(f"{span:>7}  {' / '.join(said[day : day + turns])}")
        day = end
    return "\n".join(lines)


def _end(said: list[str], day: int, turns: int) -> int:
    """Where the days from `day` on stop to repeat those `turns` before them."""
    end = min(day + turns, len(said))
    while end < len(said) and said[end] == said[end - turns]:
        end += 1
    return end


def shortened(reasons: list[str]) -> str:
    def runs() -> Iterator[str]:
        for reason, run in groupby(reasons):
            count = len(list(run))
            yield reason if count == 1 else f"{count}x {reason}"

    return ", ".join(runs())


def always(answer: str | None) -> Answer:
    return lambda number: answer


def in_turn(*answers: str) -> Answer:
    return lambda number: answers[min(number, len(answers) - 1)]


def lines(text: str) -> str:
    return "\n".join(line.rstrip() for line in text.strip("\n").splitlines())


PATHS = {"standard": "/story", "gentle": "/gentle/story", "strict": "/strict/story"}
TABLES: dict[tuple[str, str], tuple[Answer, str]] = {
    ("standard", "never answers"): (
        always(None),
        """
      0  first-view, ask(dialog), asked-this-visit
   1-11  3x quiet-unanswered / 3x quiet-unanswered / ask(dialog), 2x asked-this-visit
  12-29  3x cap
  30-41  ask(dialog), 2x asked-this-visit / 3x quiet-unanswered / 3x quiet-unanswered
  42-59  3x cap
  60-71  ask(dialog), 2x asked-this-visit / 3x quiet-unanswered / 3x quiet-unanswered
  72-89  3x cap
 90-101  ask(dialog), 2x asked-this-visit / 3x quiet-unanswered / 3x quiet-unanswered
102-119  3x cap
""",
    ),
    ("standard", "not now each time"): (
        always("later"),
        """
      0  first-view, ask(dialog), quiet-later
   1-13  3x quiet-later
     14  ask(dialog), 2x quiet-later
  15-43  3x quiet-later
     44  ask(dialog), 2x quiet-later
 45-119  3x quiet-later
""",
    ),
    ("standard", "allows, and ads load"): (
        always("comes-true"),
        """
      0  first-view, ask(dialog), thanks
  1-119  3x clear
""",
    ),
    ("standard", "presses allow, and nothing comes of it"): (
        always("allow"),
        """
      0  first-view, ask(dialog), quiet-pressed
   1-11  3x quiet-pressed / 3x quiet-pressed / ask(dialog), 2x quiet-pressed
  12-29  3x cap
  30-41  ask(dialog), 2x quiet-pressed / 3x quiet-pressed / 3x quiet-pressed
  42-59  3x cap
  60-71  ask(dialog), 2x quiet-pressed / 3x quiet-pressed / 3x quiet-pressed
  72-89  3x cap
 90-101  ask(dialog), 2x quiet-pressed / 3x quiet-pressed / 3x quiet-pressed
102-119  3x cap
""",
    ),
    ("standard", "is not blocking"): (
        always("not-blocking"),
        """
      0  first-view, ask(dialog), not-blocking
   1-29  3x not-blocking
     30  ask(dialog), 2x not-blocking
 31-119  3x not-blocking
""",
    ),
    ("standard", "asks for six months"): (
        always("never"),
        """
      0  first-view, ask(dialog), never
  1-119  3x never
""",
    ),
    ("standard", "never answers, behind a network filter"): (
        always(None),
        """
      0  first-view, ask(inline), asked-this-visit
   1-11  3x quiet-unanswered / 3x quiet-unanswered / ask(inline), 2x asked-this-visit
  12-29  3x cap
  30-41  ask(inline), 2x asked-this-visit / 3x quiet-unanswered / 3x quiet-unanswered
  42-59  3x cap
  60-71  ask(inline), 2x asked-this-visit / 3x quiet-unanswered / 3x quiet-unanswered
  72-89  3x cap
 90-101  ask(inline), 2x asked-this-visit / 3x quiet-unanswered / 3x quiet-unanswered
102-119  3x cap
""",
    ),
    ("gentle", "never answers"): (
        always(None),
        """
      0  first-view, not-yet, ask(inline)
    1-6  3x quiet-unanswered
      7  2x not-yet, ask(inline)
   8-13  3x quiet-unanswered
  14-29  3x cap
     30  2x not-yet, ask(inline)
  31-36  3x quiet-unanswered
     37  2x not-yet, ask(inline)
  38-43  3x quiet-unanswered
  44-59  3x cap
     60  2x not-yet, ask(inline)
  61-66  3x quiet-unanswered
     67  2x not-yet, ask(inline)
  68-73  3x quiet-unanswered
  74-89  3x cap
     90  2x not-yet, ask(inline)
  91-96  3x quiet-unanswered
     97  2x not-yet, ask(inline)
 98-103  3x quiet-unanswered
104-119  3x cap
""",
    ),
    ("gentle", "not now each time"): (
        always("later"),
        """
      0  first-view, not-yet, ask(inline)
   1-29  3x quiet-later
     30  2x not-yet, ask(inline)
 31-119  3x quiet-later
""",
    ),
    ("gentle", "allows, and ads load"): (
        always("comes-true"),
        """
      0  first-view, not-yet, ask(inline)
      1  thanks, 2x clear
  2-119  3x clear
""",
    ),
    ("gentle", "is not blocking"): (
        always("not-blocking"),
        """
      0  first-view, not-yet, ask(inline)
   1-29  3x not-blocking
     30  2x not-yet, ask(inline)
 31-119  3x not-blocking
""",
    ),
    ("strict", "never answers"): (
        always(None),
        """
      0  first-view, 2x free-view
    1-7  3x wall
      8  3x free-view
   9-38  3x wall
     39  3x free-view
  40-69  3x wall
     70  3x free-view
  71-97  3x wall
     98  3x free-view
 99-119  3x wall
""",
    ),
    ("strict", "continues without each time"): (
        always("later"),
        """
      0  first-view, 2x free-view
   1-38  wall, 2x day-pass / 3x day-pass
     39  3x free-view
  40-69  wall, 2x day-pass / 3x day-pass
     70  3x free-view
 71-119  wall, 2x day-pass / 3x day-pass
""",
    ),
    ("strict", "allows, and ads load"): (
        always("comes-true"),
        """
      0  first-view, 2x free-view
      1  wall, 2x clear
  2-119  3x clear
""",
    ),
    ("strict", "is not blocking"): (
        always("not-blocking"),
        """
      0  first-view, 2x free-view
      1  wall, 2x not-blocking
   2-30  3x not-blocking
     31  wall, 2x not-blocking
 32-119  3x not-blocking
""",
    ),
    ("strict", "asks for six months"): (
        always("never"),
        """
      0  first-view, 2x free-view
      1  wall, 2x never
  2-119  3x never
""",
    ),
    ("strict", "continues without, without script"): (
        always("later"),
        """
      0  first-view, 2x free-view
   1-38  wall, 2x day-pass / 3x day-pass
     39  3x free-view
  40-69  wall, 2x day-pass / 3x day-pass
     70  3x free-view
 71-119  wall, 2x day-pass / 3x day-pass
""",
    ),
    ("strict", "never answers, behind a network filter"): (
        always(None),
        """
      0  first-view, 2x free-view
    1-7  ask(inline), 2x asked-this-visit / 3x quiet-unanswered / 3x quiet-unanswered
      8  3x free-view
      9  3x quiet-unanswered
     10  ask(inline), 2x asked-this-visit
  11-12  3x quiet-unanswered
  13-30  3x cap
  31-38  ask(inline), 2x asked-this-visit / 3x quiet-unanswered / 3x quiet-unanswered
     39  3x free-view
     40  ask(inline), 2x asked-this-visit
  41-42  3x quiet-unanswered
  43-60  3x cap
  61-69  ask(inline), 2x asked-this-visit / 3x quiet-unanswered / 3x quiet-unanswered
     70  3x free-view
     71  ask(inline), 2x asked-this-visit
  72-73  3x quiet-unanswered
  74-90  3x cap
  91-97  ask(inline), 2x asked-this-visit / 3x quiet-unanswered / 3x quiet-unanswered
     98  3x free-view
     99  3x quiet-unanswered
    100  3x cap
    101  ask(inline), 2x asked-this-visit
102-103  3x quiet-unanswered
104-119  3x cap
""",
    ),
    ("strict", "not now each time, behind a network filter"): (
        always("later"),
        """
      0  first-view, 2x free-view
      1  ask(inline), 2x day-pass
      2  3x day-pass
    3-7  3x quiet-later
      8  3x free-view
   9-14  3x quiet-later
     15  ask(inline), 2x day-pass
     16  3x day-pass
  17-38  3x quiet-later
     39  3x free-view
  40-44  3x quiet-later
     45  ask(inline), 2x day-pass
     46  3x day-pass
  47-69  3x quiet-later
     70  3x free-view
  71-97  3x quiet-later
     98  3x free-view
 99-119  3x quiet-later
""",
    ),
}


@pytest.mark.parametrize(("preset", "behaviour"), TABLES)
async def test_a_hundred_and_twenty_days(make_site: MakeSite, preset: str, behaviour: str) -> None:
    site = make_site(rules=RULES, store="none", ad_urls=ADS)
    answer, expected = TABLES[preset, behaviour]
    reader = Reader(site, PATHS[preset], answer)
    if "network" in behaviour:
        reader.signals = NETWORK
    reader.script = "script" not in behaviour
    assert await reader.days(120) == lines(expected)


async def test_thirteen_months_end_whatever_was_answered_and_begin_anew(
    make_site: MakeSite,
) -> None:
    """The note of day 0 is read on day 395 for the last time; nothing renews it."""
    reader = Reader(make_site(store="none"), "/story", in_turn("never", "not-blocking"))
    assert await reader.days(400, views=2) == lines(
        """
      0  first-view, ask(dialog)
  1-179  2x never
    180  ask(dialog), not-blocking
181-209  2x not-blocking
    210  ask(dialog), not-blocking
211-394  2x not-blocking
    395  not-blocking, first-view
    396  ask(dialog), not-blocking
397-399  2x not-blocking
"""
    )


async def test_a_supporters_pass_outlives_the_note_and_ends_on_its_day(
    make_site: MakeSite,
) -> None:
    site = make_site(store="none", rules=RULES)
    reader = Reader(site, "/strict/story", always("later"))
    assert await reader.days(3, views=1) == "      0  first-view\n    1-2  free-view"
    services = site.middleware.services
    cookie = services.jar.write_pass(days=365, secure=False, today=services.today()).decode()
    name, _, value = cookie.partition(";")[0].partition("=")
    reader.browser.cookies[name] = value
    assert await reader.days(366, views=2) == "  0-365  2x pass"
    # Its views counted towards the month's all the same.
    assert await reader.days(2, views=1) == "      0  wall\n      1  day-pass"


async def test_whom_the_publisher_knows_as_a_supporter_is_never_asked(make_site: MakeSite) -> None:
    async def is_supporter(connection: Any) -> bool | None:
        known: dict[str, bool | None] = {"yes": True, "no": False}
        return known.get(connection.headers.get("x-supporter", ""))

    site = make_site(store="none", rules=RULES, is_supporter=is_supporter)
    for said, reasons in (
        ("yes", "first-view, 4x supporter"),
        ("unclear", "first-view, 4x supporter-unknown"),
        ("no", "first-view, ask(dialog), 3x quiet-later"),
    ):
        reader = Reader(site, "/story", always("later"))
        reader.browser.extra["x-supporter"] = said
        assert await reader.days(1, views=5) == f"      0  {reasons}"


async def test_a_visit_ends_at_midnight_utc_whatever_clocks_do_elsewhere(
    make_site: MakeSite,
) -> None:
    """In the night of 2027-03-28 most of Europe puts its clocks forward."""
    site = make_site(store="none", rules=RULES)
    reader = Reader(site, "/gentle/story", always(None))
    site.clock.now = (20_780 + 124) * 86_400 + 23 * 3600.0
    said = []
    for _ in range(6):
        said.append(await reader.view())
        site.clock.now += 1800
    assert said == [
        "first-view",
        "not-yet",
        "not-yet",
        "not-yet",
        "ask(inline)",
        "asked-this-visit",
    ]


async def test_continue_without_is_a_not_now_elsewhere_too(make_site: MakeSite) -> None:
    site = make_site(store="none", rules=RULES)
    reader = Reader(site, "/strict/story", always("later"))
    assert await reader.days(1, views=4) == "      0  first-view, 2x free-view, wall"
    reader.path = "/story"
    assert await reader.days(14, views=2) == lines(
        """
   0-12  2x quiet-later
     13  ask(dialog), quiet-later
"""
    )


@pytest.mark.parametrize("path", list(PATHS.values()))
@pytest.mark.parametrize("signals", [CLEAR, {"fetch": "blocked"}])
async def test_who_blocks_nothing_or_cannot_be_judged_is_never_asked_and_gets_no_cookie(
    make_site: MakeSite, path: str, signals: dict[str, str]
) -> None:
    reader = Reader(make_site(store="none", rules=RULES), path, always(None), signals)
    said = await reader.days(40)
    assert said == f"   0-39  3x {'clear' if signals is CLEAR else 'unknown'}"
    assert reader.browser.cookies == {}


@pytest.mark.parametrize("path", list(PATHS.values()))
async def test_crawlers_are_never_asked_and_begin_at_view_one_each_time(
    make_site: MakeSite, path: str
) -> None:
    reader = Reader(make_site(store="none", rules=RULES), path, always(None))
    reader.browser.extra["user-agent"] = "Googlebot/2.1 (+http://www.google.com/bot.html)"
    assert await reader.days(5) == "    0-4  3x bot"
    assert reader.browser.cookies == {}


async def test_one_thank_you_then_silence_also_in_a_second_tab(make_site: MakeSite) -> None:
    site = make_site(store="none")
    reader = Reader(site, "/story", always("allow"))
    assert await reader.days(1, views=2) == "      0  first-view, ask(dialog)"
    reader.signals = CLEAR
    again = [await reader.browser.report("/story", CLEAR, kind="recheck") for _ in range(2)]
    assert [one["decision"]["action"] for one in again] == ["thanks", "none"]
    assert await reader.days(9) == "    0-8  3x clear"


async def test_the_cookie_stays_under_200_bytes_through_a_year_of_choices(
    make_site: MakeSite,
) -> None:
    site = make_site(
        origin="https://news.localhost", store="none", rules=RULES, holdout=0.000001, ad_urls=ADS
    )
    answers = in_turn(*("later", "allow", "support", "not-blocking", "later", "never", "later") * 9)
    longest = 0
    for path in PATHS.values():
        reader = Reader(site, path, answers)
        reader.browser.scheme = "https"
        for day in range(365):
            reader.signals = (BLOCKED, NETWORK, BLOCKED, CLEAR)[day % 4 if day > 300 else 0]
            await reader.view()
            cookies = [f"{name}={value}" for name, value in reader.browser.cookies.items()]
            assert [cookie.partition("=")[0] for cookie in cookies] == ["__Host-site_note"]
            longest = max(longest, *map(len, cookies))
            site.clock.pass_days(1)
        site.clock.pass_days(-365)
    assert 60 < longest < 200
