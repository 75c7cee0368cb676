"""Everything a publisher can set, checked once, at construction."""

# ruff: noqa: RUF009 -- `option` returns a dataclass field, which ruff cannot know

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from difflib import get_close_matches
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal, get_args
from urllib.parse import urlsplit

from adguard.environment import (
    SettingsError,
    as_flag,
    as_hook,
    as_json,
    as_look,
    as_words,
    option,
    warn_unknown,
)
from adguard.hosts import by_domain, normal_url
from adguard.languages import FALLBACK, TAG
from adguard.presets import (
    MODES,
    PRESETS,
    Mode,
    PresetName,
    Rule,
    Rulebook,
)
from adguard.theme import Theme, read_theme
from adguard.variants import Arms, Variant
from adguard.ways import SupportOption

if TYPE_CHECKING:
    from starlette.requests import HTTPConnection

__all__ = ["Settings", "SettingsError", "SupportOption", "Wording"]

ConsentMode = Literal["off", "required", "local_only"]
SupporterHook = Callable[["HTTPConnection"], Awaitable[bool | None]]
LabelHook = Callable[["HTTPConnection"], str | None]
Authenticator = Callable[["HTTPConnection"], bool | Awaitable[bool]]
Wording = str | Mapping[str, str]
"""A sentence, or its forms by CLDR's plural category: `{"one": "{n} day", "other": "{n} days"}`."""

SECRET_LENGTH = 32
PASSWORD_LENGTH = 12
MOST_ALERT_URLS = 8
MOST_AD_DOMAINS = 12
STORES = ("sqlite:///", "memory:", "none", "clickhouse://")


def _rules(text: str) -> tuple[Rule, ...]:
    return tuple(Rule(**entry) for entry in as_json(text))


def _support(text: str) -> tuple[SupportOption, ...]:
    return tuple(SupportOption(**entry) for entry in as_json(text))


def _variants(text: str) -> tuple[Variant, ...]:
    return tuple(Variant(**entry) for entry in as_json(text))


