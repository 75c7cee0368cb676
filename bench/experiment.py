"""`python -m bench.experiment`: how often a hold-out finds an effect of asking that is not there,
and how often one of several arms seems to differ.

Readers are drawn into the arms as the middleware draws them, some come back clear after a while,
as many in both arms, and somebody looks at the figures after each one who does. What is measured
is `adguard.insight.evidence` itself, beside the test of proportions that a spreadsheet would do.
"""

from __future__ import annotations

import argparse
import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import special, stats

from adguard.experiment import BUCKETS, held_out
from adguard.insight.evidence import evidence, prior_for

SITE = "gazette"


@dataclass(frozen=True)
class Peeking:
    """
    :param false: how many runs ever showed an effect at 95 %.
    :param naive: how many did by the test of two proportions, looked at as often.
    :param end: how many did by that test at the end, looked at once.
    :param missed: in how many runs the interval ever did not hold the true share.
    """

    runs: int
    returns: float
    false: int
    naive: int
    end: int
    missed: int


def peek(
    runs: int,
    readers: int,
    *,
    holdout: float,
    alone: float,
    asked: float | None = None,
    seed: int,
    alpha: float = 0.05,
) -> Peeking:
    """Simulates experiments with a look after every reader who comes back.

    :param readers: drawn in each run, one after the other.
    :param holdout: the option.
    :param alone: the share of readers who come back clear unasked.
    :param asked: the share of those asked who do; the same when not given (an A/A run).
    :param alpha: the error that is allowed.
    """
    chance = np.random.default_rng(seed)
    arms = np.array([held_out(bucket, holdout, SITE) for bucket in range(BUCKETS)])
    asked = alone if asked is None else asked
    false = naive = end = missed = 0
    total = 0
    for _ in range(runs):
        away = arms[chance.integers(BUCKETS, size=readers)]
        back = chance.random(readers) < np.where(away, alone, asked)
        drawn = np.arange(readers)
        after = drawn + chance.exponential(readers / 10, size=readers)
        order = np.argsort(after[back])
        when, who = after[back][order], away[back][order]
        here = np.minimum(np.searchsorted(drawn, when, side="right"), readers)
        out = np.concatenate(([0], np.cumsum(away)))[here]
        returned_out = np.cumsum(who)
        returned = np.arange(1, who.size + 1) - returned_out
        possible = (out > 0) & (here > out)
        found = seen(returned, returned_out, here - out, out, possible)
        total += who.size
        false += bool((found >= -math.log(alpha)).any())
        pooled = np.abs(z_scores(returned, returned_out, here - out, out, possible))
        limit = stats.norm.isf(alpha / 2)
        # Nobody trusts that test before some have come back.
        naive += bool((pooled[20:] > limit).any())
        end += bool(pooled.size and pooled[-1] > limit)
        share = 1 - arms.mean()
        true = share * asked / (share * asked + (1 - share) * alone)
        missed += bool(
            (evidence(returned, returned_out, true, prior_for(share / (1 - share)))
             >= -math.log(alpha)).any()
        )  # fmt: skip
    return Peeking(runs, total / runs, false, naive, end, missed)


def peek_arms(
    runs: int,
    readers: int,
    *,
    arms: int,
    rate: float,
    better: float | None = None,
    seed: int,
    alpha: float = 0.05,
) -> Peeking:
    """Simulates experiments of several arms of one size, with a look after every reader who takes
    the step: does any arm ever differ from the first?

    :param rate: the share of readers who take the step.
    :param better: that share in the last arm; as everywhere when not given (an A/A run).
    """
    chance = np.random.default_rng(seed)
    false = naive = end = total = 0
    for _ in range(runs):
        arm = chance.integers(arms, size=readers)
        rates = np.full(arms, rate)
        rates[-1] = rate if better is None else better
        took = chance.random(readers) < rates[arm]
        drawn = np.stack([np.cumsum(arm == i) for i in range(arms)])[:, took]
        taken = np.stack([np.cumsum((arm == i) & took) for i in range(arms)])[:, took]
        total += int(took.sum())
        ever = ever_naive = last = False
        for i in range(1, arms):
            possible = (drawn[0] > 0) & (drawn[i] > 0)
            found = seen(taken[i], taken[0], drawn[i], drawn[0], possible)
            ever |= bool((found >= -math.log(alpha / (arms - 1))).any())
            scores = np.abs(z_scores(taken[i], taken[0], drawn[i], drawn[0], possible))
            limit = stats.norm.isf(alpha / 2)
            ever_naive |= bool((scores[20:] > limit).any())
            last |= bool(scores.size and scores[-1] > limit)
        false, naive, end = false + ever, naive + ever_naive, end + last
    return Peeking(runs, total / runs, false, naive, end, 0)


