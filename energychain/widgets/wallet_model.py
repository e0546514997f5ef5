"""
A wallet without its window: who owns what, what waits, and how certain each payment
is. Nothing here knows of widgets.
"""

import re
from dataclasses import dataclass
from itertools import groupby

from energychain.contracts.token import ENERGY_TOKEN, MONEY
from energychain.ledger.chain import CONFIRMATIONS
from energychain.ledger.mempool import Mempool
from energychain.ledger.state import ETHER, InvalidTransaction
from energychain.ledger.transaction import SignedTransaction
from energychain.primitives.hashing import Digest
from energychain.primitives.keys import BadSignature
from energychain.primitives.refusals import BadInput
from energychain.primitives.units import TOKEN_DECIMALS, to_units, tokens
from energychain.studies.testbed import HOUSEHOLDS, Testbed

OPENING_TOKENS = 100_000
"""What each household of the default network buys first [milli-token]."""

WEI_PER_ETHER = 10**18

OVERDRAFT = re.compile(r"([\d,]+) of token, ([\d,]+)")
"""How the ledger says that tokens do not suffice [milli-token]."""


@dataclass(frozen=True)
class Payment:
    """Tokens on their way from one account to another."""

    signed: SignedTransaction
    source: str
    target: str
    amount: int
    """[milli-token]"""

    @property
    def tokens(self) -> str:
        """The amount as people write it."""
        return _grouped(str(self.amount))

    def __str__(self) -> str:
        return f"{self.source} to {self.target}, {self.tokens} tokens"


@dataclass(frozen=True)
class Progress:
    """How far a payment has come."""

    stage: str
    """``waiting``, ``confirmed``, ``refused`` or ``thrown out``."""

    confirmations: int = 0
    reason: str = ""
    """Why it was refused."""

    @property
    def bar(self) -> str:
        """Twelve boxes, filled one by one; empty if the payment was refused.

        >>> Progress("confirmed", 3).bar
        '■■■□□□□□□□□□'
        """
        if self.reason:
            return ""
        full = min(self.confirmations, CONFIRMATIONS)
        return "■" * full + "□" * (CONFIRMATIONS - full)

    @property
    def short(self) -> str:
        """The same, in a line under a heading that says what is counted.

        >>> Progress("confirmed", 3).short
        '3 of 12'
        """
        if self.stage == "waiting":
            return self.stage
        return str(self).replace(" confirmations", "").replace("taken as ", "")

    def __str__(self) -> str:
        if self.reason:
            return f"{self.stage}: {self.reason}"
        if self.stage == "waiting":
            return "waiting: in no block yet"
        full = min(self.confirmations, CONFIRMATIONS)
        final = ", taken as final" if full == CONFIRMATIONS else ""
        return f"{full} of {CONFIRMATIONS} confirmations{final}"


@dataclass(frozen=True)
class Holding:
    """What an account owns, as people write it."""

    name: str
    tokens: str
    money: str
    ether: str


