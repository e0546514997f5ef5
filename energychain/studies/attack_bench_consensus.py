r"""
Attacks by those who make the blocks: two blocks for one height, false times, blocks held
back.

**Selfish mining** (Eyal & Sirer, 2014). A pool with the share :math:`\alpha` of the hashing
power keeps its blocks to itself and publishes them when the others catch up, so that the
others' work is lost. Of the blocks that remain, its share is (equation 8)

.. math:: R = \frac{\alpha(1-\alpha)^2(4\alpha + \gamma(1-2\alpha)) - \alpha^3}
                   {1 - \alpha(1 + (2-\alpha)\alpha)}

where :math:`\gamma` is the share of the others that continues the pool's block in a race. It
is more than :math:`\alpha` from the threshold :math:`(1-\gamma)/(3-2\gamma)` on.

It is a share of the blocks, not of the time: until the difficulty has been lowered, the pool
earns less per hour than an honest one (Grunspan & Pérez-Marco, 2018).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from math import fsum, sqrt
from random import Random
from statistics import NormalDist

from energychain.consensus.difficulty import (
    Retarget,
    check_median_time,
    median_time_past,
)
from energychain.contracts.calls import BadArguments, answered, arguments, vault, whole
from energychain.contracts.token import MONEY
from energychain.ledger.chain import WrongTime
from energychain.ledger.state import Call, Contract, Event, Outcome, Storage, Transfer
from energychain.ledger.transaction import Value
from energychain.primitives.encoding import encode
from energychain.primitives.hashing import sha256
from energychain.primitives.keys import Address, PublicKey, SecretKey
from energychain.primitives.refusals import Refusal
from energychain.studies import attack_bench_exhibit as bench
from energychain.studies.attack_bench_exhibit import in_money, refusal_of, refused
from energychain.studies.private_chain import PrivateChain

# --- two blocks for one height --------------------------------------------------------

VOTE = "energychain vote 1"
"""The tag of what a validator signs."""

STAKE = 5_000_000
"""What a validator puts down [micro-money]."""

GOODS = 2_000_000
"""What the cheated seller delivers [micro-money]."""


class Slashed(Refusal):
    """The validator signed two blocks of one height: its stake is gone."""

    rule = "equivocation"


class NoEquivocation(Refusal):
    """The two signatures convict nobody."""

    rule = "evidence"


def voted(height: int, block: bytes) -> bytes:
    """What a validator signs when it makes a block."""
    return encode((VOTE, height, block))


def signed_vote(key: SecretKey, height: int, block: bytes) -> Value:
    """A validator's signature under a block, as a call brings it."""
    return (height, block, key.sign(voted(height, block)))


def stakes(slashing: bool) -> Contract:
    """The contract that holds validators' stakes: ``deposit()``, ``withdraw()`` and, where
    there is slashing, ``accuse(key, vote, vote)``. What the convicted had goes to whoever
    brought the evidence.
    """
    functions = {"deposit": _deposit, "withdraw": _withdraw}
    if slashing:
        functions["accuse"] = _accuse

    def contract(storage: Storage, sender: Address, call: Call) -> Outcome:
        return answered("stakes", functions, storage, sender, call)

    return contract


SAFE = vault("stakes")


def _deposit(storage: Storage, sender: Address, call: Call) -> Outcome:
    arguments(call)
    stake = whole(storage.get(sender, 0), "stake") + STAKE
    return Outcome({sender: stake}, (Transfer(MONEY, sender, SAFE, STAKE),))


def _withdraw(storage: Storage, sender: Address, call: Call) -> Outcome:
    arguments(call)
    if ("slashed", sender) in storage:
        height = storage["slashed", sender]
        raise Slashed(f"{sender} signed two blocks of height {height!r}: its stake is gone")
    left = whole(storage.get(sender, 0), "stake")
    return Outcome({sender: 0}, (Transfer(MONEY, SAFE, sender, left),))


def _accuse(storage: Storage, sender: Address, call: Call) -> Outcome:
    given, one, two = arguments(call, "key", "one vote", "another vote")
    if not isinstance(given, bytes):
        raise BadArguments("key: expected a public key")
    key = PublicKey(given)
    (height, block), (other_height, other_block) = _read(one, key), _read(two, key)
    if height != other_height or block == other_block:
        raise NoEquivocation("expected two blocks of one height")
    lost = whole(storage.get(key.address, 0), "stake")
    return Outcome(
        {key.address: 0, ("slashed", key.address): height},
        (Transfer(MONEY, SAFE, sender, lost),),
        (Event("Slashed", (("validator", key.address), ("height", height))),),
    )


