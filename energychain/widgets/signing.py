"""
Sign, alter, verify, hands on: a home signs a reading, somebody alters it on the way, and the
ledger asks its checks one by one.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from html import escape
from typing import Any

import ipywidgets as widgets

from energychain.charts.theme import OKABE_ITO
from energychain.ledger.state import WrongChain, WrongNonce
from energychain.ledger.transaction import SignedTransaction, Transaction
from energychain.primitives.hashing import short
from energychain.primitives.keys import ORDER, BadSignature
from energychain.primitives.refusals import Refusal
from energychain.primitives.units import kwh
from energychain.studies.private_chain import PrivateChain
from energychain.widgets.controls import snug
from energychain.widgets.explorer import Explorer, View

HOME, STRANGER = "node 1", "stranger"
LEAST, MOST = 0, 1_000_000
READING = 427_852
"""What the meter says at first [mWh]."""


# --- what can happen on the way -------------------------------------------------------


def twin(signature: bytes) -> bytes:
    """The other signature that plain ECDSA takes for the same message: (r, n - s).

    >>> from energychain.primitives.keys import derive
    >>> signature = derive("a lesson", "node 1").sign(b"3 kWh")
    >>> twin(signature) == signature, twin(twin(signature)) == signature
    (False, True)
    """
    s = int.from_bytes(signature[32:], "big")
    return signature[:32] + (ORDER["p256"] - s).to_bytes(32, "big")


def _wish(**changes: Any) -> Callable[[SignedTransaction, PrivateChain], SignedTransaction]:
    return lambda signed, network: replace(
        signed, transaction=replace(signed.transaction, **changes)
    )


def _more(signed: SignedTransaction, network: PrivateChain) -> SignedTransaction:
    interval, produced, consumed = signed.transaction.arguments
    assert isinstance(consumed, int)
    return _wish(arguments=(interval, produced, consumed + 1))(signed, network)


def _an_hour_later(signed: SignedTransaction, network: PrivateChain) -> SignedTransaction:
    interval, *registers = signed.transaction.arguments
    assert isinstance(interval, int)
    return _wish(arguments=(interval + 1, *registers))(signed, network)


def _another_key(signed: SignedTransaction, network: PrivateChain) -> SignedTransaction:
    return _wish(sender=network.accounts[STRANGER].key.public)(signed, network)


def _signed_anew(signed: SignedTransaction, network: PrivateChain) -> SignedTransaction:
    """The altered reading, signed with the only key that the stranger has."""
    altered = _more(signed, network)
    key = network.accounts[STRANGER].key
    return replace(altered, signature=key.sign(altered.transaction.encoded))


def _in_its_own_name(signed: SignedTransaction, network: PrivateChain) -> SignedTransaction:
    """The altered reading, as one of the stranger's own."""
    return _signed_anew(_another_key(signed, network), network)


def _one_bit(signed: SignedTransaction, network: PrivateChain) -> SignedTransaction:
    return replace(signed, signature=bytes([signed.signature[0] ^ 1]) + signed.signature[1:])


def _twin(signed: SignedTransaction, network: PrivateChain) -> SignedTransaction:
    return replace(signed, signature=twin(signed.signature))


Alteration = Callable[[SignedTransaction, PrivateChain], SignedTransaction]

ALTERATIONS: Mapping[str, Alteration] = {
    "nothing": lambda signed, network: signed,
    "1 mWh more": _more,
    "another hour": _an_hour_later,
    "another chain's name": _wish(chain="the next street"),
    "the next nonce": _wish(nonce=1),
    "the sender's key": _another_key,
    "1 mWh more, signed by the stranger": _signed_anew,
    "1 mWh more, in the stranger's name": _in_its_own_name,
    "one bit of the signature": _one_bit,
    "the signature's twin": _twin,
}
"""What the carrier may do, in words."""


# --- the three parties ----------------------------------------------------------------


@dataclass(frozen=True)
class Check:
    """What one check of the ledger says."""

    name: str
    statement: str
    fault: Refusal | None
    asked: bool = True


@dataclass(frozen=True)
class Delivery:
    """A reading as it was signed and as it arrived."""

    signed: SignedTransaction
    again: bytes
    """The signature of the same reading, made a second time."""

    arrived: SignedTransaction
    checks: tuple[Check, ...]

    @property
    def refusal(self) -> Check | None:
        """The first check that refuses."""
        return next((check for check in self.checks if check.fault), None)


