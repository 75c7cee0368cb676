"""What is in today's paper: sections, stories and letters, read once from `stories.toml`."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from types import MappingProxyType

from markupsafe import Markup, escape

HERE = Path(__file__).parent

FRONT = (
    "the-ferry-that-waits",
    "a-wall-that-leaks",
    "low-water-choir",
    "the-price-falls-at-six",
)
"""The lead, the story beside it, and what stands under that; the rest flows into columns."""

MOST_READ = (
    "the-ferry-that-waits",
    "the-borrowing-room",
    "what-a-berth-costs",
    "fourteen-whites",
    "four-clocks",
)


@dataclass(frozen=True)
class Section:
    slug: str
    name: str
    about: str

    @property
    def path(self) -> str:
        return f"/{self.slug}/"


@dataclass(frozen=True)
class Letter:
    name: str
    place: str
    text: str


@dataclass(frozen=True)
class Story:
    """One article; its body is the template `stories/<slug>.html`.

    :param figure: what the drawing shows, for readers who cannot see it.
    :param drawing: the SVG, without a name of its own.
    """

    slug: str
    section: Section
    kicker: str
    headline: str
    standfirst: str
    teaser: str
    author: str
    published: datetime
    figure: str
    caption: str
    drawing: str
    minutes: int
    letters: tuple[Letter, ...]
    related: tuple[str, ...]

    @property
    def path(self) -> str:
        return f"{self.section.path}{self.slug}"

    @property
    def day(self) -> str:
        """`20 November 2026`."""
        return f"{self.published.day} {self.published:%B %Y}"

    @property
    def picture(self) -> Markup:
        """The drawing with its description, for the story's own page."""
        return self._svg(Markup('role="img" aria-label="{}"').format(self.figure))

    @property
    def thumbnail(self) -> Markup:
        """The drawing beside a headline that says enough."""
        return self._svg(Markup('aria-hidden="true" focusable="false"'))

    def _svg(self, attributes: Markup) -> Markup:
        opened = f'<svg class="drawing" {escape(attributes)} '
        return Markup(self.drawing.replace("<svg ", opened, 1))  # noqa: S704


SECTIONS = MappingProxyType(
    {
        section.slug: section
        for section in (
            Section("city", "City", "Streets, quays, committees and the people who wind things."),
            Section("markets", "Markets", "Fish, freight, rope and what it costs to tie up."),
            Section("culture", "Culture", "Music, colour, books and whatever else is lent out."),
        )
    }
)
WORDS_A_MINUTE = 220


def _load() -> dict[str, Story]:
    with (HERE / "stories.toml").open("rb") as file:
        entries = tomllib.load(file)["story"]
    stories = {}
    for entry in entries:
        slug = entry["slug"]
        words = len((HERE / "stories" / f"{slug}.html").read_text("utf-8").split())
        stories[slug] = Story(
            slug=slug,
            section=SECTIONS[entry["section"]],
            drawing=(HERE / "figures" / f"{slug}.svg").read_text("utf-8").strip(),
            minutes=max(1, round(words / WORDS_A_MINUTE)),
            letters=tuple(Letter(**letter) for letter in entry["letter"]),
            related=tuple(entry["related"]),
            **{
                name: entry[name]
                for name in (
                    *("kicker", "headline", "standfirst", "teaser", "author", "published"),
                    *("figure", "caption"),
                )
            },
        )
    return stories


STORIES = MappingProxyType(_load())
"""By slug."""


def stories_in(section: Section) -> list[Story]:
    """The stories of one section, newest first."""
    found = [story for story in STORIES.values() if story.section is section]
    return sorted(found, key=lambda story: story.published, reverse=True)


def stories_called(slugs: tuple[str, ...]) -> list[Story]:
    return [STORIES[slug] for slug in slugs]
