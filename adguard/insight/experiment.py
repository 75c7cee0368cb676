"""What a hold-out says of asking: readers who came back clear although nobody asked them, set
against those who were asked.

Looking every day and stopping when it looks good finds effects where there are none. The numbers
here survive that (see `evidence`). Every reader who comes back belongs to one arm. If asking
changes nothing, it is the asked arm with the share that this arm has of all readers drawn, at each
return anew, whatever the traffic.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from math import ceil, log

from adguard.experiment import CONTROL, HOLDOUT, true_share
from adguard.insight.arms import Arm, read_arms, sizes_chance
from adguard.insight.earning import Earning, Rates
from adguard.insight.evidence import evidence, interval, p_value, prior_for, scipy
from adguard.ledger.store import Figures, Row, Span

__all__ = [
    "Experiment",
    "HoldOut",
    "Plan",
    "Shares",
    "Side",
    "estimate_revenue",
    "holdout_of",
    "needed_readers",
    "read_experiment",
]

MOST_RETURNS = 2**40

Shares = Mapping[str, float]
"""With which readers are dealt to arms, by their names; see `adguard.experiment.true_shares`."""


@dataclass(frozen=True)
class Side:
    """Readers who may be asked, or readers held out.

    :param readers: how many were drawn.
    :param cleared: how many of them came back clear after they had blocked, each counted once.
    :param clear_views: page views by them that were clear, each counting 1/sample.
    """

    readers: int
    cleared: int
    clear_views: float


@dataclass(frozen=True)
class HoldOut:
    """The two sides of a hold-out.

    :param share: the share of readers that the draw holds out, if it is known.
    """

    asked: Side
    held_out: Side
    share: float | None = None

    @property
    def scale(self) -> float | None:
        """n(asked) / n(held out): how many readers asked stand against one held out; `None` as
        long as an arm is empty."""
        if not self.asked.readers or not self.held_out.readers:
            return None
        return self.asked.readers / self.held_out.readers

    @property
    def net(self) -> float | None:
        """Readers who came back because they were asked:
        asked - held out x n(asked) / n(held out)."""
        if self.scale is None:
            return None
        return self.asked.cleared - self.held_out.cleared * self.scale

    @property
    def recovered_views(self) -> float | None:
        """Clear page views that there would not be without asking, an estimate:
        asked - held out x n(asked) / n(held out)."""
        if self.scale is None:
            return None
        return self.asked.clear_views - self.held_out.clear_views * self.scale

    def net_interval(self, confidence: float = 0.95) -> tuple[float, float] | None:
        """Returns the bounds of `net`, good at any number of looks; `None` without both arms.

        :param confidence: above 0 and below 1.
        :raises StatsMissing: SciPy is not installed.
        """
        scale, returns = self.scale, self.asked.cleared + self.held_out.cleared
        if scale is None:
            return None
        low, high = interval(
            self.asked.cleared, self.held_out.cleared, prior_for(scale), 1 - confidence
        )
        return returns * (low - (1 - low) * scale), returns * (high - (1 - high) * scale)

    def chance(self) -> float | None:
        """Returns the p-value of "asking changes nothing", good at any number of looks; `None`
        without both arms.

        :raises StatsMissing: SciPy is not installed.
        """
        if self.scale is None:
            return None
        share = self.scale / (1 + self.scale)
        returns = (self.asked.cleared, self.held_out.cleared)
        return p_value(evidence(*returns, share, prior_for(self.scale)))

    def ratio_chance(self) -> float | None:
        """Returns the p-value of "the arms are as large as the draw makes them", good at any
        number of looks; `None` when the share is not known. Below `ALARM`, do not read the rest:
        readers get lost in one arm, or the share was changed on the way.

        :raises StatsMissing: SciPy is not installed.
        """
        if self.share is None:
            return None
        sides = (Arm(CONTROL, self.asked.readers, {}), Arm(HOLDOUT, self.held_out.readers, {}))
        return sizes_chance(sides, {CONTROL: 1 - self.share, HOLDOUT: self.share})


def holdout_of(arms: Iterable[Arm], *, share: float | None = None) -> HoldOut:
    """Returns the hold-out among the arms of an experiment: all readers who may be asked, whatever
    the variant, against those held out.

    :param share: of readers that the draw holds out, for the check of the sides' sizes.
    """
    arms = list(arms)
    return HoldOut(
        _side(arm for arm in arms if arm.name != HOLDOUT),
        _side(arm for arm in arms if arm.name == HOLDOUT),
        share,
    )


@dataclass(frozen=True)
class Experiment:
    """What one site tries.

    :param arms: as `read_arms` has them; empty for several sites, whose arms do not add up.
    :param holdout: `None` as long as one of its sides has no reader.
    :param shares: with which readers are dealt to the arms, by name; empty where that is not known.
    :param share: of readers held out, where no more is known of the draw.
    :param withheld: taken out of an export because an arm was too small; nothing else is set then.
    """

    arms: tuple[Arm, ...] = ()
    holdout: HoldOut | None = None
    shares: Shares = field(default_factory=dict)
    share: float | None = None
    withheld: bool = False

    def sizes_chance(self) -> float | None:
        """Returns the p-value of "the arms are as large as the draw makes them": of each arm, or,
        where only the hold-out's share is known, of its two sides. `None` where nothing is known.

        :raises StatsMissing: SciPy is not installed.
        """
        if self.shares:
            return sizes_chance(self.arms, self.shares)
        return holdout_of(self.arms, share=self.share).ratio_chance()


def read_experiment(
    figures: Figures, span: Span, shares: Mapping[str, Shares] | float | None = None
) -> Experiment:
    """Reads the experiment of the span's site, or of the only site there is.

    :param shares: of the arms, by site; or the option `holdout` alone, which says nothing of how
        the variants share those who are asked.
    :raises StoreError: the store cannot be read.
    """
    if span.site is None:
        sites = figures.sites()
        if len(sites) != 1:
            return Experiment()
        span = replace(span, site=sites[0])
    site, arms = str(span.site), read_arms(figures, span)
    known: Shares = shares.get(site, {}) if isinstance(shares, Mapping) else {}
    share = true_share(shares, site) if isinstance(shares, float | int) else known.get(HOLDOUT)
    holdout = holdout_of(arms, share=share)
    return Experiment(arms, None if holdout.scale is None else holdout, known, share)


def _side(arms: Iterable[Arm]) -> Side:
    arms = list(arms)
    return Side(
        sum(arm.readers for arm in arms),
        sum(arm.counted["cleared"] for arm in arms),
        sum(arm.clear_views for arm in arms),
    )


def estimate_revenue(
    views: float, rates: Rates, currency: str = "EUR", sections: Iterable[Row] = ()
) -> Earning:
    """Returns what `views` page views earn if they earn what others do: an estimate.

    :param rates: what a thousand views earn.
    :param sections: figures by section; `views` are taken to be spread as all views are, since
        arms are not kept by section.
    """
    known = rates if isinstance(rates, Mapping) else {"*": rates}
    others = known.get("*", 0.0)
    weights = [(row.totals.views, known.get(row.value, others)) for row in sections]
    total = sum(weight for weight, _ in weights)
    rate = sum(weight * rate for weight, rate in weights) / total if total else others
    return Earning(views * rate / 1000, views, currency)


@dataclass(frozen=True)
class Plan:
    """How many readers, both arms together, have to be drawn before an effect shows.

    :param once: if the figures are looked at one single time, then.
    :param any_time: if they may be looked at whenever one likes; most often it shows earlier.
    """

    once: int
    any_time: int


def needed_readers(
    alone: float, asked: float, share: float, *, confidence: float = 0.95, power: float = 0.8
) -> Plan:
    """Returns how many readers an experiment needs.

    :param alone: the share of readers held out who come back clear, above 0 and below 1.
    :param asked: the share of readers asked who do, other than `alone`.
    :param share: the share of readers held out, above 0 and below 1.
    :param power: how surely the effect is to be seen, above 0 and below 1.
    :raises ValueError: a share out of range, or no difference that could ever be seen.
    :raises StatsMissing: SciPy is not installed.
    """
    for name, value in {
        **{"alone": alone, "asked": asked, "share": share},
        **{"confidence": confidence, "power": power},
    }.items():
        if not 0 < value < 1:
            raise ValueError(f"{name}: {value!r} is not above 0 and below 1")
    if alone == asked:
        raise ValueError(f"alone and asked are both {alone!r}: there is no difference to be seen")
    _, _, stats = scipy()
    alpha, scale = 1 - confidence, (1 - share) / share
    returning = share * alone + (1 - share) * asked
    null, true = 1 - share, (1 - share) * asked / returning
    prior = prior_for(scale)

    def once(returns: int) -> float:
        few = stats.binom.ppf(alpha / 2, returns, null) - 1
        many = stats.binom.isf(alpha / 2, returns, null)
        return float(stats.binom.cdf(few, returns, true) + stats.binom.sf(many, returns, true))

    def any_time(returns: int) -> float:
        def shows(number: int) -> bool:
            return bool(evidence(number, returns - number, null, prior) >= -log(alpha))

        middle = int(returns * null)
        if true > null:
            many = _first(shows, middle + 1, returns + 1)
            return float(stats.binom.sf(many - 1, returns, true))
        few = middle - _first(lambda less: shows(middle - less), 0, middle + 1)
        return float(stats.binom.cdf(few, returns, true))

    def readers(sure: Callable[[int], float]) -> int:
        highest = 1
        while sure(highest) < power and highest < MOST_RETURNS:
            highest *= 2
        if sure(highest) < power:
            raise ValueError(
                f"alone and asked, {alone!r} and {asked!r}, are too near to one another: not even "
                f"{highest:,} readers who come back would show the difference"
            )
        return ceil(_first(lambda n: sure(n) >= power, highest // 2, highest) / returning)

    return Plan(readers(once), readers(any_time))


def _first(holds: Callable[[int], bool], low: int, high: int) -> int:
    """Returns the first number from `low` for which something holds that then goes on to hold;
    `high` if it does for none below."""
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if holds(middle) else (middle + 1, high)
    return low
