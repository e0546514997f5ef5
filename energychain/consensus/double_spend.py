r"""
How probable it is that a payment is taken back, from its confirmations.

Somebody pays, waits until the payment has :math:`z` confirmations and the goods are gone,
and then shows a longer chain without the payment, mined in secret. The attacker finds
each block with probability :math:`q`, its share of all computing power, the others with
:math:`p = 1 - q`. How probable is it that the attacker ever draws level? Three answers:

**Nakamoto** (2009, section 11) lets the :math:`z` honest blocks take exactly the time that
they take on average. Then the attacker has :math:`k` blocks with the probability of a
Poisson distribution, and catches up from :math:`z - k` behind as a gambler is ruined:

.. math:: P = 1 - \sum_{k=0}^{z} \frac{\lambda^k e^{-\lambda}}{k!}
   \left(1 - (q/p)^{z-k}\right), \qquad \lambda = z\,q/p

**Exactly** (Rosenfeld, 2014; Grunspan & Pérez-Marco, 2018), the time of the honest blocks
is random too, and the attacker's blocks follow a negative binomial distribution:

.. math:: P = I_{4pq}(z, \tfrac12) = 2 \sum_{m=0}^{z-1} \binom{m+z-1}{m} p^m q^z

with the regularised incomplete beta function :math:`I`. The sum says something that the
function hides: it is twice the probability that the attacker is the first to find
:math:`z` blocks.

**Simulation** plays the race block by block.

To draw level is to succeed, as in all three sources: either somebody believes the
attacker's chain as readily, or the attacker had a block before the payment was made.
"""

from collections.abc import Callable
from dataclasses import dataclass
from math import exp, fsum, lgamma, log

from energychain.primitives.refusals import BadInput

Chance = Callable[[float, int], float]
"""The probability of success, from the attacker's share and the confirmations."""

RUNS = 100_000
"""Races in a simulation, unless told otherwise."""

SEED = 1
"""From which they are drawn, unless told otherwise."""

MOST_RUNS = 10_000_000
MOST_CONFIRMATIONS = 1_000_000
"""No question needs more, and an answer should not take hours."""

BLOCKS = 200
"""So many blocks of a race are played after the last confirmation."""

BATCH = 100_000
"""So many races are played at once: more would need much memory."""

LEVEL = 0.999
"""How sure an interval is."""


# --- the three answers ----------------------------------------------------------------


def nakamoto(share: float, confirmations: int) -> float:
    """The probability of success by Nakamoto's formula.

    >>> f"{nakamoto(0.1, 5):.7f}"
    '0.0009137'

    Raises :class:`~energychain.primitives.refusals.BadInput` unless the share is more than
    0 and at most 1, and the confirmations are a number from 0.
    """
    check(share, confirmations)
    if confirmations == 0 or share >= 0.5:
        return 1.0
    ratio = share / (1 - share)
    mean = confirmations * ratio

    def poisson(k: int) -> float:
        return exp(k * log(mean) - mean - lgamma(k + 1))

    # The tail is added up, and not taken from 1: then small results keep their digits.
    tail: list[float] = []
    k = confirmations + 1
    while not tail or tail[-1] > 1e-18 * tail[0]:
        tail.append(poisson(k))
        k += 1
    caught = (poisson(k) * ratio ** (confirmations - k) for k in range(confirmations + 1))
    return min(1.0, fsum((*caught, *tail)))


def exact(share: float, confirmations: int) -> float:
    """The probability of success by the formula of Grunspan & Pérez-Marco.

    >>> f"{exact(0.1, 5):.7f}"
    '0.0017818'

    Raises :class:`~energychain.primitives.refusals.BadInput` as :func:`nakamoto` does.
    """
    from scipy.special import betainc  # heavy: loaded when it is needed

    check(share, confirmations)
    if confirmations == 0 or share >= 0.5:
        return 1.0
    return float(betainc(confirmations, 0.5, 4 * share * (1 - share)))


def rosenfeld(share: float, confirmations: int) -> float:
    """The probability of success as a sum, after Rosenfeld: the same as :func:`exact`.

    >>> f"{rosenfeld(0.1, 5):.7f}"
    '0.0017818'

    Raises :class:`~energychain.primitives.refusals.BadInput` as :func:`nakamoto` does.
    """
    check(share, confirmations)
    z, q = confirmations, share
    if z == 0 or q >= 0.5:
        return 1.0

    def first_after(m: int) -> float:
        """The attacker finds its z-th block when the others have found m."""
        ways = lgamma(m + z) - lgamma(m + 1) - lgamma(z)
        return exp(ways + m * log(1 - q) + z * log(q))

    return 2 * fsum(map(first_after, range(z)))


