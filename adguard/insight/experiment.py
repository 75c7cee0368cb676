"""What a hold-out says of asking: readers who came back clear although nobody asked them, set
against those who were asked.

Looking every day and stopping when it looks good finds effects where there are none. The numbers
here survive that: they are always-valid, after

    M. Lindon, A. Malek: Anytime-Valid Inference for Multinomial Count Data. NeurIPS 2022
    (arXiv:2011.03567)

Every reader who comes back belongs to one arm. If asking changes nothing, it is the asked arm with
the share that this arm has of all readers drawn, at each return anew, whatever the traffic. The
evidence against a share is the likelihood of the returns under a Beta mixture of all shares, over
that under this one; by Ville's inequality it ever exceeds 1/alpha with probability alpha at most.

SciPy (the extra `stats`) is imported when an interval is asked for, and not before.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from math import ceil, exp, log, log2
from typing import TYPE_CHECKING, Any

from adguard.experiment import true_share
from adguard.insight.earning import Earning, Rates
from adguard.ledger.store import Figures, Row, Span

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = [
    "ALARM",
    "Arm",
    "HoldOut",
    "Plan",
    "StatsMissing",
    "estimate_revenue",
    "needed_readers",
    "read_holdout",
]

ALARM = 0.001
"""Below this the numbers of readers in the arms cannot be chance: something is wrong."""

ARMS = ("asked", "holdout")
"""As events name them."""

MOST_RETURNS = 2**40
TINY = 1e-12

Prior = tuple[float, float]


class StatsMissing(ImportError):  # noqa: N818
    """SciPy is not installed."""

    def __init__(self) -> None:
        super().__init__(
            "intervals and checks of experiments need SciPy: pip install 'adguard-toolkit[stats]'"
        )


@dataclass(frozen=True)
class Arm:
    """Readers who were drawn to be treated alike.

    :param readers: how many were drawn.
    :param cleared: how many of them came back clear after they had blocked, each counted once.
    :param clear_views: page views by them that were clear, each counting 1/sample.
    """

    readers: int
    cleared: int
    clear_views: float


@dataclass(frozen=True)
class HoldOut:
    """The two arms of a hold-out.

    :param share: the share of readers that the draw holds out, if it is known.
    """

    asked: Arm
    held_out: Arm
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
        return _p_value(evidence(*returns, share, prior_for(self.scale)))

    def ratio_chance(self) -> float | None:
        """Returns the p-value of "the arms are as large as the draw makes them", good at any
        number of looks; `None` when the share is not known. Below `ALARM`, do not read the rest:
        readers get lost in one arm, or the share was changed on the way.

        :raises StatsMissing: SciPy is not installed.
        """
        if self.share is None or not 0 < self.share < 1:
            return None
        # As sure as if the smaller arm's share were known to a tenth of itself.
        smaller = min(self.share, 1 - self.share)
        weight = 100 * (1 - smaller) / smaller
        prior = (weight * (1 - self.share), weight * self.share)
        drawn = (self.asked.readers, self.held_out.readers)
        return _p_value(evidence(*drawn, 1 - self.share, prior))


def read_holdout(
    figures: Figures, span: Span, *, share: float | None = None, began: int = 0
) -> HoldOut:
    """Reads the hold-out of some days.

    Returns and views are those of `span`; readers are all that were drawn until its end, since most
    of those who come back were drawn before. If the share was changed before the span, those drawn
    before say nothing of it, and only the readers drawn in the span count.

    :param share: the option `holdout`, for the check of the arms' sizes.
    :param began: the day on which the experiment began, counted from 1970-01-01.
    :raises StoreError: the store cannot be read.
    """
    ever = _by_arm(figures.breakdown(Span(began, span.last, span.site), "variant"))
    here = _by_arm(figures.breakdown(span, "variant"))
    drawn = _drawn(here)
    if _is_same_draw(earlier=_drawn(ever) - drawn, drawn=drawn):
        drawn = _drawn(ever)
    if share is not None and span.site is not None:
        share = true_share(share, span.site)

    def arm(name: str) -> Arm:
        totals = here[name].totals if name in here else None
        return Arm(
            readers=drawn[name],
            cleared=totals.raw["cleared"] if totals else 0,
            clear_views=totals.weighted["clear"] if totals else 0.0,
        )

    return HoldOut(arm(ARMS[0]), arm(ARMS[1]), share)


def _drawn(rows: Mapping[str, Row]) -> Counter[str]:
    return Counter({name: rows[name].totals.raw["assigned"] for name in ARMS if name in rows})


def _is_same_draw(*, earlier: Counter[str], drawn: Counter[str]) -> bool:
    """Whether two groups of readers can have been drawn with one share."""
    table = [[group[name] for name in ARMS] for group in (earlier, drawn)]
    if not all(map(sum, table)) or not all(map(sum, zip(*table, strict=True))):
        return True
    try:
        _, _, stats = _scipy()
    except StatsMissing:
        return True
    return bool(stats.chi2_contingency(table).pvalue >= ALARM)


def _by_arm(rows: Iterable[Row]) -> dict[str, Row]:
    return {row.value: row for row in rows}


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
    :raises ValueError: a share out of range, or no difference to be seen.
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
    _, _, stats = _scipy()
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
        return ceil(_first(lambda n: sure(n) >= power, highest // 2, highest) / returning)

    return Plan(readers(once), readers(any_time))


def _first(holds: Callable[[int], bool], low: int, high: int) -> int:
    """Returns the first number from `low` for which something holds that then goes on to hold;
    `high` if it does for none below."""
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if holds(middle) else (middle + 1, high)
    return low


def prior_for(scale: float) -> Prior:
    """Returns the mixture for arms of about this ratio: uniform for equal arms, else centred. In
    steps of two, so that it stays the same while the arms grow."""
    step = round(log2(scale))
    return (float(2**step), 1.0) if step > 0 else (1.0, float(2**-step))


def evidence(
    asked: int | NDArray[Any],
    held_out: int | NDArray[Any],
    share: float | NDArray[Any],
    prior: Prior | tuple[NDArray[Any], NDArray[Any]],
) -> Any:
    """Returns the logarithm of the evidence against `share` being the asked arm's.

    :param asked: how many were of the asked arm; with arrays, one answer each.
    :param share: above 0 and below 1.
    :raises StatsMissing: SciPy is not installed.
    """
    special, _, _ = _scipy()
    a, b = prior
    mixed = special.betaln(a + asked, b + held_out) - special.betaln(a, b)
    return mixed - special.xlogy(asked, share) - special.xlog1py(held_out, -share)


def interval(asked: int, held_out: int, prior: Prior, alpha: float) -> tuple[float, float]:
    """Returns the shares that the evidence does not refute at 1/alpha: a confidence sequence.

    :raises ValueError: alpha is not above 0 and below 1.
    :raises StatsMissing: SciPy is not installed.
    """
    if not 0 < alpha < 1:
        raise ValueError(f"a confidence of {1 - alpha!r} is not above 0 and below 1")
    _, optimize, _ = _scipy()
    if not asked + held_out:
        return 0.0, 1.0

    def over(share: float) -> float:
        return float(evidence(asked, held_out, share, prior)) + log(alpha)

    best = min(max(asked / (asked + held_out), TINY), 1 - TINY)
    low = optimize.brentq(over, TINY, best) if asked and over(TINY) > 0 else 0.0
    high = optimize.brentq(over, best, 1 - TINY) if held_out and over(1 - TINY) > 0 else 1.0
    return float(low), float(high)


def _p_value(found: float) -> float:
    return exp(-max(found, 0.0))


def _scipy() -> tuple[Any, Any, Any]:
    try:
        from scipy import optimize, special, stats  # noqa: PLC0415 (an extra)
    except ImportError as error:
        raise StatsMissing from error
    return special, optimize, stats
