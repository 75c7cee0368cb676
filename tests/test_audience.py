"""User-Agent facts."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adguard.audience import (
    BRANDS,
    BROWSERS,
    Audience,
    audience_in,
    audience_of,
    brand_in,
    prefers_privacy,
)

AGENTS = {
    "Mozilla/5.0 (X11; Linux x86_64; rv:153.0) Gecko/20100101 Firefox/153.0": (
        "firefox",
        "desktop",
        False,
    ),
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 "
    "Safari/537.36": ("chrome", "desktop", False),
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like "
    "Gecko) Version/18.0 Mobile/15E148 Safari/604.1": ("safari", "phone", False),
    "Mozilla/5.0 (iPad; CPU OS 16_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
    "Version/16.0 Mobile/15E148 Safari/604.1": ("safari", "tablet", False),
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/150.0.0.0 Safari/537.36 Edg/150.0.0.0": ("edge", "desktop", False),
    "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)": (
        "other",
        "other",
        True,
    ),
    "curl/8.5.0": ("other", "other", True),
    "": ("other", "other", True),
}


@pytest.mark.parametrize(("agent", "facts"), AGENTS.items())
def test_a_user_agent_becomes_a_few_bounded_facts(agent: str, facts: tuple[str, str, bool]) -> None:
    assert audience_in({b"user-agent": agent.encode()}) == Audience(*facts)


@given(st.binary(max_size=2000))
def test_any_header_gives_bounded_names(header: bytes) -> None:
    audience = audience_of(header)
    assert audience.browser in {*BROWSERS.values(), "other"}
    assert audience.device in {"desktop", "phone", "tablet", "other"}


def test_a_hostile_header_is_read_only_to_512_bytes() -> None:
    header = b"x" * 512 + b" Firefox/153.0 Googlebot/2.1"
    assert audience_in({b"user-agent": header * 20}) == audience_of(b"x" * 512)


def test_global_privacy_control_is_a_header_that_says_one() -> None:
    assert prefers_privacy({b"sec-gpc": b"1"})
    assert not prefers_privacy({b"sec-gpc": b"0"})
    assert not prefers_privacy({})


CHROME = next(agent for agent in AGENTS if "Chrome/156" in agent).encode()


@pytest.mark.parametrize(
    ("hint", "browser"),
    [
        (b'"Chromium";v="156", "Brave";v="156", "Not_A Brand";v="24"', "brave"),
        (b'"Opera";v="140", "Chromium";v="156"', "opera"),
        (b'"Google Chrome";v="156", "Not A Brand";v="8"', "chrome"),
        (b'"Not Brave";v="1"', "chrome"),
        (b"", "chrome"),
    ],
)
def test_a_brand_in_the_client_hints_wins_over_the_user_agent(hint: bytes, browser: str) -> None:
    assert brand_in({b"user-agent": CHROME, b"sec-ch-ua": hint}) == browser
    assert set(BRANDS.values()) <= set(BROWSERS.values())
