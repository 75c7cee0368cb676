"""Evidence that may be looked at every day: always-valid tests and intervals of counts, after

    M. Lindon, A. Malek: Anytime-Valid Inference for Multinomial Count Data. NeurIPS 2022
    (arXiv:2011.03567)

The evidence against shares of the arms is the likelihood of what was counted under a mixture of all
shares (Dirichlet; of two arms Beta), over that under these ones. By Ville's inequality it ever
exceeds 1/alpha with probability alpha at most, whenever one looks and however often.

SciPy (the extra `stats`) is imported when it is needed, and not before.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import exp, log, log2
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["StatsMissing", "evidence", "interval", "p_value", "prior_for", "scipy", "size_evidence"]

TINY = 1e-12
PRECISE = {"xtol": 1e-15, "rtol": 8.9e-16}
"""Of many returns the evidence is steep: the usual 2e-12 is seen in its third digit."""

Prior = tuple[float, float]


class StatsMissing(ImportError):  # noqa: N818
    """SciPy is not installed."""

    def __init__(self) -> None:
        super().__init__(
            "intervals and checks of experiments need SciPy: pip install 'adguard-toolkit[stats]'"
        )


def prior_for(scale: float) -> Prior:
    """Returns the mixture for arms of about this ratio: uniform for equal arms, else centred. In
    steps of two, so that it stays the same while the arms grow."""
    step = round(log2(scale))
    return (float(2**step), 1.0) if step > 0 else (1.0, float(2**-step))


def evidence(
    one: int | NDArray[Any],
    other: int | NDArray[Any],
    share: float | NDArray[Any],
    prior: Prior | tuple[NDArray[Any], NDArray[Any]],
) -> Any:
    """Returns the logarithm of the evidence against `share` being the first arm's.

    :param one: how many were of the first arm; with arrays, one answer each.
    :param share: above 0 and below 1.
    :raises StatsMissing: SciPy is not installed.
    """
    special, _, _ = scipy()
    a, b = prior
    mixed = special.betaln(a + one, b + other) - special.betaln(a, b)
    return mixed - special.xlogy(one, share) - special.xlog1py(other, -share)


def size_evidence(drawn: Sequence[int], shares: Sequence[float]) -> float:
    """Returns the logarithm of the evidence against arms of these sizes being drawn with these
    shares.

    :param shares: each above 0, together 1; at least two.
    :raises StatsMissing: SciPy is not installed.
    """
    special, _, _ = scipy()
    smallest = min(shares)
    # As sure as if the smallest arm's share were known to a tenth of itself.
    weight = 100 * (1 - smallest) / smallest
    found = special.gammaln(weight) - special.gammaln(weight + sum(drawn))
    for count, share in zip(drawn, shares, strict=True):
        found += special.gammaln(weight * share + count) - special.gammaln(weight * share)
        found -= special.xlogy(count, share)
    return float(found)


def interval(one: int, other: int, prior: Prior, alpha: float) -> tuple[float, float]:
    """Returns the shares that the evidence does not refute at 1/alpha: a confidence sequence.

    :raises ValueError: alpha is not above 0 and below 1.
    :raises StatsMissing: SciPy is not installed.
    """
    if not 0 < alpha < 1:
        raise ValueError(f"a confidence of {1 - alpha!r} is not above 0 and below 1")
    _, optimize, _ = scipy()
    if not one + other:
        return 0.0, 1.0

    def over(share: float) -> float:
        return float(evidence(one, other, share, prior)) + log(alpha)

    best = min(max(one / (one + other), TINY), 1 - TINY)
    low = optimize.brentq(over, TINY, best, **PRECISE) if one and over(TINY) > 0 else 0.0
    high = optimize.brentq(over, best, 1 - TINY, **PRECISE) if other and over(1 - TINY) > 0 else 1.0
    return float(low), float(high)


def p_value(found: float) -> float:
    """Returns the p-value, good at any number of looks, of a logarithm of evidence."""
    return exp(-max(found, 0.0))


def scipy() -> tuple[Any, Any, Any]:
    """Returns SciPy's `special`, `optimize` and `stats`.

    :raises StatsMissing: it is not installed.
    """
    try:
        from scipy import optimize, special, stats  # noqa: PLC0415 (an extra)
    except ImportError as error:
        raise StatsMissing from error
    return special, optimize, stats
