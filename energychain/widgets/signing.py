"""
Sign, alter, verify, hands on: a home signs a reading, somebody alters it on the way, and the
ledger asks its checks one by one.
"""

from html import escape
from typing import Any

import ipywidgets as widgets

from energychain.charts.theme import OKABE_ITO
from energychain.ledger.transaction import SignedTransaction, Transaction
from energychain.primitives.hashing import short
from energychain.primitives.units import kwh
from energychain.studies.delivery import ALTERATIONS, READING, Delivery, deliver
from energychain.widgets.controls import snug
from energychain.widgets.explorer import Explorer, View

LEAST, MOST = 0, 1_000_000


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
                    "from energychain.studies.delivery import deliver",
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