def deliver(reading: int = READING, altered: str = "nothing", times: int = 1) -> Delivery:
    """Node 1 signs a reading [mWh]; it is altered on the way, and arrives once or twice.

    >>> deliver().refusal is None
    True
    >>> print(deliver(altered="1 mWh more").refusal.fault)
    the signature does not fit this message and key

    Raises ``KeyError`` for an unknown alteration.
    """
    network = PrivateChain([HOME, STRANGER], name="testbed")
    signed = network.signed(HOME, "energy_trade", "report", 10, 0, reading)
    again = network.accounts[HOME].key.sign(signed.transaction.encoded)
    arrived = ALTERATIONS[altered](signed, network)
    network.open_block()
    fault: Refusal | None = None
    for _ in range(times):
        try:
            network.include(arrived)
        except (WrongChain, BadSignature, WrongNonce) as refused:
            fault = refused
    return Delivery(signed, again, arrived, tuple(_checks(fault)))


CHECKS: tuple[tuple[str, str, type[Refusal]], ...] = (
    ("chain", "It is meant for this chain.", WrongChain),
    ("signature", "The owner of the sender's key signed these bytes.", BadSignature),
    ("nonce", "It is the sender's next one.", WrongNonce),
)
"""The ledger's checks, in its order, and how each refuses."""


def _checks(fault: Refusal | None) -> list[Check]:
    found: list[Check] = []
    for name, statement, refusal in CHECKS:
        asked = not any(check.fault for check in found)
        mine = fault if asked and isinstance(fault, refusal) else None
        found.append(Check(name, statement, mine, asked))
    return found


class SigningExplorer(Explorer):
    """A reading that is signed by node 1, carried by a stranger, and checked by the ledger.

    >>> explorer = SigningExplorer()
    >>> explorer.controls["altered"].value = "the signature's twin"
    >>> explorer.status
    "Altered on the way: the signature's twin. The ledger refuses (signature): the signature has \
the high s: its mirror image was signed."
    """

    def __init__(self, *, prediction: str = "") -> None:
        super().__init__(
            "What can be altered on the way, unnoticed?",
            {
                "reading": snug(
                    widgets.IntSlider,
                    "Reading (mWh)",
                    215,
                    value=READING,
                    min=LEAST,
                    max=MOST,
                    step=1,
                    readout_format=",d",
                ),
                "altered": snug(
                    widgets.Dropdown, "On the way, alter", 265, options=list(ALTERATIONS)
                ),
                "times": snug(
                    widgets.Dropdown, "It is delivered", 75, options=[("once", 1), ("twice", 2)]
                ),
            },
            self._look,
            prediction=prediction,
        )

    def bundle(self) -> dict[str, Any]:
        """The present state as HTML and words; while nothing is altered, with an example."""
        shown = [self.view]
        if self.values["altered"] == "nothing":
            shown.append(self._look(**{**self.values, "altered": "1 mWh more"}))
        parts = [f"<p><b>{escape(self.question)}</b></p>"]
        for view in shown:
            parts += [f"<p>{escape(view.status)}</p>", view.details]
        return {"text/html": "".join(parts), "text/plain": f"{self!r}: {self.status}"}

    def _look(self, reading: int, altered: str, times: int) -> View:
        delivery = deliver(reading, altered, times)
        return View(
            (),
            _status(delivery, altered, times),
            "\n".join(
                [
                    "from energychain.widgets.signing import deliver",
                    "",
                    f'delivery = deliver({reading}, "{altered}", {times})',
                    "for check in delivery.checks:",
                    '    print(check.name, "not asked" if not check.asked else check.fault or'
                    ' "kept")',
                ]
            ),
            _cards(delivery, altered, times),
        )


def _status(delivery: Delivery, altered: str, times: int) -> str:
    said = "Nothing was altered" if altered == "nothing" else f"Altered on the way: {altered}"
    said += ", and it came twice." if times > 1 else "."
    refusal = delivery.refusal
    if refusal is None:
        own = delivery.arrived.sender == delivery.signed.sender
        return f"{said} Every check is kept" + (
            "." if own else ": the ledger has a reading of the stranger, and none of node 1."
        )
    second = "the second one " if times > 1 and refusal.name == "nonce" else ""
    return f"{said} The ledger refuses {second}({refusal.name}): {refusal.fault}."


# --- HTML -----------------------------------------------------------------------------

GOOD, BAD, QUIET = OKABE_ITO["blue"], OKABE_ITO["vermillion"], "#666666"


