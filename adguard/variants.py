"""Variants of an experiment: other words, another form, other timing for a share of the readers."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from adguard.environment import SettingsError
from adguard.experiment import CONTROL, HOLDOUT, Shares, arm_of, experiment_number
from adguard.presets import FORMS, PRESETS, Form, Policy

__all__ = ["Arms", "Variant"]

MOST_VARIANTS = 8
MOST_SHARED = 0.999
NAME = re.compile(r"[a-z][a-z0-9]*(?:-[a-z0-9]+)*")
LONGEST_NAME = 24


@dataclass(frozen=True)
class Variant:
    """What is different for one share of the readers who are asked.

    :param name: up to 24 lower-case letters, digits and single hyphens, as the figures name it.
    :param share: of the readers who are not held out, above 0; all variants together stay below 1,
        and the rest, named `asked`, meets what the other settings say.
    :param texts: sentences by language and key, on top of the option `texts`.
    :param form: `inline`, `banner` or `dialog`, wherever the form is not the interstitial.
    :param policy: policy values on top of each path's own, see `Policy`; not `form`.
    :raises SettingsError: naming the variant, when a value is not one of these.
    """

    name: str
    share: float
    texts: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    form: Form | None = None
    policy: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        name = self.name
        if not isinstance(name, str) or not NAME.fullmatch(name) or len(name) > LONGEST_NAME:
            raise SettingsError(
                f"variants: the name {name!r} is not up to {LONGEST_NAME} lower-case letters, "
                "digits and single hyphens, a letter first"
            )
        if name in {CONTROL, HOLDOUT}:
            raise SettingsError(
                f"variants: {name!r} is what the readers {_WHO[name]} are called; choose another "
                "name"
            )
        share = self.share
        if isinstance(share, bool) or not isinstance(share, (int, float)) or not 0 < share < 1:
            raise SettingsError(f"variants: {name!r}: the share {share!r} is not between 0 and 1")
        if self.form == "interstitial" or dict(self._mapping("policy")).get("form"):
            raise SettingsError(
                f"variants: {name!r}: the form belongs into `form`, and an interstitial is bound "
                "to paths by a Rule, for every arm alike"
            )
        if self.form is not None and self.form not in FORMS:
            soft = ", ".join(form for form in FORMS if form != "interstitial")
            raise SettingsError(f"variants: {name!r}: the form {self.form!r} is not one of {soft}")
        try:
            PRESETS["standard"].overridden(self.policy)
        except SettingsError as error:
            raise SettingsError(f"variants: {name!r}: {error}") from None
        for language, entries in self._mapping("texts").items():
            if not isinstance(entries, Mapping):
                raise SettingsError(
                    f"variants: {name!r}: texts are by language first, as in "
                    f"{{'en': {{{language!r}: ...}}}}"
                )
        if not (self.texts or self.form or self.policy):
            raise SettingsError(
                f"variants: {name!r} differs in nothing; give texts, a form or policy values"
            )

    def _mapping(self, name: str) -> Mapping[str, Any]:
        value = getattr(self, name)
        if not isinstance(value, Mapping):
            raise SettingsError(f"variants: {self.name!r}: {name} is not a mapping: {value!r}")
        return value

    def applied(self, policy: Policy) -> Policy:
        """Returns a path's policy as this variant has it: a wall stays a wall."""
        changes = dict(self.policy)
        if self.form is not None and policy.form != "interstitial":
            changes["form"] = self.form
        return policy.overridden(changes)


_WHO = {CONTROL: "asked as the settings say", HOLDOUT: "who are never asked"}


class Arms:
    """The arms of a site's experiment, and who is in which.

    :param holdout: the option `holdout`.
    :param site: the site's name; several sites draw independently.
    :raises SettingsError: when there are more than eight variants, two of one name, or no room is
        left for the readers who are asked as the settings say.
    """

    def __init__(self, holdout: float, variants: Sequence[Variant], site: str) -> None:
        if len(variants) > MOST_VARIANTS:
            raise SettingsError(f"variants: {len(variants)} are too many; {MOST_VARIANTS} at most")
        self.variants = {variant.name: variant for variant in variants}
        if len(self.variants) < len(variants):
            raise SettingsError("variants: two have the same name")
        total = sum(variant.share for variant in variants)
        if total > MOST_SHARED:
            raise SettingsError(
                f"variants: the shares add up to {total:g}; leave some for the readers who are "
                "asked as the settings say, whom the variants are compared with"
            )
        self.shares: Shares = tuple((one.name, float(one.share)) for one in variants)
        self.number = experiment_number(self.shares)
        """Stands in a reader's note for these variants, 0 without any."""
        self.drawn = bool(holdout or variants)
        """Whether readers are drawn at all."""
        self._holdout, self._site = holdout, site
        self._policies: dict[tuple[str, Policy], Policy] = {}

    def of(self, bucket: int | None, number: int) -> str:
        """Returns the arm of a reader; empty for one who was not drawn for this experiment.

        :param bucket: as the reader's note has it.
        :param number: of the experiment for which it was drawn, likewise.
        """
        if bucket is None or not self.drawn or number != self.number:
            return ""
        return arm_of(bucket, self._holdout, self.shares, self._site)

    def policy(self, arm: str, policy: Policy) -> Policy:
        """Returns a path's policy as it holds for readers in `arm`."""
        variant = self.variants.get(arm)
        if variant is None:
            return policy
        known = self._policies.get((arm, policy))
        if known is None:
            known = self._policies[arm, policy] = variant.applied(policy)
        return known