def simulate(
    share: float, confirmations: int, runs: int = RUNS, seed: int = SEED, blocks: int = BLOCKS
) -> int:
    """In how many of so many races the attacker succeeds.

    First, the attacker's blocks until the others have found theirs are drawn; whoever is
    not behind has won. The rest is played block by block. Who is still behind after so many
    ``blocks`` is decided by one draw with the probability of a gambler's ruin from there,
    :math:`(q/p)^d` for :math:`d` blocks behind: so the race is cut off, and not distorted.

    >>> simulate(0.5, 12, runs=1_000), simulate(0.1, 0, runs=1_000)
    (1000, 1000)

    Raises :class:`~energychain.primitives.refusals.BadInput` as :func:`nakamoto` does, and
    unless there is at least one run, and a seed from 0.
    """
    import numpy as np

    check(share, confirmations)
    _check_whole(runs, "the number of runs", 1, MOST_RUNS)
    _check_whole(seed, "the seed", 0)
    if confirmations == 0 or share == 1:
        return runs
    rng = np.random.default_rng(seed)
    ratio = min(1.0, share / (1 - share))
    lost = 0
    for first in range(0, runs, BATCH):
        races = min(BATCH, runs - first)
        behind = confirmations - rng.negative_binomial(confirmations, 1 - share, races)
        behind = behind[behind > 0]
        for _ in range(blocks):
            behind += np.where(rng.random(behind.size) < share, -1, 1)
            behind = behind[behind > 0]
        lost += int(np.count_nonzero(rng.random(behind.size) >= ratio**behind))
    return runs - lost


def clopper_pearson(successes: int, runs: int, level: float = LEVEL) -> tuple[float, float]:
    """The interval of probabilities that so many successes in so many runs allow.

    It covers the true one in at least ``level`` of all experiments (Clopper & Pearson, 1934).

    >>> low, high = clopper_pearson(0, 1_000)
    >>> low, round(high, 5)
    (0.0, 0.00757)

    Raises ``ValueError`` unless there are from 0 to ``runs`` successes.
    """
    from scipy.stats import beta

    if not 0 <= successes <= runs or runs < 1:
        raise ValueError(f"expected 0 to {runs} successes in at least one run, found {successes}")
    tail = (1 - level) / 2
    low = beta.ppf(tail, successes, runs - successes + 1) if successes else 0.0
    high = beta.ppf(1 - tail, successes + 1, runs - successes) if successes < runs else 1.0
    return float(low), float(high)


# --- all together ---------------------------------------------------------------------


@dataclass(frozen=True)
class Odds:
    """How probable a double spend is, three times over."""

    share: float
    """The attacker's share of all computing power."""

    confirmations: int
    runs: int
    seed: int
    nakamoto: float
    exact: float
    simulated: float
    """The part of the runs in which it succeeded."""

    interval: tuple[float, float]
    """What the simulation allows, 99.9 % sure."""

    @property
    def agree(self) -> bool:
        """Whether the exact probability is one that the simulation allows."""
        low, high = self.interval
        return low <= self.exact <= high


def odds(share: float, confirmations: int, runs: int = RUNS, seed: int = SEED) -> Odds:
    """The three answers beside each other.

    >>> found = odds(0.1, 5)
    >>> found.agree, found.interval[0] <= found.nakamoto
    (True, False)

    Raises :class:`~energychain.primitives.refusals.BadInput` as :func:`simulate` does.
    """
    successes = simulate(share, confirmations, runs, seed)
    return Odds(
        share,
        confirmations,
        runs,
        seed,
        nakamoto(share, confirmations),
        exact(share, confirmations),
        successes / runs,
        clopper_pearson(successes, runs),
    )


def confirmations_for(share: float, below: float = 0.001, chance: Chance = exact) -> int:
    """The fewest confirmations after which success is less probable than ``below``.

    >>> confirmations_for(0.1), confirmations_for(0.1, chance=nakamoto)
    (6, 5)

    Raises :class:`~energychain.primitives.refusals.BadInput` if no number is enough: from
    half of the power on, the attacker always succeeds.
    """
    check(share, 0)
    if not 0 < below < 1:
        raise BadInput(f"a probability to stay below is between 0 and 1, found {below}")
    if share >= 0.5:
        raise BadInput(
            f"no number of confirmations protects from a share of {share:g}: with half of the"
            " power or more the attacker always draws level"
        )
    enough = 1
    while chance(share, enough) >= below:
        enough *= 2
        if enough > MOST_CONFIRMATIONS:
            raise BadInput(
                f"a share of {share:g} would need more than {MOST_CONFIRMATIONS // 2:,}"
                " confirmations"
            )
    too_few = enough // 2
    while enough - too_few > 1:
        middle = (too_few + enough) // 2
        if chance(share, middle) < below:
            enough = middle
        else:
            too_few = middle
    return enough


def rows(
    share: float, most: int, runs: int = RUNS, seed: int = SEED
) -> list[dict[str, float | int]]:
    """The three answers for 0 to ``most`` confirmations, for a chart.

    Each simulation has a seed of its own: ``seed``, ``seed + 1`` and so on.
    """
    found = (odds(share, z, runs, seed + z) for z in range(most + 1))
    return [
        {
            "share": each.share,
            "confirmations": each.confirmations,
            "nakamoto": each.nakamoto,
            "exact": each.exact,
            "simulated": each.simulated,
            "low": each.interval[0],
            "high": each.interval[1],
        }
        for each in found
    ]


# --- what is no question --------------------------------------------------------------


def check(share: float, confirmations: int) -> None:
    """Raise :class:`~energychain.primitives.refusals.BadInput` unless there is an answer."""
    if not 0 < share <= 1:  # nor is it "not a number"
        raise BadInput(f"the attacker's share is more than 0 and at most 1, found {share:g}")
    _check_whole(confirmations, "the number of confirmations", 0, MOST_CONFIRMATIONS)


def _check_whole(found: int, what: str, least: int, most: int | None = None) -> None:
    if found < least or (most is not None and found > most):
        until = "" if most is None else f" to {most:,}"
        raise BadInput(f"{what} is from {least}{until}, found {found}")
