"""
The mempool is the waiting room: signed transactions that are in no block yet.
"""

from dataclasses import dataclass

from energychain.ledger.state import State, WrongNonce
from energychain.ledger.transaction import SignedTransaction
from energychain.primitives.keys import Address


@dataclass(frozen=True)
class Mempool:
    """Transactions that wait, in the order in which they came."""

    waiting: tuple[SignedTransaction, ...] = ()

    def add(self, signed: SignedTransaction, state: State) -> "Mempool":
        """The waiting room with one more.

        Raises :class:`~energychain.primitives.keys.BadSignature` if its sender did
        not sign it, and :class:`~energychain.ledger.state.WrongNonce` if its nonce
        is used up or waits here already.
        """
        signed.check_signature()
        nonce, sender = signed.transaction.nonce, signed.sender
        if nonce < state.nonce(sender):
            raise WrongNonce(f"nonce {nonce} is used up: the next one is {state.nonce(sender)}")
        if any(w.sender == sender and w.transaction.nonce == nonce for w in self.waiting):
            raise WrongNonce(f"a transaction with nonce {nonce} of this sender waits already")
        return Mempool((*self.waiting, signed))

    def next_nonce(self, state: State, sender: Address) -> int:
        """The nonce that a sender's next transaction should have."""
        used = [w.transaction.nonce for w in self.waiting if w.sender == sender]
        return max(state.nonce(sender) - 1, *used, -1) + 1

    def pick(self, state: State) -> tuple[SignedTransaction, ...]:
        """The transactions that a miner takes, best paid first, each sender's in order of
        nonce; of equally paid ones, the one that came first.
        """
        taken: list[SignedTransaction] = []
        nonces = dict(state.nonces)
        left = sorted(self.waiting, key=lambda signed: -signed.transaction.gas_price)
        while True:
            ready = next((s for s in left if s.transaction.nonce == nonces.get(s.sender, 0)), None)
            if ready is None:
                return tuple(taken)
            left.remove(ready)
            taken.append(ready)
            nonces[ready.sender] = ready.transaction.nonce + 1

    def without(self, done: tuple[SignedTransaction, ...]) -> "Mempool":
        """The waiting room after some have left it for a block."""
        ids = {signed.id for signed in done}
        return Mempool(tuple(signed for signed in self.waiting if signed.id not in ids))
