"""`energychain ledger`: look into a saved chain."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from energychain.cli.terminal import BROKEN, AsJson, group, print_json, print_table, progress
from energychain.consensus.work import check_work
from energychain.contracts import CONTRACTS
from energychain.contracts.business_models import BUSINESS_MODELS
from energychain.course.record import CONTRACTS as COURSE
from energychain.ledger import saved
from energychain.ledger.chain import Chain, InvalidBlock

ledger_app = group("ledger", "Look into a saved chain.")


@ledger_app.command("verify")
def verify(
    path: Annotated[Path, typer.Argument(help="A saved chain.")], as_json: AsJson = False
) -> None:
    """Ask every rule about every block; exit 1 and name the broken rule if one is."""
    try:
        with progress("verifying", None) as advance:
            chain = _load(path, advance)
    except InvalidBlock as fault:
        if as_json:
            print_json({"valid": False, "height": _height_below(fault), "broken": _fault(fault)})
        else:
            print(f"{path.name}: {_where(fault)} breaks the rule '{fault.rule}': {fault}")
        raise typer.Exit(BROKEN) from None
    if as_json:
        print_json({"valid": True, "height": chain.height, "broken": None})
    else:
        print(
            f"{path.name}: all rules hold for {chain.height} blocks and"
            f" {sum(1 for _ in chain.transactions())} transactions; head {chain.head.hash.hex()}"
        )


def _height_below(fault: InvalidBlock) -> int:
    """The height up to which all rules hold."""
    return max((fault.block or 0) - 1, 0)


def _fault(fault: InvalidBlock) -> dict[str, object]:
    return {
        "rule": fault.rule,
        "block": fault.block,
        "transaction": fault.transaction,
        "message": str(fault),
    }


def _where(fault: InvalidBlock) -> str:
    block = f"block {fault.block}"
    return block if fault.transaction is None else f"transaction {fault.transaction} of {block}"


@ledger_app.command("show")
def show(path: Annotated[Path, typer.Argument(help="A saved chain.")]) -> None:
    """Print the blocks of a saved chain."""
    try:
        chain = _load(path, None)
    except InvalidBlock as fault:
        print(
            f"energychain: {path.name}: {_where(fault)} breaks the rule '{fault.rule}': {fault}",
            file=sys.stderr,
        )
        raise typer.Exit(BROKEN) from None
    print_table(
        ("height", "time s", "hash", "miner", "transactions", "refused", "gas"),
        [
            (
                str(block.height),
                str(block.header.time),
                block.hash.hex()[:16],
                chain.name(block.header.miner),
                str(len(block.transactions)),
                str(sum(not receipt.done for receipt in receipts)),
                f"{sum(receipt.gas_used for receipt in receipts):,}",
            )
            for block, receipts in zip(chain.blocks, chain.receipts, strict=True)
        ],
    )


def _load(path: Path, advance: Callable[[int], None] | None) -> Chain:
    return saved.load(path, {**BUSINESS_MODELS, **CONTRACTS, **COURSE}, check_work, advance)
