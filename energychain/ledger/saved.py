"""
A chain on disk: one JSON object per line, so that a person can read it and a
program can check it line by line.

1. the genesis record,
2. one line per block,
3. the head: the height and hash in which the chain ends.

There is exactly one way to write a chain. A file that says the same in other
bytes is refused, and loading asks every rule about every block again: a saved
chain is a claim, not a fact. What no file can prove alone is that it is the chain
you think it is; compare its head with one you trust.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from energychain.ledger.block import Block, Header
from energychain.ledger.chain import Chain, InvalidBlock, SealRule
from energychain.ledger.genesis import Genesis
from energychain.ledger.state import Contract, GasSchedule
from energychain.ledger.transaction import SignedTransaction, Transaction, Value
from energychain.primitives.hashing import Digest, short
from energychain.primitives.keys import Address, PublicKey
from energychain.primitives.refusals import BadInput

FORMAT = "energychain 1"

LONGEST_LINE = 64 * 2**20
"""No block of ours comes near this many bytes."""

Progress = Callable[[int], None]
"""Told the height after each block."""


class BrokenFile(InvalidBlock):
    """A saved chain is not written as the package writes it."""

    rule = "format"


class WrongHead(InvalidBlock):
    """The chain does not end in the block that was promised."""

    rule = "head"


def lines(chain: Chain) -> Iterator[str]:
    """The lines of the saved form."""
    yield _dump({"format": FORMAT, "genesis": _genesis_form(chain.genesis)})
    for block in chain.blocks[1:]:
        yield _dump(_block_form(block))
    yield _dump(_head_form(chain))


def save(chain: Chain, path: Path) -> None:
    """Write a chain to a file. An older file is replaced only once the new one is whole."""
    unfinished = path.with_name(path.name + ".unfinished")
    try:
        with unfinished.open("w", encoding="utf-8", newline="\n") as file:
            file.writelines(line + "\n" for line in lines(chain))
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)


def load(
    path: Path,
    contracts: Mapping[str, Contract],
    seal: SealRule,
    progress: Progress | None = None,
) -> Chain:
    """Read a chain and ask every rule about every block.

    Raises :class:`~energychain.ledger.chain.InvalidBlock`, naming rule, block and
    transaction, if anything was altered, and
    :class:`~energychain.primitives.refusals.BadInput` if the file cannot be read
    or is no chain at all.
    """
    try:
        with path.open("rb") as file:
            return read(_file_lines(file), contracts, seal, path.name, progress)
    except OSError as fault:
        raise BadInput(f"cannot be read: {fault.strerror or fault}", file=path.name) from None


def _file_lines(file: Any) -> Iterator[bytes]:
    while line := file.readline(LONGEST_LINE):
        yield line


def read(
    saved: Iterator[bytes],
    contracts: Mapping[str, Contract],
    seal: SealRule,
    name: str = "chain",
    progress: Progress | None = None,
) -> Chain:
    """Like :func:`load`, from the lines of a file."""
    first, second = next(saved, b""), next(saved, b"")
    if not _is_object(first) and not _is_object(second):
        raise BadInput(
            f'expected a saved chain, which begins with {{"format": "{FORMAT}"', file=name, line=1
        )
    chain = Chain.begin(_parsed(first, 0, _read_genesis), contracts, seal)
    pending = second
    for line in saved:
        chain = chain.append(_parsed(pending, chain.height + 1, _read_block))
        if progress is not None:
            progress(chain.height)
        pending = line
    _check_head(pending, chain)
    return chain


def chain_name(first: bytes) -> str:
    """What a saved chain calls itself in its first line, believed or not; empty if it does not.

    >>> chain_name(b'{"format": "energychain 1", "genesis": {"chain": "testbed"}}')
    'testbed'
    """
    try:
        return _text(json.loads(first)["genesis"]["chain"])
    except (ValueError, TypeError, KeyError, RecursionError):
        return ""


def _check_head(line: bytes, chain: Chain) -> None:
    expected = _dump(_head_form(chain)) + "\n"
    if line != expected.encode():
        if b'"head"' not in line:
            raise BrokenFile(
                f"the last line does not name the head: the file was cut off or altered after"
                f" block {chain.height}",
                block=chain.height,
            )
        raise WrongHead(
            f"the chain ends in block {chain.height}, {short(chain.head.hash)};"
            f" the last line says otherwise",
            block=chain.height,
        )


# --- forms ----------------------------------------------------------------------------


def _dump(form: object) -> str:
    return json.dumps(form, ensure_ascii=False)


def _head_form(chain: Chain) -> dict[str, object]:
    return {"head": chain.head.hash.hex(), "height": chain.height}


def _value_form(value: Value) -> object:
    if isinstance(value, bytes):
        return {"bytes": value.hex()}
    if isinstance(value, tuple):
        return [_value_form(item) for item in value]
    return value


def _genesis_form(genesis: Genesis) -> dict[str, object]:
    return {
        "chain": genesis.chain,
        "time": genesis.time,
        "target": f"{genesis.target:064x}",
        "reward": genesis.reward,
        "gas": vars(genesis.gas),
        "balances": [list(balance) for balance in genesis.balances],
        "storage": [
            [contract, _value_form(key), _value_form(value)]
            for contract, key, value in genesis.storage
        ],
        "names": [list(name) for name in genesis.names],
    }


def _block_form(block: Block) -> dict[str, object]:
    header = block.header
    return {
        "header": {
            "version": header.version,
            "height": header.height,
            "parent": header.parent.hex(),
            "merkle_root": header.merkle_root.hex(),
            "state_root": header.state_root.hex(),
            "time": header.time,
            "target": f"{header.target:064x}",
            "miner": header.miner,
            "nonce": header.nonce,
        },
        "transactions": [_transaction_form(signed) for signed in block.transactions],
    }


def _transaction_form(signed: SignedTransaction) -> dict[str, object]:
    wish = signed.transaction
    return {
        "chain": wish.chain,
        "sender": wish.sender.data.hex(),
        "curve": wish.sender.curve,
        "nonce": wish.nonce,
        "contract": wish.contract,
        "function": wish.function,
        "arguments": _value_form(wish.arguments),
        "gas_limit": wish.gas_limit,
        "gas_price": wish.gas_price,
        "signature": signed.signature.hex(),
    }


# --- reading --------------------------------------------------------------------------


def _is_object(line: bytes) -> bool:
    try:
        return isinstance(json.loads(line), dict)
    except (ValueError, RecursionError):
        return False


def _parsed(line: bytes, height: int, reader: Callable[[Any], Any]) -> Any:
    """What a line says, if it is written exactly as we would write it."""
    try:
        thing = reader(json.loads(line))
        form = (
            {"format": FORMAT, "genesis": _genesis_form(thing)}
            if isinstance(thing, Genesis)
            else _block_form(thing)
        )
        written = (_dump(form) + "\n").encode()
    except (ValueError, TypeError, KeyError, RecursionError) as fault:
        what = f"no {fault}" if isinstance(fault, KeyError) else str(fault)
        raise BrokenFile(f"line {height + 1} cannot be read: {what}", block=height) from None
    if written != line:
        at = next(
            (i for i, (a, b) in enumerate(zip(written, line, strict=False)) if a != b),
            min(len(written), len(line)),
        )
        raise BrokenFile(
            f"line {height + 1}, column {at + 1}: not written as the package writes it",
            block=height,
        )
    return thing


def _whole(form: object) -> int:
    if type(form) is not int:
        raise TypeError(f"expected a whole number, found {form!r}")
    return form


def _text(form: object) -> str:
    if type(form) is not str:
        raise TypeError(f"expected text, found {form!r}")
    return form


def _digest(form: object) -> Digest:
    return Digest(bytes.fromhex(_text(form)))


def _value(form: object) -> Value:
    if isinstance(form, list):
        return tuple(_value(item) for item in form)
    if isinstance(form, dict):
        return bytes.fromhex(_text(form["bytes"]))
    return _whole(form) if type(form) is int else _text(form)


def _read_genesis(form: dict[str, Any]) -> Genesis:
    genesis = form["genesis"]
    return Genesis(
        chain=_text(genesis["chain"]),
        time=_whole(genesis["time"]),
        target=int(_text(genesis["target"]), 16),
        reward=_whole(genesis["reward"]),
        gas=_read_gas(genesis["gas"]),
        balances=tuple(
            (_text(asset), Address(_text(owner)), _whole(amount))
            for asset, owner, amount in genesis["balances"]
        ),
        storage=tuple(
            (_text(contract), _value(key), _value(value))
            for contract, key, value in genesis["storage"]
        ),
        names=tuple((Address(_text(address)), _text(name)) for address, name in genesis["names"]),
    )


def _read_gas(form: object) -> GasSchedule:
    if not isinstance(form, dict):
        raise TypeError(f"expected the costs of gas by name, found {form!r}")
    return GasSchedule(**{name: _whole(cost) for name, cost in form.items()})


def _read_block(form: dict[str, Any]) -> Block:
    header = form["header"]
    return Block(
        Header(
            version=_whole(header["version"]),
            height=_whole(header["height"]),
            parent=_digest(header["parent"]),
            merkle_root=_digest(header["merkle_root"]),
            state_root=_digest(header["state_root"]),
            time=_whole(header["time"]),
            target=int(_text(header["target"]), 16),
            miner=Address(_text(header["miner"])),
            nonce=_whole(header["nonce"]),
        ),
        tuple(_read_transaction(signed) for signed in form["transactions"]),
    )


def _read_transaction(form: dict[str, Any]) -> SignedTransaction:
    arguments = _value(form["arguments"])
    if not isinstance(arguments, tuple):
        raise TypeError(f"expected a list of arguments, found {form['arguments']!r}")
    return SignedTransaction(
        Transaction(
            chain=_text(form["chain"]),
            sender=PublicKey(bytes.fromhex(_text(form["sender"])), _text(form["curve"])),
            nonce=_whole(form["nonce"]),
            contract=_text(form["contract"]),
            function=_text(form["function"]),
            arguments=arguments,
            gas_limit=_whole(form["gas_limit"]),
            gas_price=_whole(form["gas_price"]),
        ),
        bytes.fromhex(_text(form["signature"])),
    )
