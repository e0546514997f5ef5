"""Blocks, transactions and verdicts as people say them, and as small pieces of HTML."""

from collections.abc import Sequence
from html import escape

from energychain.charts.theme import OKABE_ITO
from energychain.ledger.block import Block
from energychain.ledger.chain import Chain, InvalidBlock, Rule
from energychain.ledger.transaction import SignedTransaction, Transaction
from energychain.primitives.hashing import short
from energychain.primitives.keys import Address
from energychain.studies.tampering import Place, Tampered
from energychain.widgets.explorer import Table

ARGUMENTS = {
    ("token", "transfer"): ("asset", "to", "amount (thousandths)"),
    ("bank", "buy"): ("tokens (thousandths)",),
    ("bank", "redeem"): ("tokens (thousandths)",),
    ("energy_trade", "offer"): ("buyers", "mWh per token"),
    ("energy_trade", "accept"): ("sellers", "mWh per token"),
    ("energy_trade", "report"): ("interval", "produced (mWh)", "consumed (mWh)"),
    ("energy_trade", "settle"): ("interval",),
}
"""What the arguments of each function are called."""


def argument_names(wish: Transaction) -> tuple[str, ...]:
    """The names of a call's arguments."""
    known = ARGUMENTS.get((wish.contract, wish.function), ())
    return tuple(
        known[i] if i < len(known) else f"argument {i + 1}" for i in range(len(wish.arguments))
    )


def in_words(signed: SignedTransaction, chain: Chain) -> str:
    """A transaction as a sentence, with names for addresses."""
    wish = signed.transaction
    names = argument_names(wish)
    parts = [
        _with_unit(called, _value(value, chain), following)
        for called, value, following in zip(names, wish.arguments, (*names[1:], ""), strict=True)
    ]
    return f"{chain.name(signed.sender)}: {wish.function}, {', '.join(parts)}"


def _with_unit(called: str, value: str, following: str = "") -> str:
    """What an argument is called, its value and its unit, which is said once if the following
    argument has the same.

    >>> _with_unit("consumed (mWh)", "723,606")
    'consumed 723,606 mWh'
    """
    name, _, unit = called.partition(" (")
    said = "" if following.partition(" (")[2] == unit else unit.rstrip(")")
    return f"{name} {value} {said}".rstrip()


def _value(value: object, chain: Chain) -> str:
    if isinstance(value, tuple):
        return " and ".join(_value(item, chain) for item in value) or "nobody"
    if isinstance(value, int):
        return f"{value:,}"
    return chain.name(Address(value)) if isinstance(value, str) else repr(value)


def place_in_words(place: Place, block: Block, chain: Chain) -> str:
    """Where a number stands, as a line of a menu."""
    if place.transaction is None:
        return f"header: {place.name}"
    signed = block.transactions[place.transaction]
    called = argument_names(signed.transaction)[int(place.name)]
    wish = signed.transaction
    return f"{chain.name(signed.sender)}, {wish.function}: {called}"


def fault_in_words(fault: InvalidBlock, chain: Chain) -> str:
    """A refusal with names for addresses."""
    said = str(fault)
    for address, name in chain.genesis.names:
        said = said.replace(address, name)
    return said


# --- HTML -----------------------------------------------------------------------------

KEPT, BROKEN, DOUBTFUL = OKABE_ITO["blue"], OKABE_ITO["vermillion"], "#666666"


def rules_list(verdicts: Sequence[tuple[Rule, InvalidBlock | None]], chain: Chain) -> str:
    """Every rule with a tick or a cross, and the refusal where one spoke."""
    items = "".join(_rule(rule, fault, chain) for rule, fault in verdicts)
    return f"<ul style='list-style:none;margin:0;padding:0;font-size:14px'>{items}</ul>"


def not_asked(rule: Rule, fault: InvalidBlock | None) -> bool:
    """Whether a rule could not be asked, because the transactions could not be carried
    out.
    """
    return rule.name == "state root" and fault is not None and fault.rule != rule.name