@dataclass(frozen=True, kw_only=True)
class Settings:
    """A publisher's settings. Every option may come from `ADGUARD_<NAME>` in the environment; what
    is written in code wins, except `mode`, which is an operator's switch (see `switch.py`).

    :raises SettingsError: naming the option, when a value cannot be used.
    """

    secret_key: str | Sequence[str] = option("secret_key", "", as_words)
    mode: Mode = option("mode", "ask")
    mode_file: str | Path | None = option("mode_file", None)
    preset: PresetName = option("preset", "standard")
    policy: Mapping[str, Any] = option("policy", MappingProxyType({}), as_json)
    rules: Sequence[Rule] = option("rules", (), _rules)
    origin: str | None = option("origin", None)
    prefix: str = option("prefix", "/_site")
    site: str = option("site", "default")
    publisher: str = option("publisher", "")
    language: str = option("language", "")
    store: str | None = option("store", None)
    retention_days: int = option("retention_days", 760, int)
    is_supporter: SupporterHook | None = option("is_supporter", None, as_hook)
    ad_urls: Sequence[str] = option("ad_urls", (), as_words)
    probe_ad_urls: bool = option("probe_ad_urls", False, as_flag)
    neutral_url: str | None = option("neutral_url", None)
    consent_mode: ConsentMode = option("consent_mode", "off")
    holdout: float = option("holdout", 0.0, float)
    variants: Sequence[Variant] = option("variants", (), _variants)
    sample: float = option("sample", 1.0, float)
    exclude: Sequence[str] = option("exclude", (), as_words)
    baits: str | Path | Mapping[str, Any] | None = option("baits", None)
    inject: Literal["auto", "manual"] = option("inject", "auto")
    interstitial: Literal["origin", "redirect"] = option("interstitial", "origin")
    inline_target: str = option("inline_target", "[data-site-note], article, main")
    section: LabelHook | None = option("section", None, as_hook)
    country: LabelHook | None = option("country", None, as_hook)
    support: Sequence[SupportOption] = option("support", (), _support)
    texts: Mapping[str, Mapping[str, Wording]] = option("texts", MappingProxyType({}), as_json)
    template_dir: str | Path | None = option("template_dir", None)
    theme: str | Mapping[str, str] = option("theme", "paper", as_look)
    protection_blocks: bool = option("protection_blocks", False, as_flag)
    network_wall: bool = option("network_wall", False, as_flag)
    metrics: bool = option("metrics", False, as_flag)
    alert_urls: Sequence[str] = option("alert_urls", (), as_words)
    alert_secret: str = option("alert_secret", "")
    dashboard: Authenticator | None = option("dashboard", None, as_hook)
    dashboard_password: str = option("dashboard_password", "")
    rpm: float | Mapping[str, float] | None = option("rpm", None, as_json)
    currency: str = option("currency", "EUR")
    debug: bool = option("debug", False, as_flag)

    def __post_init__(self) -> None:
        self._set("secret_key", self._secret_keys())
        self._one_of("mode", MODES)
        self._one_of("preset", tuple(PRESETS))
        self._one_of("consent_mode", get_args(ConsentMode))
        self._one_of("inject", ("auto", "manual"))
        self._one_of("interstitial", ("origin", "redirect"))
        if self.preset == "strict":
            raise SettingsError(
                "preset: 'strict' withholds pages, so bind it to explicit paths: "
                "rules=[Rule('/premium/*', preset='strict')]"
            )
        if not isinstance(self.policy, Mapping):
            raise SettingsError(f"policy: {self.policy!r} is not a mapping")
        if self.policy.get("form") == "interstitial":
            raise SettingsError(
                "policy: the form 'interstitial' must be bound to explicit paths by a Rule"
            )
        self._check_names()
        self._check_addresses()
        self._check_shares()
        self._check_retention()
        self._check_collections()
        self._check_alerts()
        self._check_dashboard()
        for name in ("is_supporter", "section", "country", "dashboard"):
            hook = getattr(self, name)
            if hook is not None and not callable(hook):
                raise SettingsError(f"{name}: {hook!r} cannot be called")
        for name in ("mode_file", "template_dir"):
            if getattr(self, name) is not None:
                self._set(name, Path(getattr(self, name)))
        if self.template_dir is not None and not Path(self.template_dir).is_dir():
            raise SettingsError(f"template_dir: {str(self.template_dir)!r} is not a folder")
        self._set("look", read_theme(self.theme))
        self._set("book", Rulebook(self.preset, self.policy, self.rules, self.exclude))
        self._set("arms", Arms(self.holdout, self.variants, self.site))

    book: Rulebook = field(init=False, repr=False, compare=False)
    look: Theme = field(init=False, repr=False, compare=False)
    arms: Arms = field(init=False, repr=False, compare=False)
    ad_domains: Mapping[str, Sequence[str]] = field(init=False, repr=False, compare=False)
    """Registrable domain -> the ad scripts under it."""

    @property
    def keys(self) -> tuple[str, ...]:
        """The secret keys, newest first."""
        return (self.secret_key,) if isinstance(self.secret_key, str) else tuple(self.secret_key)

    @property
    def secure(self) -> bool | None:
        """Whether readers reach the site over TLS; `None` when `origin` leaves it to the scope."""
        return None if self.origin is None else self.origin.startswith("https://")

    def __repr__(self) -> str:
        return f"<Settings site={self.site!r} mode={self.mode!r} preset={self.preset!r}>"

    def _set(self, name: str, value: object) -> None:
        object.__setattr__(self, name, value)

    def _one_of(self, name: str, known: Sequence[str]) -> None:
        value = getattr(self, name)
        if value not in known:
            raise SettingsError(f"{name}: {value!r} is not one of {', '.join(known)}")

    def _secret_keys(self) -> tuple[str, ...]:
        keys = (self.secret_key,) if isinstance(self.secret_key, str) else tuple(self.secret_key)
        if not keys or keys == ("",):
            raise SettingsError(
                "secret_key: missing; give at least one of 32 characters or more "
                "(`adguard keys` prints one), or set ADGUARD_SECRET_KEY"
            )
        for key in keys:
            if not isinstance(key, str) or len(key) < SECRET_LENGTH:
                length = len(key) if isinstance(key, str) else type(key).__name__
                raise SettingsError(
                    f"secret_key: every key needs at least {SECRET_LENGTH} characters, got {length}"
                )
        return keys

    def _check_names(self) -> None:
        if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}", str(self.site)):
            raise SettingsError(
                f"site: {self.site!r} is not 1 to 64 letters, digits, dots, dashes or underscores"
            )
        if not re.fullmatch(r"(?:/[A-Za-z0-9._~-]+)+", str(self.prefix)):
            raise SettingsError(
                f"prefix: {self.prefix!r} is not a path such as '/_site' (no slash at its end)"
            )
        if not isinstance(self.publisher, str) or len(self.publisher) > 200:
            raise SettingsError("publisher: not a text of at most 200 characters")
        if not isinstance(self.language, str) or not TAG.fullmatch(self.language or FALLBACK):
            raise SettingsError(f"language: {self.language!r} is not a language tag such as 'en'")
        if not isinstance(self.inline_target, str) or not self.inline_target.strip():
            raise SettingsError("inline_target: not a CSS selector list")

    def _check_addresses(self) -> None:
        if self.origin is not None:
            try:
                parts = urlsplit(self.origin)
                place = normal_url(f"{parts.scheme}://{parts.netloc}").removesuffix("/")
            except ValueError as error:
                raise SettingsError(
                    f"origin: {self.origin!r} is not like 'https://www.example.org'"
                ) from error
            if parts.path not in {"", "/"} or parts.query or parts.fragment:
                raise SettingsError(
                    f"origin: {self.origin!r} has more than scheme, host and port; "
                    f"write '{parts.scheme}://{parts.netloc}'"
                )
            self._set("origin", place)
        if self.store is not None and not (
            isinstance(self.store, str)
            and (self.store in {"none", "memory:"} or self.store.startswith((STORES[0], STORES[3])))
        ):
            # What stands before an @ may be a password.
            shown = repr(self.store) if "@" not in str(self.store) else "it"
            raise SettingsError(
                f"store: {shown} is not sqlite:///absolute/path, memory:, none or clickhouse://…"
            )
        self._set("ad_urls", tuple(self._url("ad_urls", url) for url in self._strings("ad_urls")))
        self._set("ad_domains", by_domain(self.ad_urls))
        if len(self.ad_domains) > MOST_AD_DOMAINS:
            raise SettingsError(
                f"ad_urls: {len(self.ad_domains)} domains are too many to watch; "
                f"name those of {MOST_AD_DOMAINS} at most"
            )
        if self.probe_ad_urls and self.consent_mode == "local_only":
            raise SettingsError(
                "probe_ad_urls: contacts ad hosts, and with consent_mode='local_only' nobody was "
                "asked; use consent_mode='required'"
            )
        if self.neutral_url is not None:
            self._set("neutral_url", self._url("neutral_url", self.neutral_url))
            (domain,) = by_domain((self.neutral_url,))
            if domain in self.ad_domains or domain in by_domain((self.origin or "about:",)):
                raise SettingsError(
                    f"neutral_url: {domain!r} is the site's own or an ad host's; name a file on a "
                    "host that has to do with neither"
                )

    def _url(self, name: str, value: object) -> str:
        try:
            return normal_url(value if isinstance(value, str) else "")
        except ValueError:
            raise SettingsError(f"{name}: {value!r} is not an absolute http(s) URL") from None

    def _check_alerts(self) -> None:
        urls = tuple(self._url("alert_urls", url) for url in self._strings("alert_urls"))
        self._set("alert_urls", tuple(dict.fromkeys(urls)))
        if len(self.alert_urls) > MOST_ALERT_URLS:
            raise SettingsError(f"alert_urls: {MOST_ALERT_URLS} addresses at most")
        if not isinstance(self.alert_secret, str):
            raise SettingsError("alert_secret: not a text")
        if self.alert_urls and len(self.alert_secret) < SECRET_LENGTH:
            raise SettingsError(
                f"alert_secret: alerts are signed with it, so it needs {SECRET_LENGTH} characters "
                "or more (`adguard keys` prints one)"
            )

    def _check_dashboard(self) -> None:
        password = self.dashboard_password
        if not isinstance(password, str) or 0 < len(password) < PASSWORD_LENGTH:
            raise SettingsError(
                f"dashboard_password: not a text of {PASSWORD_LENGTH} characters or more"
            )
        if password and self.dashboard is not None:
            raise SettingsError(
                "dashboard: an authenticator and dashboard_password are both set; keep one"
            )
        rates: dict[Any, Any] = {} if self.rpm is None else {"*": self.rpm}
        for section, rate in (self.rpm if isinstance(self.rpm, Mapping) else rates).items():
            number = isinstance(rate, (int, float)) and not isinstance(rate, bool)
            if not isinstance(section, str) or not number or not 0 <= rate < float("inf"):
                raise SettingsError(
                    f"rpm: {rate!r} is not what a thousand views earn; give a number, or a "
                    "mapping of sections to numbers ('*' for all others)"
                )
        if not isinstance(self.currency, str) or not re.fullmatch("[A-Z]{3}", self.currency):
            raise SettingsError(f"currency: {self.currency!r} is not a code such as 'EUR'")

    def _check_shares(self) -> None:
        for name in ("holdout", "sample"):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, (int, float)):
                raise SettingsError(f"{name}: {value!r} is not a number from 0 to 1")
            if not 0 <= value <= 1:
                raise SettingsError(f"{name}: {value!r} is not from 0 to 1")
            self._set(name, float(value))

    def _check_retention(self) -> None:
        days = self.retention_days
        if isinstance(days, bool) or not isinstance(days, int) or not 1 <= days <= 36_500:
            raise SettingsError(
                f"retention_days: {days!r} is not a whole number of days from 1 to 36500"
            )

    def _check_collections(self) -> None:
        self._set("exclude", self._strings("exclude"))
        for name, kind in (
            ("rules", Rule),
            ("support", SupportOption),
            ("variants", Variant),
        ):
            value = getattr(self, name)
            if isinstance(value, (str, bytes)) or not isinstance(value, Sequence):
                raise SettingsError(f"{name}: {value!r} is not a list of {kind.__name__}")
            for entry in value:
                if not isinstance(entry, kind):
                    raise SettingsError(f"{name}: {entry!r} is not a {kind.__name__}")
            self._set(name, tuple(value))
        for language, entries in dict(self.texts).items():
            if not isinstance(entries, Mapping) or not all(
                isinstance(key, str) and _is_wording(text) for key, text in entries.items()
            ):
                raise SettingsError(f"texts: {language!r} is not a mapping of keys to texts")

    def _strings(self, name: str) -> tuple[str, ...]:
        value = getattr(self, name)
        if isinstance(value, str) or not isinstance(value, Sequence):
            raise SettingsError(f"{name}: {value!r} is not a list of texts")
        if not all(isinstance(entry, str) for entry in value):
            raise SettingsError(f"{name}: {value!r} holds something that is not a text")
        return tuple(value)


def _is_wording(value: object) -> bool:
    forms = value.values() if isinstance(value, Mapping) else [value]
    return all(isinstance(text, str) for text in forms)


OPTIONS = tuple(f.name for f in fields(Settings) if f.init)


def build_settings(settings: Settings | None, options: Mapping[str, Any]) -> Settings:
    """Returns `settings` with `options` on top, or new ones from `options` and the environment.

    :raises SettingsError: for an option that does not exist (with the nearest name that does) or
        cannot be used.
    """
    for name in options:
        if name not in OPTIONS:
            near = get_close_matches(name, OPTIONS, n=1)
            hint = f"; did you mean {near[0]!r}?" if near else ""
            raise SettingsError(f"{name}: no such option{hint}")
    if settings is not None and not isinstance(settings, Settings):
        raise SettingsError(f"settings: {settings!r} is not a Settings")
    warn_unknown(OPTIONS)
    if settings is None:
        return Settings(**options)
    if not options:
        return settings
    kept = {name: getattr(settings, name) for name in OPTIONS}
    return Settings(**{**kept, **options})
