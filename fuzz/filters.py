"""Feeds the list parser and both matchers what a machine makes up: `./dev fuzz [SECONDS]`.

An exception, a list that takes ten seconds, or a match that the parser's own bounds should have
stopped ends the run and leaves the input in .cache/fuzz.
"""

from __future__ import annotations

import sys
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["adguard.filters"]):
    from adguard.filters import (
        ADGUARD,
        UBLOCK,
        CosmeticMatcher,
        Element,
        NetworkMatcher,
        Request,
        parse_list,
    )

PAGE = "https://www.example.org/news"
REQUESTS = [
    Request("https://www.example.org/adbanners/banner/728x90/ads.png?a=1", PAGE, "image"),
    Request("https://ads.example.com/x.js", PAGE, "script"),
    Request(PAGE, PAGE, "document"),
]
PARENT = Element("body", "", ("home",))
ELEMENT = Element("div", "ad", ("ad-slot", "x"), {"href": "https://ads.example.com/"}, PARENT)
SEEDS = r"""
! Title: x
||example.com^$script,3p,domain=example.org|~a.example.org|b.*
@@||example.org^$generichide
/^https?:\/\/[a-z]{2,8}\.example\.(?:com|org)\/(?!x)[^\/]+$/$match-case,to=com
*$image,redirect-rule=1x1.gif:5,badfilter
|https://*/banner/*.png|
0.0.0.0 ads.example.com # why
##.ad-slot:not(.adsbox) > a[href^="https://ads."], #ad
example.org,~www.example.org#@#.ad-slot
!#if (ext_ublock && !adguard) || env_safari
!#include more.txt
!#else
example.*##+js(x, y)
!#endif
||x^$replace=/a{1\,2}/b/,csp=script-src 'none'
"""


def one(data: bytes) -> None:
    """One list, read for two blockers, and asked."""
    for environment in (UBLOCK, ADGUARD):
        found = parse_list(
            data, name="fuzz", environment=environment, include=lambda name: data[:99]
        )
        assert len(found.problems) <= 1_001
        network = NetworkMatcher([found])
        cosmetic = CosmeticMatcher([found], network)
        for request in REQUESTS:
            match = network.match(request)
            assert not match.blocked or match.rule in network.all_matches(request)
        hidden = cosmetic.match(ELEMENT, PAGE)
        assert hidden.hidden is bool(cosmetic.all_matches(ELEMENT, PAGE))


def main() -> None:
    folder = Path(sys.argv[1])
    corpus = folder / "corpus"
    corpus.mkdir(parents=True, exist_ok=True)
    for number, line in enumerate([SEEDS, *SEEDS.splitlines()]):
        (corpus / f"seed-{number}").write_text(line, "utf-8")
    options = [
        *(f"-max_total_time={sys.argv[2]}", "-timeout=10", "-max_len=2048", "-rss_limit_mb=1024"),
        *(f"-dict={Path(__file__).with_suffix('.dict')}", f"-artifact_prefix={folder}/"),
        *("-print_final_stats=1", str(corpus)),
    ]
    atheris.Setup([sys.argv[0], *options], one)
    atheris.Fuzz()


main()
