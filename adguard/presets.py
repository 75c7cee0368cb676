"""Policy values: three presets, a publisher's overrides, and the rules that bind them to paths."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from types import MappingProxyType
from typing import Any, Literal, get_args

from adguard.environment import SettingsError

Mode = Literal["off", "observe", "ask"]
PresetName = Literal["gentle", "standard", "strict"]
Form = Literal["inline", "banner", "dialog", "interstitial"]

MOST_ASKS = 12
"""Days of asks that a reader's note has room for, and so the highest cap that can be kept."""

MODES: tuple[Mode, ...] = get_args(Mode)
FORMS: tuple[Form, ...] = get_args(Form)

EXCLUDED_ANYWHERE = frozenset(
    {
        *("login", "log-in", "logout", "log-out", "wp-login", "signin", "sign-in", "signout"),
        *("sign-out", "signup", "sign-up", "register", "auth", "account", "accounts", "my-account"),
        *("checkout", "cart", "payment"),
    }
)
"""Log-in, checkout and account: left alone wherever one of these is a whole part of a path, with
all that is below."""

EXCLUDED_AT_THE_ENDS = frozenset(
    {
        *("legal", "privacy", "privacy-policy", "terms", "terms-of-service", "terms-of-use"),
        *("terms-and-conditions", "imprint", "impressum", "datenschutz", "agb", "basket"),
    }
)
"""Legal pages, and what is also a subject to write about: left alone where a path begins with it,
behind a language or not, with all that is below; and where it is a path's last part."""


@dataclass(frozen=True, kw_only=True)
class Policy:
    """When to ask a reader behind a blocker, and how insistently.

    :param first_ask: the blocked view of a visit (a UTC day) at which to ask first, 2 or more:
        nobody is asked on a first view.
    :param first_ask_in_visit: whether `first_ask` counts the views of this visit only, or all
        that the reader's state remembers.
    :param form: how to ask.
    :param quiet_days: silence in days after the first, second, ... "not now"; the last repeats.
    :param unanswered_days: silence in days after an ask that was left unanswered.
    :param max_asks: asks in any `window_days`, at most 12; `None` for no cap.
    :param window_days: the length of that window in days.
    :param visit_asks: asks in one visit, at most 12; `None` for no cap.
    :param free_views: blocked views in a UTC calendar month before an interstitial; only read
        when `form` is `interstitial`.
    :param pass_days: days after today that "not now" on an interstitial keeps the way free.
    """

    first_ask: int = 2
    first_ask_in_visit: bool = False
    form: Form = "dialog"
    quiet_days: tuple[int, ...] = (14, 30, 90)
    unanswered_days: int = 3
    max_asks: int | None = 4
    window_days: int = 30
    visit_asks: int | None = 1
    free_views: int = 3
    pass_days: int = 1

    def __post_init__(self) -> None:
        if self.form not in FORMS:
            raise SettingsError(f"policy.form: {self.form!r} is not one of {', '.join(FORMS)}")
        days = self.quiet_days
        if (
            isinstance(days, (str, int))
            or not days
            or not all(isinstance(d, int) and 0 <= d <= 395 for d in days)
        ):
            raise SettingsError(
                f"policy.quiet_days: {days!r} is not a list of whole days, each 0 to 395"
            )
        object.__setattr__(self, "quiet_days", tuple(days))
        if not isinstance(self.first_ask_in_visit, bool):
            raise SettingsError("policy.first_ask_in_visit: neither true nor false")
        lowest = {"first_ask": 2, "window_days": 1, "max_asks": 1, "visit_asks": 1}
        for name in (
            "first_ask",
            "unanswered_days",
            "max_asks",
            "window_days",
            "visit_asks",
            "free_views",
            "pass_days",
        ):
            value = getattr(self, name)
            if value is None and name in {"max_asks", "visit_asks"}:
                continue
            low = lowest.get(name, 0)
            top = MOST_ASKS if name in {"max_asks", "visit_asks"} else 395
            if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= top:
                raise SettingsError(
                    f"policy.{name}: {value!r} is not a whole number from {low} to {top}"
                )

    def overridden(self, values: Mapping[str, Any]) -> Policy:
        """Returns this policy with `values` in place of its own.

        :raises SettingsError: for a name that no policy has, or a value out of range.
        """
        known = {field.name for field in fields(self)}
        for name in values:
            if name not in known:
                raise SettingsError(
                    f"policy.{name}: no such policy value; known: {', '.join(sorted(known))}"
                )
        return replace(self, **values) if values else self


PRESETS: Mapping[str, Policy] = MappingProxyType(
    {
        "gentle": Policy(
            first_ask=3,
            first_ask_in_visit=True,
            form="inline",
            quiet_days=(30, 90),
            unanswered_days=7,
            max_asks=2,
        ),
        "standard": Policy(),
        "strict": Policy(
            form="interstitial", quiet_days=(1,), unanswered_days=0, max_asks=None, visit_asks=None
        ),
    }
)


class PathPattern:
    """A path pattern: `*` stands for anything; without `*`, the path itself and all below it.

    :raises SettingsError: when `pattern` is not a path.
    """

    __slots__ = ("_match", "pattern")

    def __init__(self, pattern: str, option: str) -> None:
        if not isinstance(pattern, str) or not pattern.startswith("/"):
            raise SettingsError(f"{option}: {pattern!r} is not a path; it must start with '/'")
        self.pattern = pattern
        if "*" in pattern:
            expression = ".*".join(re.escape(part) for part in re.split(r"\*+", pattern))
        elif pattern == "/":
            expression = "/"
        else:
            expression = re.escape(pattern.rstrip("/")) + "(?:/.*)?"
        self._match = re.compile(expression, re.DOTALL).fullmatch

    def matches(self, path: str) -> bool:
        return self._match(path) is not None


