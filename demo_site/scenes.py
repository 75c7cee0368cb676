"""What "Behind the scenes" explains: forms, presets, readers and verdicts, in plain words."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Choice:
    """One thing a visitor can pick.

    :param value: what the notice's endpoint calls it.
    """

    value: str
    name: str
    about: str


FORMS = (
    Choice("dialog", "Dialog", "Stands in front of the page until it is answered or closed."),
    Choice("inline", "Card", "Sits at the end of the article, in nobody’s way."),
    Choice("banner", "Strip", "A small sheet at the foot of the window; the page stays free."),
    Choice("interstitial", "Page of its own", "What the server sends in place of the article."),
)

READERS = (
    Choice("extension", "Blocks ads in the browser", "An extension, or a browser that does it."),
    Choice(
        "network", "Sits behind a filter", "DNS filter, VPN or office firewall: no button here."
    ),
    Choice("protection", "Has tracking protection", "The browser’s own; usually not asked at all."),
)


@dataclass(frozen=True)
class Preset:
    """One way of asking, by the values of the toolkit's own presets.

    :param shows: the form to preview.
    """

    name: str
    first: str
    how: str
    quiet: str
    most: str
    shows: str
    where: str


PRESETS = (
    Preset(
        name="gentle",
        first="on the third page of a visit",
        how="a card at the article’s end",
        quiet="30 days, then 90",
        most="twice in 30 days",
        shows="inline",
        where="Not used in this paper; the preview shows it.",
    ),
    Preset(
        name="standard",
        first="on the second page",
        how="a dialog that can be closed",
        quiet="14 days, then 30, then 90",
        most="four times in 30 days, once a visit",
        shows="dialog",
        where="City and Culture.",
    ),
    Preset(
        name="strict",
        first="after three free pages a month",
        how="a page of its own, with a way on",
        quiet="today and tomorrow",
        most="every page without a pass",
        shows="interstitial",
        where="Markets.",
    ),
)

VERDICTS = (
    Choice(
        "clear",
        "Nothing in the way",
        "Advertisements arrive. The reader never sees a word from us.",
    ),
    Choice(
        "extension",
        "Something in this browser removes advertisements",
        "At least one decoy was stopped while its harmless twin came through. We may ask.",
    ),
    Choice(
        "network",
        "Something on the way here removes advertisements",
        "A DNS filter, a VPN, an office. The reader may not be able to change it, so there is a "
        "card at most and never a wall.",
    ),
    Choice(
        "protection",
        "The browser’s tracking protection is on",
        "That is not an ad blocker, and we do not call it one. By default nobody is asked.",
    ),
    Choice(
        "unknown",
        "We cannot tell",
        "A twin failed too, the page was hidden, the line was bad. When in doubt, we keep quiet.",
    ),
)

SIGNALS = {
    "n1": "A script at an address where advertisements live",
    "n2": "A picture at an address where advertisements live",
    "n3": "A small request to an address where advertisements live",
    "c1": "An empty box with the name of an advertisement",
    "c2": "Another empty box of that kind",
    "script": "The same script under a plain name",
    "image": "The same picture under a plain name",
    "fetch": "The same request under a plain name",
    "element": "An empty box with a plain name",
}
