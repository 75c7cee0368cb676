"""How the notice and our pages look: what a publisher may set, checked so that it can be read."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

from adguard.environment import SettingsError

__all__ = ["COLOURS", "SHAPES", "THEMES", "Theme", "contrast", "read_theme"]

THEME_FILE = Path(__file__).parent / "data" / "themes.json"
COLOURS = ("paper", "ink", "quiet", "rule", "accent", "on-accent", "warn")
SHAPES = ("serif", "sans", "radius", "button-radius", "width", "shadow", "backdrop")
"""Each name `n` is the custom property `--site-note-n`, and a key of the option `theme`."""
TEXT = 4.5
"""The contrast that text needs: WCAG 2.2, success criterion 1.4.3, level AA."""

_HEX = re.compile(r"#(?:[0-9a-f]{3}|[0-9a-f]{6})", re.IGNORECASE)
_LENGTH = re.compile(r"0|\d{1,3}(?:\.\d{1,3})?(?:px|em|rem)")
_WIDTH = re.compile(r"(?:2[2-9]|[3-5]\d|60)(?:\.\d{1,3})?em")
_VALUE = re.compile(r"[\w\s\"'#%.,()/-]{1,200}")
_FORMS = {
    "radius": (_LENGTH, "a length such as '12px'"),
    "button-radius": (_LENGTH, "a length such as '8px'"),
    "width": (_WIDTH, "from '22em' to '60em'"),
}

Colour = tuple[float, float, float]


@dataclass(frozen=True)
class Theme:
    """Colours for light and for dark pages, and what has no colour.

    :param light: each of `COLOURS` as `#rrggbb`.
    :param shape: those of `SHAPES` that are not the stylesheet's own.
    """

    light: Mapping[str, str]
    dark: Mapping[str, str]
    shape: Mapping[str, str]

    def css(self) -> str:
        """Returns the rules that follow our stylesheet; empty for its own look. What a site's CSS
        says in `--site-note-…` still wins."""
        own = THEMES["paper"]
        changed = [
            name
            for name in COLOURS
            if (self.light[name], self.dark[name]) != (own.light[name], own.dark[name])
        ]
        rules = {name: self.light[name] for name in changed} | dict(self.shape)
        both = {name: f"light-dark({self.light[name]},{self.dark[name]})" for name in changed}
        text = _rule(rules)
        if both:
            text += f"@supports (color:light-dark(red,blue)){{{_rule(both)}}}"
        return text

    def faults(self) -> Iterator[str]:
        """Finds what cannot be read, as sentences with a colour that would do."""
        for scheme, colours in (("", self.light), ("-dark", self.dark)):
            ink, paper, accent = colours["ink"], colours["paper"], colours["accent"]
            for name in ("ink", "quiet", "accent", "warn"):
                if _on_paper(colours[name], paper) < TEXT:
                    yield (
                        f"{name}{scheme} {colours[name]} on paper{scheme} {paper} has a contrast "
                        f"of {_on_paper(colours[name], paper):.1f}, and text needs {TEXT}; "
                        f"{_readable(colours[name], paper)} would do"
                    )
            found = _on_button(colours["on-accent"], accent, ink)
            if found < TEXT:
                yield (
                    f"on-accent{scheme} {colours['on-accent']} on a button of {accent} has a "
                    f"contrast of {found:.1f}, and text needs {TEXT}; "
                    f"{_best(accent, colours)} reads best"
                )


def read_theme(wanted: object) -> Theme:
    """Returns the theme that the option names or describes: a name of `THEMES`, or a mapping of
    names to values on top of one (`from`, else `paper`).

    :raises SettingsError: for a name or value that cannot be used, and for colours that cannot be
        read, with ones that can.
    """
    values = {"from": wanted} if isinstance(wanted, str) else wanted
    if not isinstance(values, Mapping):
        raise SettingsError(f"theme: {wanted!r} is neither a name nor a mapping")
    given = dict(values)
    base = given.pop("from", "paper")
    if not isinstance(base, str) or base not in THEMES:
        raise SettingsError(f"theme: {base!r} is not one of {', '.join(THEMES)}")
    for name, value in given.items():
        _check(name, value)
    theme = _laid_over(THEMES[base], given)
    for fault in theme.faults():
        raise SettingsError(f"theme: {fault}")
    return theme


def contrast(one: str, other: str) -> float:
    """Returns how far apart two colours `#rrggbb` are, from 1 to 21, by WCAG's formula."""
    return _contrast(_parse(one), _parse(other))