def _cards(delivery: Delivery, altered: str, times: int) -> str:
    """The three parties side by side, and the bytes below."""
    same = "the same 64 bytes" if delivery.again == delivery.signed.signature else "other bytes"
    cards = (
        _card(
            "1 · Node 1 signs",
            _reading_rows(delivery.signed, delivery.signed)
            + f"<p style='margin:6px 0 0'>Signed a second time: {same}.</p>",
        ),
        _card(
            "2 · A stranger carries it",
            _reading_rows(delivery.arrived, delivery.signed)
            + f"<p style='margin:6px 0 0'>Altered: <b>{escape(altered)}</b>; delivered"
            f" {'twice' if times > 1 else 'once'}.</p>",
        ),
        _card("3 · The ledger checks", _check_list(delivery)),
    )
    arrow = "<span aria-hidden='true' style='align-self:center;font-size:20px'>→</span>"
    return (
        "<div style='display:flex;flex-wrap:wrap;align-items:stretch;gap:6px'>"
        + arrow.join(cards)
        + "</div>"
        + _bytes(delivery)
    )


def _card(title: str, body: str) -> str:
    return (
        "<div style='border:2px solid #888;border-radius:4px;padding:6px 10px;width:276px;"
        f"box-sizing:border-box;font-size:14px;line-height:1.4'><b>{title}</b>{body}</div>"
    )


def _reading_rows(now: SignedTransaction, before: SignedTransaction) -> str:
    """The parts of a signed reading; what is altered is bold and says so."""
    rows = [
        (name, new, new != old)
        for (name, new), (_, old) in zip(_parts(now), _parts(before), strict=True)
    ]
    cells = "".join(
        f"<tr><th scope='row' style='text-align:left;padding-right:10px;font-weight:normal'>"
        f"{name}</th><td style='text-align:left'>"
        + (f"<b>{escape(value)} ≠</b>" if changed else escape(value))
        + "</td></tr>"
        for name, value, changed in rows
    )
    return f"<table style='font-size:14px;line-height:1.35'>{cells}</table>"


def _parts(signed: SignedTransaction) -> list[tuple[str, str]]:
    wish, signature = signed.transaction, signed.signature
    interval, _, consumed = wish.arguments
    assert isinstance(consumed, int)
    return [
        ("chain", wish.chain),
        ("sender's key", f"{short(wish.sender.data[1:])}…"),
        ("nonce", str(wish.nonce)),
        ("hour", str(interval)),
        ("reading", f"{kwh(consumed)} kWh"),
        ("signature r", f"{short(signature)}…"),
        ("signature s", f"{short(signature[32:])}…"),
    ]


def _check_list(delivery: Delivery) -> str:
    items = []
    for check in delivery.checks:
        if not check.asked:
            sign, colour, reason = "– not asked", QUIET, ""
        elif check.fault:
            sign, colour = "✗ refused", BAD
            reason = f"<br><b>{escape(str(check.fault))}</b>"
        else:
            sign, colour, reason = "✓ kept", GOOD, ""
        items.append(
            "<li style='margin:6px 0;padding-left:8px;line-height:1.35;"
            f"border-left:4px solid {colour}'><b>{sign}</b> · {check.name}:"
            f" {escape(check.statement)}{reason}</li>"
        )
    return f"<ul style='list-style:none;margin:0;padding:0'>{''.join(items)}</ul>"


def _bytes(delivery: Delivery) -> str:
    """What was signed and what arrived, byte for byte; what differs is bold and underlined."""
    signed, arrived = delivery.signed.transaction, delivery.arrived.transaction
    return (
        "<div style='font-size:13px;line-height:1.5;padding-top:6px'>The bytes that arrived"
        f" ({len(arrived.encoded)}; their digest is {short(arrived.id)}, signed was"
        f" {short(signed.id)}):<br><code style='overflow-wrap:anywhere'>"
        + "".join(map(_marked, _readable(arrived), _readable(signed)))
        + "</code></div>"
    )


def _readable(wish: Transaction) -> tuple[str, str, str]:
    """The canonical bytes before the key, the key in hexadecimal digits, and those after it."""
    key = wish.sender.data
    before, after = wish.encoded.split(key)
    return before.decode(), f"⟨{key.hex()[:12]}…⟩", after.decode()


def _marked(now: str, before: str) -> str:
    """The first difference up to the last, marked."""
    if now == before:
        return escape(now)
    start = next(
        (i for i, (a, b) in enumerate(zip(now, before, strict=False)) if a != b), len(before)
    )
    end = 0
    while end < min(len(now), len(before)) - start and now[-1 - end] == before[-1 - end]:
        end += 1
    stop = len(now) - end
    changed = now[start:stop] or "·"
    return f"{escape(now[:start])}<b><u>{escape(changed)}</u></b>{escape(now[stop:])}"
