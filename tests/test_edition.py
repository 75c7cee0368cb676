"""What is in force, in a few digits."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from adguard._version import __version__
from adguard.baits import load
from adguard.edition import Edition
from adguard.presets import Rule
from adguard.settings import OPTIONS, Settings, SupportOption
from adguard.variants import Variant

KEY = "k" * 32
FIGURES: dict[str, Any] = {
    "preset": "gentle",
    "policy": {"first_ask": 5},
    "rules": [Rule("/markets/*", preset="strict")],
    "prefix": "/_paper",
    "publisher": "The Gazette",
    "language": "de",
    "is_supporter": pytest.fail,
    "ad_urls": ["https://ads.test/a.js"],
    "probe_ad_urls": True,
    "neutral_url": "https://neutral.test/a.js",
    "consent_mode": "required",
    "holdout": 0.1,
    "variants": [Variant("short", 0.5, policy={"first_ask": 3})],
    "sample": 0.5,
    "exclude": ["/quiet"],
    "inject": "manual",
    "interstitial": "redirect",
    "inline_target": "main",
    "section": len,
    "country": len,
    "support": [SupportOption("Subscribe", "/subscribe")],
    "texts": {"en": {"notice.title": "Hello"}},
    "theme": "ink",
    "protection_blocks": True,
    "network_wall": True,
}
"""Options that figures depend on, with a value that is not the default."""

MODES = {"mode", "mode_file"}
ELSEWHERE = {"baits", "template_dir"}
NEUTRAL = {
    *("secret_key", "origin", "site", "store", "debug", "metrics", "alert_urls", "alert_secret"),
    *("retention_days", "dashboard", "dashboard_password", "rpm", "currency"),
}


def name(mode: Any = "ask", **options: Any) -> str:
    settings = Settings(**{"secret_key": KEY, **options})
    return Edition(settings, load(settings.baits)).name(mode)


def test_a_name_is_package_baits_and_settings() -> None:
    package, baits, settings = name().split()
    assert package == __version__
    assert len(baits) == len(settings) == 8


def test_every_option_either_changes_the_figures_or_does_not() -> None:
    assert set(OPTIONS) - MODES - ELSEWHERE - NEUTRAL == set(FIGURES)


@pytest.mark.parametrize("option", FIGURES)
def test_an_option_that_figures_depend_on_changes_the_name(option: str) -> None:
    assert name(**{option: FIGURES[option]}).split()[2] != name().split()[2]
    assert name(**{option: FIGURES[option]}).split()[:2] == name().split()[:2]


@pytest.mark.parametrize(
    "options",
    [
        {"secret_key": "s" * 40},
        {"store": "clickhouse://user:password@db.test/figures"},
        {"origin": "https://www.example.org"},
        {"site": "other", "debug": True},
        {"policy": {"first_ask": 2}},
        {"sample": 1},
        {"exclude": []},
    ],
)
def test_what_changes_no_figure_changes_no_name(options: dict[str, Any]) -> None:
    assert name(**options) == name()


def test_the_order_of_what_has_none_does_not_matter() -> None:
    one, two = "https://one.test/a.js", "https://two.test/b.js"
    assert name(ad_urls=[one, two], exclude=["/a", "/b"]) == name(
        ad_urls=[two, one], exclude=["/b", "/a"]
    )


def test_the_mode_in_force_is_part_of_the_name() -> None:
    assert len({name(mode) for mode in ("ask", "observe", "off")}) == 3


def test_other_baits_have_another_name_and_notes_on_lists_do_not() -> None:
    own = {"network": [{"id": "a1", "kind": "fetch", "path": "/promo/ads"}]}
    noted = {"network": [{**own["network"][0], "rules": ["/promo/ads"]}]}
    assert name(baits=own).split()[1] != name().split()[1]
    assert name(baits=own) == name(baits=noted)


def test_another_sentence_in_a_template_has_another_name(tmp_path: Path) -> None:
    folder = tmp_path / "templates"
    folder.mkdir()
    empty = name(template_dir=folder)
    (folder / "help.html").write_text("Help")
    first = name(template_dir=folder)
    (folder / "help.html").write_text("Help!")
    assert len({empty, first, name(template_dir=folder)}) == 3
    assert empty == name()


class Hook:
    def __call__(self, connection: object) -> str:
        return ""


def test_a_hook_without_a_name_is_called_as_its_type_is() -> None:
    assert name(section=Hook()) == name(section=Hook()) != name()


def test_every_process_gives_the_same_name() -> None:
    code = (
        "from tests.test_edition import *\n"
        "print(name(texts=FIGURES['texts'], rules=FIGURES['rules'], section=Hook()))"
    )
    said = {
        subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=True
        ).stdout
        for _ in range(2)
    }
    assert len(said) == 1