def _check(name: object, value: object) -> None:
    known = (*COLOURS, *(f"{colour}-dark" for colour in COLOURS), *SHAPES)
    if name not in known:
        near = get_close_matches(str(name), known, n=1)
        hint = f"; did you mean {near[0]!r}?" if near else ""
        raise SettingsError(f"theme: there is no {name!r}{hint}")
    if name in SHAPES:
        pattern, example = _FORMS.get(str(name), (_VALUE, "a plain CSS value"))
    else:
        pattern, example = _HEX, "a colour such as '#0b5d57'"
    if not isinstance(value, str) or not pattern.fullmatch(value):
        raise SettingsError(
            f"theme: {name} {value!r} is not {example}; "
            f"anything else can stand in your own CSS as --site-note-{_plain(str(name))}"
        )


def _plain(name: str) -> str:
    return name.removesuffix("-dark")


def _laid_over(base: Theme, given: Mapping[str, str]) -> Theme:
    shape = {**base.shape, **{name: given[name] for name in SHAPES if name in given}}
    schemes = []
    for old, suffix in ((base.light, ""), (base.dark, "-dark")):
        own = {name: _long(given[name + suffix]) for name in COLOURS if name + suffix in given}
        colours = {**old, **own}
        if suffix and "accent" in given and "accent" not in own:
            colours["accent"] = _readable(_long(given["accent"]), colours["paper"])
        if colours["accent"] != old["accent"] and "on-accent" not in own:
            colours["on-accent"] = _best(colours["accent"], colours)
        schemes.append(colours)
    return Theme(schemes[0], schemes[1], shape)


def _rule(values: Mapping[str, str]) -> str:
    if not values:
        return ""
    parts = (f"--{name}:var(--site-note-{name},{value})" for name, value in values.items())
    return f":host,:root{{{';'.join(parts)}}}"


def _on_paper(colour: str, paper: str) -> float:
    """The lesser contrast of a colour as text: at rest, and on its own tint under the pointer."""
    top, bottom = _parse(colour), _parse(paper)
    return min(_contrast(top, bottom), _contrast(top, _mix(top, 0.09, bottom)))


def _on_button(text: str, accent: str, ink: str) -> float:
    """The lesser contrast of the filled button's text: at rest, and under the pointer."""
    fill = _parse(accent)
    return min(
        _contrast(_parse(text), fill), _contrast(_parse(text), _mix(fill, 0.88, _parse(ink)))
    )


def _best(accent: str, colours: Mapping[str, str]) -> str:
    choices = (colours["on-accent"], colours["paper"], colours["ink"], "#ffffff", "#000000")
    return max(choices, key=lambda text: _on_button(text, accent, colours["ink"]))


def _readable(colour: str, paper: str) -> str:
    """The colour itself, or the nearest one towards black or white that reads as text."""
    end = (0.0, 0.0, 0.0) if _luminance(_parse(paper)) > 0.18 else (1.0, 1.0, 1.0)
    made = colour
    for step in range(1, 101):
        if _on_paper(made, paper) >= TEXT:
            break
        made = _written(_mix(end, step / 100, _parse(colour)))
    return made


def _long(colour: str) -> str:
    digits = colour[1:].lower()
    return "#" + (digits if len(digits) == 6 else "".join(digit * 2 for digit in digits))


def _parse(colour: str) -> Colour:
    red, green, blue = (int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5))
    return red, green, blue


def _written(colour: Colour) -> str:
    return "#" + "".join(f"{round(part * 255):02x}" for part in colour)


def _mix(top: Colour, share: float, bottom: Colour) -> Colour:
    red, green, blue = (a * share + b * (1 - share) for a, b in zip(top, bottom, strict=True))
    return red, green, blue


def _luminance(colour: Colour) -> float:
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in colour]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def _contrast(one: Colour, other: Colour) -> float:
    high, low = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def _load() -> dict[str, Theme]:
    return {
        name: Theme(entry["light"], entry["dark"], entry["shape"])
        for name, entry in json.loads(THEME_FILE.read_text(encoding="utf-8")).items()
    }


THEMES: Mapping[str, Theme] = _load()