class WalletModel:
    """A private chain, seen through a wallet. Time moves only when somebody mines."""

    def __init__(self, network: Testbed | None = None) -> None:
        self.network = network or default_network()
        self._beginning = self.network.chain
        self.own_network = network is None
        self.reset()

    def reset(self) -> None:
        """The chain as it was in the beginning; nothing waits."""
        self.network.chain = self._beginning
        self.mempool = Mempool()
        self.payments: tuple[Payment, ...] = ()
        self.mined: tuple[tuple[Payment, ...], ...] = ()
        """The payments in each block that was mined here."""

        self.thrown_out: dict[Digest, str] = {}
        """Why a payment may stand in no block."""

    @property
    def names(self) -> tuple[str, ...]:
        """The accounts that can pay and be paid."""
        return self.network.households

    def send(self, source: str, target: str, amount: str) -> Payment:
        """Sign a payment and let it wait for a miner.

        Raises :class:`~energychain.primitives.refusals.BadInput` if the amount is no
        positive number of tokens with at most three decimals, or if somebody pays
        itself. That the tokens suffice is for the ledger to say.
        """
        if source == target:
            raise BadInput(f"{source} would pay itself: choose somebody else")
        wanted = to_units(amount.strip(), TOKEN_DECIMALS)
        if wanted <= 0:
            raise BadInput(f"expected more than 0 tokens, found {amount.strip()}")
        signed = self.network.signed(
            source,
            "token",
            "transfer",
            ENERGY_TOKEN,
            self.network.address(target),
            wanted,
            nonce=self.mempool.next_nonce(self.network.chain.state, self.network.address(source)),
        )
        return self.receive(Payment(signed, source, target, wanted))

    def receive(self, payment: Payment) -> Payment:
        """Let a signed payment wait, whoever made it.

        Raises a :class:`~energychain.primitives.refusals.Refusal` if the waiting room
        does not let it in.
        """
        self.mempool = self.mempool.add(payment.signed, self.network.chain.state)
        self.payments = (*self.payments, payment)
        return payment

    def mine(self) -> int:
        """A block with what waits; how many payments are in it. What may not stand in
        a block is thrown out, and does not hold up the rest.
        """
        picked = self.mempool.pick(self.network.chain.state)
        self.network.open_block()
        thrown_out = {}
        for signed in picked:
            try:
                self.network.include(signed)
            except (InvalidTransaction, BadSignature) as fault:
                thrown_out[signed.id] = self.in_words(str(fault))
        self.network.close_block()
        self.mempool = self.mempool.without(picked)
        self.thrown_out = {**self.thrown_out, **thrown_out}
        ids = {signed.id for signed in picked} - set(thrown_out)
        block = tuple(p for p in self.payments if p.signed.id in ids)
        self.mined = (*self.mined, block)
        return len(block)

    @property
    def waiting(self) -> tuple[Payment, ...]:
        """The payments that are in no block yet."""
        ids = {signed.id for signed in self.mempool.waiting}
        return tuple(payment for payment in self.payments if payment.signed.id in ids)

    def progress(self, payment: Payment) -> Progress:
        """How far a payment has come."""
        if reason := self.thrown_out.get(payment.signed.id):
            return Progress("thrown out", reason=reason)
        chain = self.network.chain
        receipt = chain.receipt(payment.signed.id)
        if receipt is None:
            return Progress("waiting")
        confirmations = chain.confirmations(payment.signed.id)
        if receipt.done:
            return Progress("confirmed", confirmations)
        reason = f"{self.in_words(receipt.reason)}; the fee of {receipt.fee:,} wei was paid"
        return Progress("refused", confirmations, reason)

    def holdings(self) -> list[Holding]:
        """What every account owns in the newest block."""
        return [
            Holding(
                name,
                _grouped(str(self.network.balance(name))),
                f"{self.network.balance(name, MONEY) / 1e6:,.2f}",
                _ether(self.network.balance(name, ETHER)),
            )
            for name in self.network.accounts
        ]

    def in_words(self, reason: str) -> str:
        """A refusal with names for addresses, and tokens for thousandths of them."""
        for address, name in self.network.chain.genesis.names:
            reason = reason.replace(address, name)
        return OVERDRAFT.sub(
            lambda found: f"{_grouped(found[1])} tokens, {_grouped(found[2])}", reason
        )

    def status(self) -> str:
        """The newest state as a sentence."""
        waits = len(self.waiting)
        waiting = {0: "nothing waits", 1: "1 payment waits"}.get(waits, f"{waits} payments wait")
        height = self.network.chain.height
        said = f"The newest block is number {height}; {waiting}."
        if not self.payments:
            return said
        last = self.payments[-1]
        return f"{said} The last payment ({last}): {self.progress(last)}."

    def code(self) -> str:
        """The library calls that lead to the present state."""
        lines = [
            "from energychain.contracts.token import ENERGY_TOKEN",
            "from energychain.studies.testbed import HOUSEHOLDS, Testbed",
            "",
        ]
        if self.own_network:
            lines += [
                "network = Testbed(HOUSEHOLDS[:3])",
                f'network.mine(network.signed(n, "bank", "buy", {OPENING_TOKENS:_})'
                " for n in network.households)",
            ]
        for block, same in groupby(self.mined):
            lines.append(_mine_call(block, len(list(same))))
        if self.waiting:
            lines.append(f"# waits: {'; '.join(map(str, self.waiting))}")
        return "\n".join(lines)


def default_network() -> Testbed:
    """Three households that have bought a hundred tokens each."""
    network = Testbed(HOUSEHOLDS[:3])
    network.mine(network.signed(name, "bank", "buy", OPENING_TOKENS) for name in network.households)
    return network


def _mine_call(block: tuple[Payment, ...], times: int) -> str:
    if not block:
        return "network.mine()" if times == 1 else f"for _ in range({times}):\n    network.mine()"
    calls = [
        f'    network.signed("{p.source}", "token", "transfer", ENERGY_TOKEN,'
        f' network.address("{p.target}"), {p.amount:_}, nonce={p.signed.transaction.nonce}),'
        for p in block
    ]
    return "\n".join(["network.mine([", *calls, "])"])


def _grouped(amount: str) -> str:
    """Milli-tokens as tokens, in groups of three digits.

    >>> _grouped("1234567890")
    '1,234,567.890'
    """
    whole, _, rest = tokens(int(amount.replace(",", ""))).partition(".")
    return f"{int(whole):,}.{rest}"


def _ether(wei: int) -> str:
    """Ether with every wei to be seen: fees are tiny beside what there is.

    >>> _ether(10**21 - 62_888)
    '1,000 − 62,888 wei'
    """
    whole = (wei + WEI_PER_ETHER // 2) // WEI_PER_ETHER
    rest = wei - whole * WEI_PER_ETHER
    sign = "−" if rest < 0 else "+"
    return f"{whole:,} {sign} {abs(rest):,} wei" if rest else f"{whole:,}"
