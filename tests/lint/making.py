"""Small lists that do what the real ones do, and one call that judges them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from adguard.lint.findings import Finding, Level, Report, Topic
from adguard.lint.inspection import Order, inspect
from adguard.lint.profiles import load
from adguard.lint.sources import Gathered, from_paths
from adguard.settings import Settings

ORIGIN = "https://www.example.org"
NETWORK = """\
/www/delivery/*$script,subdocument
/adverts/*$~xmlhttprequest
/adserve/*$script
/ad_728.js$script
/728x90/*
/adbanners/*$image
/ads728x90.$image
/ads/acctid=
/ajax/banners?page=$~third-party,xmlhttprequest
"""
COSMETIC = """\
##.ad-leaderboard
##.ad-slot-container
##.top-ad-container
##.advertisement-wrapper
##.sponsored-post
###sidebar_ad
"""
BRAVE = """\
/www/delivery/*$script,subdocument
/banner/static/728x90
/ajax/banners?page=$xhr,1p
##.ad-leaderboard
##.sponsored-post
"""
RESERVE = """\
/ad/ad_common.js$script
/728x90.$image
/ajax/banner/vpn|$xmlhttprequest
##.ad-mpu
"""
HARMLESS = "||elsewhere.example^\n"
WHOLE = {"easylist", "adguard-base"}


def contents(**more: str) -> dict[str, str]:
    """Id of each list that some blocker has on by default -> its text, without a title.

    :param more: lines put at the end of a list, by its id with underscores.
    """
    made = {}
    for profile in load().profiles:
        for name in profile.lists:
            made[name] = HARMLESS
            if name in WHOLE:
                made[name] = NETWORK + COSMETIC + RESERVE
            elif name == "brave-firstparty":
                made[name] = BRAVE + RESERVE
    for name, lines in more.items():
        key = name.replace("_", "-")
        made[key] = made.get(key, "") + lines + "\n"
    return made


def write(folder: Path, lists: Mapping[str, str]) -> Path:
    """Writes lists into `folder`, each with its title; returns the folder."""
    known = load().lists
    folder.mkdir(exist_ok=True)
    for name, text in lists.items():
        title = known[name].title if name in known else name
        (folder / f"{name}.txt").write_text(f"! Title: {title}\n! Version: 7\n{text}")
    return folder


def judge(
    folder: Path, lists: Mapping[str, str], *profiles: str, catalogue: bool = False, **options: Any
) -> Report:
    """Writes the lists and judges them for the blockers named, or all."""
    gathered = from_paths([write(folder, lists)], load())
    return judge_gathered(gathered, *profiles, catalogue=catalogue, **options)


def judge_gathered(
    gathered: Gathered, *profiles: str, catalogue: bool = False, **options: Any
) -> Report:
    options.setdefault("origin", ORIGIN)
    return inspect(
        Order(
            settings=Settings(secret_key="k" * 32, **options),
            blockers=load(),
            profiles=load().choose(profiles),
            gathered=gathered,
            catalogue=catalogue,
        )
    )


def found(
    report: Report, level: Level | None = None, topic: Topic | None = None, text: str = ""
) -> list[Finding]:
    """The findings of that level and topic whose message has `text` in it."""
    return [
        one
        for one in report.findings
        if level in {None, one.level} and topic in {None, one.topic} and text in one.message
    ]


def cited(findings: list[Finding]) -> set[str]:
    """The rules that findings cite."""
    return {cite.rule for one in findings for cite in one.cites}