def _read(vote: Value, key: PublicKey) -> tuple[int, bytes]:
    """The height and the block of a vote, once its signature is checked."""
    if not isinstance(vote, tuple) or len(vote) != 3:
        raise BadArguments("vote: expected a height, a block and a signature")
    height, block, signature = vote
    if not isinstance(block, bytes) or not isinstance(signature, bytes):
        raise BadArguments("vote: expected a block and a signature as bytes")
    key.check(voted(whole(height, "height"), block), signature)
    return whole(height, "height"), block


def equivocation(defended: bool) -> bench.Outcome:
    """A validator shows a seller the block in which it has paid, everybody else another one,
    and takes its stake back.
    """
    network = PrivateChain(
        ["validator", "seller"],
        contracts={"stakes": stakes(slashing=defended)},
        balances=[(MONEY, "validator", STAKE)],
    )
    key = network.accounts["validator"].key
    network.open_block()
    network.send("validator", "stakes", "deposit")
    shown = [signed_vote(key, 7, sha256(text)) for text in (b"I have paid", b"I have not paid")]
    network.send("seller", "stakes", "accuse", key.public.data, *shown)
    receipt = network.send("validator", "stakes", "withdraw")
    network.close_block()
    gain = GOODS - (STAKE - network.balance("validator", MONEY))
    evidence = f"goods for {in_money(GOODS)} not paid, the validator's gain is {in_money(gain)}"
    return bench.Outcome(gain > 0, evidence, receipt.refusal)


# --- false times ----------------------------------------------------------------------

WARPED = Retarget(interval=32)
"""Bitcoin's rule with 32 blocks between two changes instead of 2016."""

INTERVALS = 6
"""So long the attack lasts."""

FIRST_TARGET = WARPED.limit >> 40


def check_later(time: int, times: list[int]) -> None:
    """Our chain's rule "time": a block is later than the one below.

    Raises :class:`~energychain.ledger.chain.WrongTime`.
    """
    if time <= times[-1]:
        raise WrongTime(f"made at {time} s, not after the block below ({times[-1]} s)")


def time_warp(defended: bool) -> bench.Outcome:
    """Whoever makes all blocks stamps them as early as the rules allow, but the last one of
    each interval with the true time. So an interval seems to take longer and longer.
    """
    times = [WARPED.spacing * number for number in range(WARPED.interval)]
    now, target, refusals = times[-1], FIRST_TARGET, []
    for number in range(1, INTERVALS * WARPED.interval + 1):
        now += WARPED.spacing * FIRST_TARGET // target  # the same machines throughout
        last = number % WARPED.interval == 0
        time, refusal = _stamp(times, now if last else 0, defended)
        times.append(time)
        refusals += [refusal] if refusal else []
        if last:
            target = WARPED.next_target(target, times[-WARPED.interval], times[-1])
    easier = target / FIRST_TARGET
    evidence = (
        f"after {INTERVALS} intervals a block takes {WARPED.spacing / easier:,.1f} s"
        f" instead of {WARPED.spacing} s: the target is {easier:,.2f} times as large"
    )
    return bench.Outcome(easier > WARPED.clamp, evidence, refused(next(iter(refusals), None)))


def _stamp(times: list[int], wished: int, defended: bool) -> tuple[int, Refusal | None]:
    """The time that a block gets, and the refusal if another one was tried first."""
    time = max(wished, median_time_past(times) + 1)
    check_median_time(time, times)
    refusal = refusal_of(lambda: check_later(time, times)) if defended else None
    return (times[-1] + 1 if refusal else time), refusal


# --- blocks held back -----------------------------------------------------------------


def selfish_revenue(share: float, gamma: float) -> float:
    """The share of the blocks that a selfish pool gets (Eyal & Sirer, 2014, equation 8).

    With a third of the power and nobody on its side it gets its third:

    >>> round(selfish_revenue(1 / 3, 0), 12), round(selfish_revenue(0.25, 0.5), 12)
    (0.333333333333, 0.25)

    Raises ``ValueError`` unless the share is from 0 to below a half and gamma from 0 to 1.
    """
    _check_pool(share, gamma)
    a = share
    above = a * (1 - a) ** 2 * (4 * a + gamma * (1 - 2 * a)) - a**3
    return above / (1 - a * (1 + (2 - a) * a))