def _rule(rule: Rule, fault: InvalidBlock | None, chain: Chain) -> str:
    reason, colour, verdict = "", KEPT, "✓ kept"
    if not_asked(rule, fault):
        colour, verdict = DOUBTFUL, "– not asked"
        reason = "the transactions cannot be carried out"
    elif fault is not None:
        colour, verdict = BROKEN, "✗ broken"
        reason = fault_in_words(fault, chain)
        if fault.rule != rule.name:
            reason = f"{fault.rule}: {reason}"
    said = f"<br><b>{escape(reason)}</b>" if reason else ""
    return (
        "<li style='margin:2px 0;line-height:1.35;padding-left:8px;"
        f"border-left:4px solid {colour}'>"
        f"<b>{verdict}</b> · {rule.name}: {escape(rule.statement)}{said}</li>"
    )


def cards(tampered: Tampered, shown: int = 5) -> str:
    """The chain from the block below the edited one, as a row of cards."""
    base = tampered.chain.blocks[tampered.height - 1]
    row = [_card(base, (), False)]
    asked = [rule.name for rule, fault in tampered.verdicts if fault and not not_asked(rule, fault)]
    row.append(_card(tampered.edited, asked, False))
    unsound = bool(tampered.broken)
    for block, faults in tampered.broken_above[: shown - 2]:
        row.append(_card(block, [fault.rule for fault in faults], unsound))
        unsound = unsound or bool(faults)
    rest = tampered.broken_above[shown - 2 :]
    if rest:
        broken = sum(bool(faults) for _, faults in rest)
        state = f"{broken} broken" if broken else "their own rules kept"
        row.append(
            "<div role='listitem' style='align-self:center;padding:4px;font-size:14px'>"
            f"… {len(rest)} more blocks:<br>{state}</div>"
        )
    return (
        "<div role='list' aria-label='The chain around the edited block'"
        " style='display:flex;flex-wrap:wrap;align-items:stretch;gap:4px'>"
        + "<span aria-hidden='true' style='align-self:center'>◄</span>".join(row)
        + "</div>"
    )


def _card(block: Block, broken: Sequence[str], unsound: bool) -> str:
    if broken:
        sign, said, colour, line = "✗", "broken: " + ", ".join(broken), BROKEN, "4px double"
    elif unsound:
        sign, said, colour, line = "▲", "stands on a broken block", DOUBTFUL, "2px dashed"
    else:
        sign, said, colour, line = "✓", "holds", KEPT, "2px solid"
    label = f"block {block.height}, {short(block.hash)}: {said}"
    return (
        f"<div role='listitem' aria-label='{escape(label)}' style='border:{line} {colour};"
        "border-radius:4px;padding:4px 8px;width:128px;box-sizing:border-box;"
        "min-height:104px;font-size:13px;line-height:1.35'>"
        f"<b>block {block.height}</b><br><code>{short(block.hash)}</code><br>{sign} {said}</div>"
    )


def block_tables(block: Block, original: Block, chain: Chain) -> str:
    """The header and the transactions of a block; what is altered says so."""
    now, before = block.header, original.header
    fields = (
        ("hash", short(block.hash), short(original.hash)),
        ("parent", short(now.parent), short(before.parent)),
        ("Merkle root", short(now.merkle_root), short(before.merkle_root)),
        ("state root", short(now.state_root), short(before.state_root)),
        ("time (s)", f"{now.time:,}", f"{before.time:,}"),
        ("nonce", f"{now.nonce:,}", f"{before.nonce:,}"),
        ("miner", chain.name(now.miner), chain.name(before.miner)),
    )
    header = Table(
        f"Header of block {block.height}",
        ("", "now", "as everybody has it"),
        [(name, f"{new} ≠" if new != old else new, old) for name, new, old in fields],
    ).html()
    lines = "".join(
        f"<li>{escape(in_words(signed, chain))}"
        + ("" if signed == old else " <b>(altered)</b>")
        + "</li>"
        for signed, old in zip(block.transactions, original.transactions, strict=True)
    )
    return (
        f"{header}<p style='font-size:14px;margin:6px 0 0;line-height:1.3'><b>Transactions</b></p>"
        "<ol start='0' style='font-size:13px;margin:0;padding-left:22px;line-height:1.45'>"
        f"{lines or 'none'}</ol>"
    )
