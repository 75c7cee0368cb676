"""Options: checked once, at construction, and every complaint names its option."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adguard.presets import (
    EXCLUDED_ANYWHERE,
    EXCLUDED_AT_THE_ENDS,
    PRESETS,
    PathPattern,
    Policy,
    Rule,
    Rulebook,
)
from adguard.settings import OPTIONS, Settings, SettingsError, SupportOption, build_settings
from adguard.variants import Variant

KEY = "k" * 32


@pytest.fixture(autouse=True)
def bare_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in OPTIONS:
        monkeypatch.delenv(f"ADGUARD_{name.upper()}", raising=False)


def made(**options: Any) -> Settings:
    return build_settings(None, {"secret_key": KEY, **options})


def test_the_defaults_are_those_of_the_contract() -> None:
    settings = made()
    assert settings.keys == (KEY,)
    assert (settings.mode, settings.preset, settings.prefix) == ("ask", "standard", "/_site")
    assert (settings.site, settings.inject, settings.interstitial) == ("default", "auto", "origin")
    assert (settings.holdout, settings.sample, settings.consent_mode) == (0.0, 1.0, "off")
    assert settings.inline_target == "[data-site-note], article, main"
    assert settings.secure is None
    assert KEY not in repr(settings)


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("secret_key", ""),
        ("secret_key", "short"),
        ("secret_key", [KEY, "short"]),
        ("secret_key", []),
        ("secret_key", [KEY, None]),
        ("mode", "loud"),
        ("preset", "rude"),
        ("preset", "strict"),
        ("policy", {"form": "interstitial"}),
        ("policy", {"forms": "dialog"}),
        ("policy", {"first_ask": 1}),
        ("policy", {"first_ask": True}),
        ("policy", {"form": "carrier pigeon"}),
        ("policy", {"quiet_days": ()}),
        ("policy", {"quiet_days": 7}),
        ("policy", {"quiet_days": (14, -1)}),
        ("policy", {"first_ask_in_visit": "yes"}),
        ("policy", {"unanswered_days": None}),
        ("policy", []),
        ("rules", "strict"),
        ("rules", ["/premium/*"]),
        ("origin", "www.example.org"),
        ("origin", "ftp://example.org"),
        ("origin", "https://example.org/path"),
        ("origin", "https://user@example.org"),
        ("prefix", "_site"),
        ("prefix", "/_site/"),
        ("prefix", "/"),
        ("site", "a b"),
        ("site", "x" * 65),
        ("publisher", 7),
        ("language", "English!"),
        ("language", 7),
        ("store", "postgres://x"),
        ("store", "sqlite://relative"),
        ("store", 7),
        ("retention_days", 0),
        ("retention_days", 36_501),
        ("retention_days", True),
        ("retention_days", "760"),
        ("is_supporter", "yes"),
        ("section", 7),
        ("country", 7),
        ("ad_urls", "https://ads.example/tag.js"),
        ("ad_urls", ["/relative.js"]),
        ("ad_urls", [7]),
        ("ad_urls", [f"https://ads{number}.example/" for number in range(13)]),
        ("alert_urls", "https://hooks.example/a"),
        ("alert_urls", ["/relative"]),
        ("alert_urls", [f"https://hooks.example/{number}" for number in range(9)]),
        ("alert_secret", 7),
        ("neutral_url", "/logo.svg"),
        ("neutral_url", 7),
        ("consent_mode", "maybe"),
        ("holdout", 1.5),
        ("holdout", "0.1"),
        ("holdout", True),
        ("sample", -0.1),
        ("exclude", "/login"),
        ("exclude", ["login"]),
        ("inject", "sometimes"),
        ("interstitial", "popup"),
        ("inline_target", " "),
        ("support", "https://example.org"),
        ("support", [("Subscribe", "/subscribe")]),
        ("texts", {"en": "words"}),
        ("theme", {"accent": "#f5c518"}),
        ("policy", {"max_asks": 13}),
        ("policy", {"visit_asks": 13}),
        ("variants", "copy-b"),
        ("variants", ["copy-b"]),
        ("template_dir", "/nowhere/at/all"),
    ],
)
def test_a_value_that_cannot_be_used_is_refused_with_its_options_name(
    option: str, value: Any
) -> None:
    with pytest.raises(SettingsError, match=rf"^{option}"):
        made(**{option: value})


def test_a_store_that_makes_no_sense_does_not_show_the_password_in_it() -> None:
    with pytest.raises(SettingsError, match=r"^store") as caught:
        made(store="postgres://user:hunter2@host/db")
    assert "hunter2" not in str(caught.value)


def test_an_unknown_option_is_refused_with_the_nearest_known_one() -> None:
    with pytest.raises(SettingsError, match="hold_out: no such option; did you mean 'holdout'"):
        made(hold_out=0.1)
    with pytest.raises(SettingsError, match=r"xyzzy: no such option$"):
        made(xyzzy=1)


def test_alerts_without_a_secret_to_sign_them_are_refused() -> None:
    with pytest.raises(SettingsError, match=r"^alert_secret: .*adguard keys"):
        made(alert_urls=["https://hooks.example/a"])
    with pytest.raises(SettingsError, match=r"^alert_secret"):
        made(alert_urls=["https://hooks.example/a"], alert_secret="short")


def test_a_missing_secret_key_says_how_to_make_one() -> None:
    with pytest.raises(SettingsError, match="adguard keys"):
        build_settings(None, {})


ENVIRONMENT: Mapping[str, tuple[str, Any]] = {
    "secret_key": (f"{KEY},{'o' * 40}", (KEY, "o" * 40)),
    "mode": ("observe", "observe"),
    "mode_file": ("/run/mode", Path("/run/mode")),
    "preset": ("gentle", "gentle"),
    "policy": ('{"first_ask": 4}', {"first_ask": 4}),
    "origin": ("https://WWW.example.org:443", "https://www.example.org"),
    "prefix": ("/_desk", "/_desk"),
    "site": ("gazette", "gazette"),
    "publisher": ("The Gazette", "The Gazette"),
    "language": ("pt-BR", "pt-BR"),
    "store": ("memory:", "memory:"),
    "retention_days": ("90", 90),
    "is_supporter": ("os.path:exists", __import__("os").path.exists),
    "ad_urls": (
        "https://a.example/1.js https://b.example/2.js",
        ("https://a.example/1.js", "https://b.example/2.js"),
    ),
    "probe_ad_urls": ("yes", True),
    "neutral_url": ("https://CDN.example:443/a.js#b", "https://cdn.example/a.js"),
    "consent_mode": ("required", "required"),
    "holdout": ("0.1", 0.1),
    "sample": ("0.5", 0.5),
    "exclude": ("/press,/jobs", ("/press", "/jobs")),
    "baits": ("/srv/baits.json", "/srv/baits.json"),
    "inject": ("manual", "manual"),
    "interstitial": ("redirect", "redirect"),
    "inline_target": ("main", "main"),
    "section": ("os.path:basename", __import__("os").path.basename),
    "country": ("os.path:dirname", __import__("os").path.dirname),
    "support": (
        '[{"label": "Subscribe", "url": "/subscribe", "kind": "subscribe"}]',
        (SupportOption("Subscribe", "/subscribe", "subscribe"),),
    ),
    "texts": ('{"en": {"a": "b"}}', {"en": {"a": "b"}}),
    "theme": ("ink", "ink"),
    "variants": (
        '[{"name": "b", "share": 0.5, "form": "inline"}]',
        (Variant("b", 0.5, form="inline"),),
    ),
    "template_dir": ("/", Path("/")),
    "protection_blocks": ("yes", True),
    "network_wall": ("1", True),
    "metrics": ("yes", True),
    "alert_urls": ("https://hooks.example/a", ("https://hooks.example/a",)),
    "alert_secret": ("s" * 32, "s" * 32),
    "dashboard": ("os.path:exists", __import__("os").path.exists),
    "dashboard_password": ("a long password", "a long password"),
    "rpm": ('{"city": 4.5, "*": 3}', {"city": 4.5, "*": 3}),
    "currency": ("CHF", "CHF"),
    "debug": ("true", True),
}


@pytest.mark.parametrize("option", sorted(set(OPTIONS) - {"rules"}))
def test_every_option_can_come_from_the_environment(
    option: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    text, value = ENVIRONMENT[option]
    monkeypatch.setenv("ADGUARD_SECRET_KEY", KEY)
    monkeypatch.setenv("ADGUARD_ALERT_SECRET", KEY)
    monkeypatch.setenv(f"ADGUARD_{option.upper()}", text)
    assert getattr(build_settings(None, {}), option) == value


def test_ad_urls_are_gathered_by_owner_and_written_as_browsers_write_them() -> None:
    settings = made(ad_urls=["https://a.Ads.example:443/x.js#y", "https://b.ads.example", *OTHER])
    assert settings.ad_urls == ("https://a.ads.example/x.js", "https://b.ads.example/", *OTHER)
    assert settings.ad_domains == {"ads.example": list(settings.ad_urls[:2]), "pics.test": OTHER}
    assert made().ad_domains == {}


OTHER = ["https://pics.test/1.js"]


@pytest.mark.parametrize(
    "options",
    [
        {"ad_urls": OTHER, "neutral_url": "https://cdn.pics.test/logo.svg"},
        {"origin": "https://www.news.co.uk", "neutral_url": "https://static.news.co.uk/logo.svg"},
        {"ad_urls": OTHER, "probe_ad_urls": True, "consent_mode": "local_only"},
    ],
)
def test_a_control_that_is_none_and_a_probe_that_nobody_agreed_to_are_refused(
    options: dict[str, Any],
) -> None:
    with pytest.raises(SettingsError, match=r"^(neutral_url|probe_ad_urls): "):
        made(**options)


def test_rules_can_come_from_the_environment_as_json(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ADGUARD_RULES", '[{"path": "/premium/*", "preset": "strict"}]')
    assert made().book.ruling("/premium/a").preset == "strict"


def test_what_is_written_in_code_beats_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ADGUARD_SITE", "elsewhere")
    assert made(site="here").site == "here"


@pytest.mark.parametrize(
    ("option", "text"),
    [
        ("holdout", "a tenth"),
        ("rules", "{"),
        ("is_supporter", "nowhere:hook"),
        ("debug", "perhaps"),
    ],
)
def test_an_environment_value_that_cannot_be_read_names_its_option(
    option: str, text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(f"ADGUARD_{option.upper()}", text)
    with pytest.raises(SettingsError, match=rf"^{option}: ADGUARD_{option.upper()}="):
        made()


def test_a_bad_rule_in_the_environment_keeps_its_own_complaint(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("ADGUARD_RULES", '[{"path": "premium"}]')
    with pytest.raises(SettingsError, match=r"^rules\.path"):
        made()


def test_a_misspelt_variable_in_the_environment_is_pointed_out(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("ADGUARD_HOLDUOT", "0.1")
    monkeypatch.setenv("ADGUARD_DATA", "/srv/data")
    with caplog.at_level(logging.WARNING, "adguard"):
        made()
    assert "ADGUARD_HOLDUOT" in caplog.text
    assert "ADGUARD_DATA" not in caplog.text


def test_options_replace_fields_of_given_settings() -> None:
    settings = made(site="one", holdout=0.2)
    assert build_settings(settings, {}) is settings
    changed = build_settings(settings, {"site": "two"})
    assert (changed.site, changed.holdout) == ("two", 0.2)
    with pytest.raises(SettingsError, match=r"^settings"):
        build_settings("settings", {})  # type: ignore[arg-type]


def test_an_origin_says_whether_readers_come_over_tls() -> None:
    assert made(origin="https://example.org").secure is True
    assert made(origin="http://example.org:80/").origin == "http://example.org"
    assert made(origin="http://example.org").secure is False


@pytest.mark.parametrize(
    ("label", "url", "kind"),
    [
        ("", "/subscribe", "subscribe"),
        ("Subscribe", "//evil.example", "subscribe"),
        ("Subscribe", "/\\evil.example", "subscribe"),
        ("Subscribe", "javascript:alert(1)", "subscribe"),
        ("Subscribe", "/subscribe", "bribe"),
    ],
)
def test_a_way_to_support_needs_a_label_an_address_and_a_known_kind(
    label: str, url: str, kind: Any
) -> None:
    with pytest.raises(SettingsError, match=r"^support\."):
        SupportOption(label, url, kind)


@pytest.mark.parametrize(
    ("pattern", "inside", "outside"),
    [
        ("/markets", ["/markets", "/markets/", "/markets/a/b"], ["/market", "/marketsx", "/"]),
        ("/markets/", ["/markets", "/markets/a"], ["/marketsx"]),
        ("/markets/*", ["/markets/", "/markets/a/b"], ["/markets", "/x/markets/a"]),
        ("/*/live", ["/sport/live", "/a/b/live"], ["/live", "/sport/live/1"]),
        ("/", ["/"], ["/a"]),
        ("/*", ["/", "/a", "/a\nb"], []),
        ("/a.b", ["/a.b"], ["/axb"]),
    ],
)
def test_a_path_pattern_means_what_it_looks_like(
    pattern: str, inside: list[str], outside: list[str]
) -> None:
    made_pattern = PathPattern(pattern, "exclude")
    assert [path for path in [*inside, *outside] if made_pattern.matches(path)] == inside


def test_the_first_rule_that_matches_wins() -> None:
    book = made(
        rules=[
            Rule("/markets/free/*", preset="gentle"),
            Rule("/markets/*", preset="strict", policy={"free_views": 5}),
            Rule("/live", mode="observe"),
        ],
        policy={"first_ask": 3},
    ).book
    assert book.ruling("/markets/free/a").preset == "gentle"
    assert book.ruling("/markets/free/a").policy == PRESETS["gentle"]
    assert book.ruling("/markets/a").policy.free_views == 5
    assert book.ruling("/markets/a").policy.form == "interstitial"
    assert book.ruling("/live/1").mode == "observe"
    assert book.ruling("/live/1").policy.first_ask == 3
    assert book.ruling("/else").preset == "standard"
    assert book.withholds
    assert not made().book.withholds


@pytest.mark.parametrize("word", sorted(EXCLUDED_ANYWHERE | EXCLUDED_AT_THE_ENDS))
def test_log_in_checkout_account_and_legal_paths_are_left_alone(word: str) -> None:
    book = made().book
    assert book.ruling(f"/{word}").pattern == f"/{word}"
    for path in (f"/{word.upper()}/step/2", f"/en/{word}/a", f"/pt_BR/{word}/a", f"//x/y/{word}/"):
        assert book.ruling(path).excluded
    for path in (f"/{word}.html", f"/{word.replace('-', '_')}.aspx;id=a.b"):
        assert book.ruling(path).excluded
    assert book.ruling(f"/shop/{word}/pay").excluded is (word in EXCLUDED_ANYWHERE)
    assert not book.ruling(f"/{word}-of-the-century").excluded
    assert not book.ruling(f"/news/the-{word}/a").excluded


@pytest.mark.parametrize(
    ("path", "word"),
    [
        ("/accounts/login/", "/accounts"),
        ("/users/sign_in", "/sign-in"),
        ("/wp-login.php", "/wp-login"),
        ("/index.php/login", "/login"),
        ("/shop/checkout/pay", "/checkout"),
        ("/en/privacy", "/privacy"),
        ("/en-gb/legal/your-rights", "/legal"),
        ("/de/datenschutz/", "/datenschutz"),
        ("/company/legal/terms-of-service", "/terms-of-service"),
        ("/about/privacy-policy.html", "/privacy-policy"),
    ],
)
def test_sensitive_paths_are_found_behind_a_language_or_a_section(path: str, word: str) -> None:
    for rules in ([], [Rule("/*", preset="strict")]):
        ruling = made(rules=rules).book.ruling(path)
        assert (ruling.excluded, ruling.pattern, ruling.policy.form) == (True, word, "dialog")


@pytest.mark.parametrize(
    "path",
    [
        *("/", "//", "/news/privacy-law-passes", "/news/privacy/law-passes", "/tech/legal/a"),
        *("/sport/basket/finals", "/opinion/terms.and.conditions.apply", "/accounting", "/authors"),
        *("/cartoon/1", "/city/the-login-that-failed.html", "/a.login", "/registered;/a"),
    ],
)
def test_what_only_writes_about_them_is_asked_about(path: str) -> None:
    assert not made().book.ruling(path).excluded


@pytest.mark.parametrize(
    ("pattern", "back", "out"),
    [
        ("/*", ["/a"], ["/account", "/checkout/pay", "/en/privacy"]),
        ("/shop", ["/shop/a"], ["/shop/checkout", "/shop/cart/1"]),
        ("/en/*", ["/en/a"], ["/en/login", "/en/legal"]),
        ("/account/news", ["/account/news/a"], ["/account/orders", "/account/news/login"]),
        ("/account/*", ["/account/orders"], ["/account", "/account/login", "/login"]),
        ("/*/Checkout/*", ["/x/Checkout/1"], ["/x/Checkout/payment", "/checkout"]),
        ("/*checkout*", [], ["/checkout", "/shop/checkout"]),
        ("/sign_in.php", ["/sign_in.php"], ["/sign_in"]),
        ("/news/privacy", ["/news/privacy", "/news/privacy/a"], ["/privacy"]),
    ],
)
def test_only_a_rule_that_names_an_exclusion_brings_it_back(
    pattern: str, back: list[str], out: list[str]
) -> None:
    book = made(rules=[Rule(pattern, preset="gentle"), Rule("/*")]).book
    assert [book.ruling(path).pattern for path in back] == [pattern] * len(back)
    assert [path for path in out if not book.ruling(path).excluded] == []


def test_a_rule_that_names_an_exclusion_holds_there_even_behind_a_broader_one() -> None:
    book = made(rules=[Rule("/*", preset="strict"), Rule("/account/news", preset="gentle")]).book
    assert book.ruling("/account/news").preset == "gentle"


def test_exclude_beats_any_rule() -> None:
    assert made(rules=[Rule("/press/*")], exclude=["/press"]).book.ruling("/press/1").excluded


@pytest.mark.parametrize(
    ("options", "name"),
    [
        ({"path": "premium"}, "path"),
        ({"path": 7}, "path"),
        ({"path": "/a", "preset": "rude"}, "preset"),
        ({"path": "/a", "mode": "loud"}, "mode"),
    ],
)
def test_a_rule_refuses_what_it_cannot_mean(options: Any, name: str) -> None:
    with pytest.raises(SettingsError, match=rf"^rules\.{name}"):
        Rule(**options)


def test_a_rule_refuses_policy_values_at_once_and_shows_itself() -> None:
    with pytest.raises(SettingsError, match=r"^policy\.free_views"):
        Rule("/a", policy={"free_views": -1})
    assert repr(Rule("/a", preset="strict")) == "Rule('/a', preset='strict', mode=None)"


def test_caps_may_be_lifted_but_days_may_not() -> None:
    assert Policy(max_asks=None, visit_asks=None).max_asks is None
    with pytest.raises(SettingsError, match=r"policy\.window_days"):
        Policy(window_days=0)


@given(st.lists(st.text("/ab*", min_size=0, max_size=6), min_size=1, max_size=50))
def test_remembered_rulings_are_the_rulings(paths: list[str]) -> None:
    rules = [Rule("/a/*", preset="gentle"), Rule("/b", preset="strict")]
    book = Rulebook("standard", {}, rules, ["/ab"])
    book.REMEMBERED = 3
    for path in paths:
        fresh = Rulebook("standard", {}, rules, ["/ab"])
        assert book.ruling("/" + path) == fresh.ruling("/" + path)


def test_a_dashboard_takes_an_authenticator_or_a_password_not_both() -> None:
    assert Settings(secret_key=KEY, dashboard_password="twelve or more").dashboard is None
    with pytest.raises(SettingsError, match="both set"):
        Settings(secret_key=KEY, dashboard=lambda _: True, dashboard_password="twelve or more")
    with pytest.raises(SettingsError, match="12 characters"):
        Settings(secret_key=KEY, dashboard_password="eleven or s")
    with pytest.raises(SettingsError, match=r"dashboard: .* cannot be called"):
        Settings(secret_key=KEY, dashboard="everybody")  # type: ignore[arg-type]


@pytest.mark.parametrize("rpm", [-1, float("inf"), float("nan"), True, "4", {"city": "4"}, {1: 4}])
def test_an_rpm_is_a_number_or_a_number_for_each_section(rpm: Any) -> None:
    with pytest.raises(SettingsError, match="rpm"):
        Settings(secret_key=KEY, rpm=rpm)


def test_a_currency_is_a_code() -> None:
    with pytest.raises(SettingsError, match="currency"):
        Settings(secret_key=KEY, currency="euro")