def seen(
    returned: NDArray[Any],
    returned_out: NDArray[Any],
    asked: NDArray[Any],
    out: NDArray[Any],
    possible: NDArray[Any],
) -> NDArray[Any]:
    """The evidence that `HoldOut.chance` has at each look, with the readers drawn until then."""
    scale = np.where(possible, asked, 1) / np.where(possible, out, 1)
    priors = {step: prior_for(2.0**step) for step in range(-40, 41)}
    steps = np.round(np.log2(scale)).astype(int)
    a = np.array([priors[step][0] for step in steps])
    b = np.array([priors[step][1] for step in steps])
    found = evidence(returned, returned_out, scale / (1 + scale), (a, b))
    return np.where(possible, found, -np.inf)


def z_scores(
    returned: NDArray[Any],
    returned_out: NDArray[Any],
    asked: NDArray[Any],
    out: NDArray[Any],
    possible: NDArray[Any],
) -> NDArray[Any]:
    with np.errstate(divide="ignore", invalid="ignore"):
        pooled = (returned + returned_out) / (asked + out)
        spread = np.sqrt(pooled * (1 - pooled) * (1 / asked + 1 / out))
        found = (returned / asked - returned_out / out) / spread
    return np.where(possible & np.isfinite(found), found, 0.0)


def at_most(count: int, runs: int) -> float:
    """The share that `count` of `runs` allows for at 99 %, from above (Clopper and Pearson)."""
    return float(special.betaincinv(count + 1, runs - count, 0.99)) if count < runs else 1.0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    print(f"{given.runs:,} experiments each, a look after every reader who comes back, 95 %")
    print("held  come  readers  returns   A/A: ever an effect     two proportions   true share")
    print("out   back  drawn    a run     here     (at most)      peeking   once    ever missed")
    for holdout, alone, readers in (
        (0.05, 0.03, 40_000),
        (0.1, 0.03, 20_000),
        (0.1, 0.3, 5_000),
        (0.5, 0.03, 20_000),
        (0.5, 0.3, 3_000),
    ):
        r = peek(given.runs, readers, holdout=holdout, alone=alone, seed=given.seed)
        b = peek(given.runs // 4, readers, holdout=holdout, alone=alone, asked=alone * 1.5,
                 seed=given.seed)  # fmt: skip
        print(
            f"{holdout:4.0%}  {alone:4.0%}  {readers:7,}  {r.returns:7.0f}  "
            f"{r.false / r.runs:7.2%}  ({at_most(r.false, r.runs):6.2%})      "
            f"{r.naive / r.runs:7.1%}  {r.end / r.runs:6.1%}   {b.missed / b.runs:7.2%}"
        )
    print("\nSeveral arms against one: does any ever differ, though none does?")
    print("arms  take   readers  A/A: ever a difference   two proportions, each at 95 %")
    print("      step   drawn    here     (at most)       peeking   once")
    for arms, rate, readers in ((3, 0.05, 12_000), (5, 0.05, 20_000), (9, 0.05, 36_000)):
        r = peek_arms(given.runs // 4, readers, arms=arms, rate=rate, seed=given.seed)
        print(
            f"{arms:4}  {rate:4.0%}  {readers:7,}  {r.false / r.runs:7.2%}  "
            f"({at_most(r.false, r.runs):6.2%})        "
            f"{r.naive / r.runs:7.1%}  {r.end / r.runs:6.1%}"
        )
    print("  target: at most 5 % here, however often one looks")


if __name__ == "__main__":
    main()