_EXCLUDED = EXCLUDED_ANYWHERE | EXCLUDED_AT_THE_ENDS
_LANGUAGE = re.compile(r"[a-z]{2}(?:-[a-z]{2,4})?").fullmatch
_ENDING = re.compile(r"(?:\.[a-z0-9]{2,5})?(?:;.*)?\Z", re.DOTALL)


def _words(path: str) -> list[str]:
    """Returns the parts of a path as the exclusions name them: `/x/Sign_In.php;id=1` has `x` and
    `sign-in`."""
    return [
        _ENDING.sub("", part, count=1) if "." in part or ";" in part else part
        for part in path.lower().replace("_", "-").split("/")
        if part
    ]


def _excluding(path: str) -> list[str]:
    """Returns the words for which a path is left alone unless a rule names them, in their order."""
    words = _words(path)
    if _EXCLUDED.isdisjoint(words):
        return []
    last = len(words) - 1
    first = 1 if last and _LANGUAGE(words[0]) else 0
    return [
        word
        for place, word in enumerate(words)
        if word in EXCLUDED_ANYWHERE
        or (word in EXCLUDED_AT_THE_ENDS and (place <= first or place == last))
    ]


class Rule:
    """What holds for one part of the site, by path pattern; the first rule that matches wins.

    Log-in, checkout, account and legal paths are brought back only by a rule that names them:
    `/account/news` does, `/*` does not.

    :param path: `/markets` (it and all below), `/markets/*` or any pattern with `*`.
    :param preset: `gentle`, `standard` or `strict`; `None` keeps the site's.
    :param mode: `off`, `observe` or `ask`; `None` keeps the site's.
    :param policy: policy values that replace the preset's, see `Policy`.
    :raises SettingsError: when a value is not one of these.
    """

    __slots__ = ("mode", "named", "path", "policy", "preset")

    def __init__(
        self,
        path: str,
        preset: PresetName | None = None,
        mode: Mode | None = None,
        policy: Mapping[str, Any] | None = None,
    ) -> None:
        self.path = PathPattern(path, "rules.path")
        self.named = frozenset(_words(path))
        if preset is not None and preset not in PRESETS:
            raise SettingsError(
                f"rules.preset: {preset!r} is not one of {', '.join(PRESETS)} (path {path!r})"
            )
        if mode is not None and mode not in MODES:
            raise SettingsError(
                f"rules.mode: {mode!r} is not one of {', '.join(MODES)} (path {path!r})"
            )
        self.preset = preset
        self.mode = mode
        self.policy = MappingProxyType(dict(policy or {}))
        PRESETS["standard"].overridden(self.policy)

    def __repr__(self) -> str:
        return f"Rule({self.path.pattern!r}, preset={self.preset!r}, mode={self.mode!r})"


@dataclass(frozen=True)
class Ruling:
    """What the settings say of one path.

    :param pattern: of the rule or exclusion that matched, empty where none did.
    """

    excluded: bool
    preset: str
    policy: Policy
    mode: Mode | None
    pattern: str = ""


class Rulebook:
    """Answers `Ruling`s for paths; a bounded memory keeps the answer to a known path cheap."""

    REMEMBERED = 1024

    def __init__(
        self,
        preset: str,
        policy: Mapping[str, Any],
        rules: Sequence[Rule],
        exclude: Sequence[str],
    ) -> None:
        self._default = Ruling(False, preset, PRESETS[preset].overridden(policy), None)
        self._rules = [
            (
                rule,
                Ruling(
                    False,
                    rule.preset or preset,
                    (
                        self._default.policy if rule.preset is None else PRESETS[rule.preset]
                    ).overridden(rule.policy),
                    rule.mode,
                    rule.path.pattern,
                ),
            )
            for rule in rules
        ]
        self._chosen_out = [PathPattern(path, "exclude") for path in exclude]
        self._memory: dict[str, Ruling] = {}

    def ruling(self, path: str) -> Ruling:
        known = self._memory.get(path)
        if known is None:
            if len(self._memory) >= self.REMEMBERED:
                self._memory.clear()
            known = self._memory[path] = self._look_up(path)
        return known

    def _look_up(self, path: str) -> Ruling:
        for out in self._chosen_out:
            if out.matches(path):
                return self._excluded(out.pattern)
        excluding = _excluding(path)
        for rule, ruling in self._rules:
            if rule.path.matches(path) and rule.named.issuperset(excluding):
                return ruling
        return self._excluded(f"/{excluding[0]}") if excluding else self._default

    def _excluded(self, pattern: str) -> Ruling:
        return replace(self._default, excluded=True, pattern=pattern)

    @property
    def policies(self) -> tuple[Policy, ...]:
        """Returns the values that hold on any path, the site's own first."""
        return (self._default.policy, *(ruling.policy for _, ruling in self._rules))

    @property
    def withholds(self) -> bool:
        """Whether any path can lead to an interstitial."""
        return any(policy.form == "interstitial" for policy in self.policies)