def selfish_threshold(gamma: float) -> float:
    """The share of the power from which on holding back pays (Eyal & Sirer, 2014, equation 9).

    >>> selfish_threshold(0.5), selfish_threshold(1)
    (0.25, 0.0)
    """
    return (1 - gamma) / (3 - 2 * gamma)


@dataclass(frozen=True)
class SelfishRun:
    """A simulation of selfish mining."""

    pool: int
    """Blocks of the pool that remain."""

    others: int
    """Blocks of all others that remain."""

    spread: float
    """The standard error of the pool's share."""

    @property
    def revenue(self) -> float:
        """The pool's share of the blocks that remain."""
        return self.pool / (self.pool + self.others)

    def interval(self, level: float = 0.999) -> tuple[float, float]:
        """The interval of confidence of the pool's share. Rounds are independent of each
        other; the error of the ratio of their sums is that of the delta method.
        """
        reach = NormalDist().inv_cdf((1 + level) / 2) * self.spread
        return self.revenue - reach, self.revenue + reach


def simulate_selfish(share: float, gamma: float, rounds: int, seed: int) -> SelfishRun:
    """Play selfish mining, block by block. A round begins and ends with one public chain.

    Raises ``ValueError`` as :func:`selfish_revenue`, and for fewer than two rounds.
    """
    _check_pool(share, gamma)
    if rounds < 2:
        raise ValueError(f"two rounds are the least that have a spread, not {rounds}")
    rng = Random(seed)
    won = [_round(rng, share, gamma) for _ in range(rounds)]
    pool, others = sum(mine for mine, _ in won), sum(theirs for _, theirs in won)
    revenue, mean = pool / (pool + others), (pool + others) / rounds
    # Python 3.12 adds floats more exactly than 3.11; fsum is the same on both.
    squares = fsum((mine - revenue * (mine + theirs)) ** 2 for mine, theirs in won)
    return SelfishRun(pool, others, sqrt(squares / (rounds - 1) / rounds) / mean)


def _round(rng: Random, share: float, gamma: float) -> tuple[int, int]:
    """What remains of a round: the pool's blocks, the others' blocks."""
    if rng.random() >= share:
        return 0, 1
    if rng.random() >= share:  # one each: the pool publishes, and there is a race
        if rng.random() < share:
            return 2, 0
        return (1, 1) if rng.random() < gamma else (0, 2)
    mined = lead = 2
    while lead > 1:
        found = rng.random() < share
        mined, lead = mined + found, lead + (1 if found else -1)
    return mined, 0  # the lead is down to one: the pool publishes everything


def _check_pool(share: float, gamma: float) -> None:
    if not 0 <= share < 0.5:
        raise ValueError(f"the pool's share is from 0 to below 0.5, not {share}")
    if not 0 <= gamma <= 1:
        raise ValueError(f"gamma is from 0 to 1, not {gamma}")


def selfish_rows(
    shares: Iterable[float], gammas: Iterable[float] = (0, 0.5, 1), rounds: int = 20_000
) -> list[dict[str, float]]:
    """Formula and simulation side by side."""
    rows, gammas = [], tuple(gammas)
    for share in shares:
        for gamma in gammas:
            run = simulate_selfish(share, gamma, rounds, seed=SELFISH_SEED)
            low, high = run.interval()
            rows.append(
                {
                    "share": share,
                    "gamma": gamma,
                    "formula": selfish_revenue(share, gamma),
                    "simulated": run.revenue,
                    "low": low,
                    "high": high,
                }
            )
    return rows


SELFISH_SHARE, SELFISH_ROUNDS, SELFISH_SEED = 0.2, 100_000, 2014


def selfish_mining(defended: bool) -> bench.Outcome:
    """A pool with a fifth of the power and the best connections holds its blocks back. Where
    nodes toss a coin between two chains of one length, connections do not help it.
    """
    gamma = 0.5 if defended else 1.0
    run = simulate_selfish(SELFISH_SHARE, gamma, SELFISH_ROUNDS, SELFISH_SEED)
    low, high = run.interval()
    evidence = (
        f"a fifth of the power gets {run.revenue:.1%} of the blocks"
        f" ({low:.1%} to {high:.1%}; the formula says {selfish_revenue(SELFISH_SHARE, gamma):.1%})"
    )
    return bench.Outcome(low > SELFISH_SHARE, evidence, "random tie" if defended else "")
