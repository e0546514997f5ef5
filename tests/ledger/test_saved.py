"""A saved chain is a claim, not a fact: whatever is altered in the file, loading says so."""

import json
import re
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from energychain.consensus.work import check_work
from energychain.contracts import CONTRACTS
from energychain.ledger import saved
from energychain.ledger.chain import Chain, InvalidBlock
from energychain.primitives.refusals import BadInput

Reread = Callable[[bytes], Chain]


def load(path: Path) -> Chain:
    return saved.load(path, CONTRACTS, check_work)


def is_object(line: bytes) -> bool:
    try:
        return isinstance(json.loads(line), dict)
    except ValueError:
        return False


def refusal(reread: Reread, data: bytes) -> InvalidBlock | None:
    """What loading says of altered bytes; None for a file that is no chain at all."""
    try:
        chain = reread(data)
    except InvalidBlock as fault:
        assert fault.rule and str(fault)
        return fault
    except BadInput:
        assert not any(is_object(line) for line in data.split(b"\n")[:2])
        return None
    raise AssertionError(f"accepted, head {chain.head.hash.hex()}")


# --- there and back -------------------------------------------------------------------


def test_a_chain_is_the_same_after_saving_and_loading(workshop: Any, tmp_path: Path) -> None:
    path = tmp_path / "chain.json"
    saved.save(workshop.chain, path)
    again = load(path)
    assert again.head == workshop.chain.head
    assert again.blocks == workshop.chain.blocks
    assert again.state == workshop.chain.state
    assert again.receipts == workshop.chain.receipts
    assert again.genesis == workshop.chain.genesis


def test_saving_twice_writes_the_same_bytes(workshop: Any, tmp_path: Path) -> None:
    first, second = tmp_path / "1", tmp_path / "2"
    saved.save(workshop.chain, first)
    saved.save(load(first), second)
    assert first.read_bytes() == second.read_bytes()


def test_every_line_of_the_file_is_one_json_object(small_file: bytes) -> None:
    lines = small_file.decode().splitlines()
    assert len(lines) == 4
    assert [sorted(json.loads(line)) for line in lines] == [
        ["format", "genesis"],
        ["header", "transactions"],
        ["header", "transactions"],
        ["head", "height"],
    ]


def test_a_chain_without_blocks_can_be_saved_too(easy: Any, tmp_path: Path) -> None:
    saved.save(easy.chain, tmp_path / "empty")
    assert load(tmp_path / "empty").head == easy.chain.head


def test_text_bytes_and_nested_tuples_survive(easy: Any, tmp_path: Path) -> None:
    strange = ('é\u2028\n"\\', b"\x00\xff", (), ((1, "a"), b""), -(10**40))
    easy.open_block()
    assert not easy.send("ann", "token", "transfer", *strange).done
    easy.close_block()
    saved.save(easy.chain, tmp_path / "strange")
    again = load(tmp_path / "strange")
    assert again.head.transactions[0].transaction.arguments == strange


def test_loading_tells_of_its_progress(small_file: bytes) -> None:
    heights: list[int] = []
    lines = iter(small_file.splitlines(keepends=True))
    saved.read(lines, CONTRACTS, check_work, progress=heights.append)
    assert heights == [1, 2]


def test_an_interrupted_save_leaves_the_older_file_whole(
    workshop: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "chain.json"
    path.write_text("the older file")

    def interrupted(chain: Chain) -> Any:
        yield "the first line"
        raise KeyboardInterrupt

    monkeypatch.setattr(saved, "lines", interrupted)
    with pytest.raises(KeyboardInterrupt):
        saved.save(workshop.chain, path)
    assert path.read_text() == "the older file"


def test_an_interrupted_save_leaves_no_half_file_behind(
    workshop: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(chain: Chain) -> Any:
        yield "the first line"
        raise KeyboardInterrupt

    monkeypatch.setattr(saved, "lines", interrupted)
    with pytest.raises(KeyboardInterrupt):
        saved.save(workshop.chain, tmp_path / "chain.json")
    assert [file.name for file in tmp_path.iterdir()] == []


# --- every byte -----------------------------------------------------------------------

SLICES = 8


def other_bytes(byte: int, rng: Random) -> set[int]:
    """A case flip (or else a flipped bit), and any other byte."""
    letter = chr(byte).isalpha()
    return {byte ^ 0x20 if letter else byte ^ (1 << rng.randrange(8)), rng.randrange(256)} - {byte}


@pytest.mark.parametrize("part", range(SLICES))
def test_no_byte_of_a_saved_chain_can_be_altered_unnoticed(
    small_file: bytes, reread: Reread, part: int
) -> None:
    rng, unreadable = Random(part), 0
    for at in range(part, len(small_file), SLICES):
        for byte in other_bytes(small_file[at], rng):
            altered = small_file[:at] + bytes([byte]) + small_file[at + 1 :]
            unreadable += refusal(reread, altered) is None
    assert unreadable < 5, "nearly every alteration is traced to a block"


@pytest.mark.parametrize("part", range(2))
def test_no_single_bit_of_a_sample_can_be_flipped_unnoticed(
    small_file: bytes, reread: Reread, part: int
) -> None:
    for at in Random(part).sample(range(len(small_file)), 90):
        for bit in range(8):
            byte = bytes([small_file[at] ^ (1 << bit)])
            refusal(reread, small_file[:at] + byte + small_file[at + 1 :])


@given(st.data())
def test_bytes_cannot_be_put_in_or_cut_out_unnoticed(
    small_file: bytes, reread: Reread, data: st.DataObject
) -> None:
    start = data.draw(st.integers(0, len(small_file)))
    stop = data.draw(st.integers(start, min(start + 40, len(small_file))))
    altered = small_file[:start] + data.draw(st.binary(max_size=20)) + small_file[stop:]
    if altered != small_file:
        refusal(reread, altered)


# --- the right rule -------------------------------------------------------------------

# What is altered: the line, the name of the field (and which of that name), the rule that must
# speak, the block and the transaction that it must name.
PLACES: dict[str, tuple[int, str, int, str, int, int | None]] = {
    "the signature of a transaction": (2, "signature", 1, "merkle root", 2, 1),
    "the sender of a transaction": (1, "sender", 0, "merkle root", 1, 0),
    "the nonce of a transaction": (2, "nonce", 2, "merkle root", 2, 1),
    "the amount of a transaction": (2, "arguments", 0, "merkle root", 2, 1),
    "the amount of the first transaction": (1, "arguments", 0, "merkle root", 1, 0),
    "the gas limit of a transaction": (2, "gas_limit", 0, "merkle root", 2, 0),
    "the gas price of a transaction": (2, "gas_price", 0, "merkle root", 2, 0),
    "the nonce of a header": (1, "nonce", 0, "seal", 1, None),
    "the miner of a header": (2, "miner", 0, "seal", 2, None),
    "the Merkle root of a header": (1, "merkle_root", 0, "seal", 1, None),
    "the state root of a header": (2, "state_root", 0, "seal", 2, None),
    "the time of a header": (2, "time", 0, "seal", 2, None),
    "the parent of a header": (2, "parent", 0, "parent", 2, None),
    "the target of a header": (1, "target", 0, "target", 1, None),
    "the version of a header": (1, "version", 0, "version", 1, None),
    "the height of a header": (2, "height", 0, "height", 2, None),
    "the head": (3, "head", 0, "head", 2, None),
    "the height of the head": (3, "height", 0, "head", 2, None),
    "the time of the genesis": (0, "reward", 0, "parent", 1, None),
    "a cost of gas": (0, "write", 0, "parent", 1, None),
    "the target of the genesis": (0, "target", 0, "parent", 1, None),
    "a balance of the genesis": (0, "balances", 0, "parent", 1, None),
}


def digit_of(line: bytes, field: str, which: int) -> int:
    """The place of the last digit of a field's value."""
    value = rb'("?)(?:0x)?[0-9a-f]*([0-9a-f])'
    if field in ("arguments", "balances"):
        value = rb"()\[[^\]]*?([0-9])\]"
    return list(re.finditer(rb'"%b": ' % field.encode() + value, line))[which].start(2)


@pytest.mark.parametrize("place", PLACES)
def test_the_rule_that_speaks_is_the_one_that_was_broken(
    small_file: bytes, reread: Reread, place: str
) -> None:
    number, field, which, rule, block, transaction = PLACES[place]
    lines = small_file.splitlines(keepends=True)
    line = lines[number]
    at = digit_of(line, field, which)
    said: Counter[tuple[Any, ...]] = Counter()
    for digit in b"123456789":  # no 0 in front, no letter in a decimal
        if digit != line[at]:
            lines[number] = line[:at] + bytes([digit]) + line[at + 1 :]
            fault = refusal(reread, b"".join(lines))
            assert fault is not None
            said[fault.rule, fault.block, fault.transaction] += 1
    # An altered header is still sealed once in 256 times; then a later rule speaks.
    expected = (rule, block, transaction)
    assert said[expected] >= 7 if rule == "seal" else set(said) == {expected}, said


def test_a_time_that_is_not_later_is_named_as_such(small_file: bytes, reread: Reread) -> None:
    fault = refusal(reread, small_file.replace(b'"time": 30', b'"time": 15'))
    assert fault is not None and (fault.rule, fault.block) == ("time", 2)


@pytest.mark.parametrize(
    ("before", "after", "block"),
    [
        (b'"energychain 1"', b'"energychain 2"', 0),
        (b'{"header"', b'{ "header"', 1),
        (b'"curve"', b'"Curve"', 1),
        (b'"version": 1', b'"version": 1.0', 1),
        (b'"version": 1', b'"version": true', 1),
        (b'"height": 1,', b'"height": 01,', 1),
        (b'"height": 1,', b'"height": "1",', 1),
        (b'"nonce": 0, "contract"', b'"nonce": 00, "contract"', 1),
        (b'"gas_price": 1,', b'"gas_price": 1, "tip": 1,', 1),
        (b'"gas_price": 1,', b'"gas_price": 2, "gas_price": 1,', 1),
        (b', "event": 375', b"", 0),
        (b'"gas": {', b'"gas": {"magic": 1, ', 0),
        (b'"token"', b'"\\u0074oken"', 0),
        (b"\n", b"\r\n", 0),
        (b'"ann"', b'"\\ud800"', 0),
        (b'"ann"', b'"\xff"', 0),
        (b'"arguments": [100000]', b'"arguments": 100000', 1),
        (b'"arguments": [100000]', b'"arguments": [null]', 1),
        (b'"arguments": [100000]', b'"arguments": [{"bytes": "0"}]', 1),
        (b'"arguments": [100000]', b'"arguments": [{}]', 1),
        (b'"arguments": [100000]', b'"arguments": [' + b"[" * 5_000 + b"]" * 5_000 + b"]", 1),
        (b'"arguments": [100000]', b'"arguments": [' + b"9" * 5_000 + b"]", 1),
    ],
)
def test_the_same_said_in_other_bytes_is_refused_as_badly_written(
    small_file: bytes, reread: Reread, before: bytes, after: bytes, block: int
) -> None:
    assert before in small_file
    fault = refusal(reread, small_file.replace(before, after, 1))
    assert fault is not None and (fault.rule, fault.block) == ("format", block)
    assert f"line {block + 1}" in str(fault)


SHAPES = ["[]", "{}", "1", '"x"', "null", "[1]", '{"a": 1}', "[[1, 2, 3]]", "true", "-1"]


@pytest.mark.parametrize("shape", SHAPES)
def test_json_of_another_shape_is_refused_as_badly_written(
    small_file: bytes, reread: Reread, shape: str
) -> None:
    lines = small_file.splitlines(keepends=True)
    for number, outer in ((0, "genesis"), (1, "header"), (1, None)):
        form = json.loads(lines[number])
        inner = form[outer] if outer else form["transactions"][0]
        for name in set(inner) - {"gas"}:
            kept, inner[name] = inner[name], json.loads(shape)
            altered = [*lines]
            altered[number] = (json.dumps(form, ensure_ascii=False) + "\n").encode()
            if inner[name] != kept:
                fault = refusal(reread, b"".join(altered))
                assert fault is not None, name
            inner[name] = kept


@pytest.mark.parametrize("shape", SHAPES)
def test_costs_of_gas_of_another_shape_are_refused_as_badly_written(
    small_file: bytes, reread: Reread, shape: str
) -> None:
    form = json.loads(small_file.splitlines()[0])
    form["genesis"]["gas"] = json.loads(shape)
    fault = refusal(reread, json.dumps(form).encode() + small_file[small_file.index(b"\n") :])
    assert fault is not None and (fault.rule, fault.block) == ("format", 0)


@pytest.mark.parametrize("shape", SHAPES)
def test_a_whole_line_of_another_shape_is_refused(
    small_file: bytes, reread: Reread, shape: str
) -> None:
    for number in range(4):
        lines = small_file.splitlines(keepends=True)
        lines[number] = shape.encode() + b"\n"
        refusal(reread, b"".join(lines))


# --- whole lines ----------------------------------------------------------------------


def rule_after(reread: Reread, lines: list[bytes]) -> str | None:
    fault = refusal(reread, b"".join(lines))
    return None if fault is None else fault.rule


def test_deleted_lines_are_noticed(small_file: bytes, reread: Reread) -> None:
    genesis, first, second, head = small_file.splitlines(keepends=True)
    assert rule_after(reread, [first, second, head]) == "format"
    assert rule_after(reread, [genesis, second, head]) == "height"
    assert rule_after(reread, [genesis, first, head]) == "head"
    assert rule_after(reread, [genesis, first, second]) == "format"
    assert rule_after(reread, [genesis, head]) == "head"
    assert rule_after(reread, [genesis]) == "format"
    assert rule_after(reread, [head]) == "format"


def test_doubled_and_swapped_lines_are_noticed(small_file: bytes, reread: Reread) -> None:
    genesis, first, second, head = small_file.splitlines(keepends=True)
    assert rule_after(reread, [genesis, genesis, first, second, head]) == "format"
    assert rule_after(reread, [genesis, first, first, second, head]) == "height"
    assert rule_after(reread, [genesis, first, second, second, head]) == "height"
    assert rule_after(reread, [genesis, first, second, head, head]) == "format"
    assert rule_after(reread, [genesis, second, first, head]) == "height"
    assert rule_after(reread, [genesis, first, head, second]) == "format"
    assert rule_after(reread, [first, genesis, second, head]) == "format"
    assert rule_after(reread, [genesis, b"\n", first, second, head]) == "format"
    assert rule_after(reread, [genesis, first, second, head, b"\n"]) == "format"


def test_a_file_that_was_cut_off_anywhere_is_noticed(small_file: bytes, reread: Reread) -> None:
    for length in range(0, len(small_file), 37):
        refusal(reread, small_file[:length])
    fault = refusal(reread, small_file[:-1])
    assert fault is not None and fault.rule == "head", "even the last newline is missed"


def test_a_head_that_somebody_else_promised_is_not_in_the_file(
    small_file: bytes, reread: Reread, easy: Any
) -> None:
    *lines, _ = small_file.splitlines(keepends=True)
    other = list(saved.lines(easy.chain))[-1].encode() + b"\n"
    assert rule_after(reread, [*lines, other]) == "head"


# --- no chain at all ------------------------------------------------------------------


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\n",
        b"\n\n\n",
        b"rubbish",
        b"\x00" * 5_000,
        b"\xff\xfe{\x00",
        b"[]\n[]\n",
        b"[" * 10**5,
    ],
    ids=["empty", "a line", "lines", "rubbish", "zeros", "UTF-16", "lists", "brackets"],
)
def test_a_file_that_is_no_chain_is_bad_input_that_names_the_file(
    tmp_path: Path, content: bytes
) -> None:
    path = tmp_path / "chain.json"
    path.write_bytes(content)
    with pytest.raises(BadInput, match=r"^chain.json, line 1: expected a saved chain"):
        load(path)


def test_a_missing_file_and_a_folder_are_bad_input_that_names_them(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"^none.json: cannot be read: No such file"):
        load(tmp_path / "none.json")
    with pytest.raises(BadInput, match=f"^{tmp_path.name}: cannot be read: Is a directory"):
        load(tmp_path)


def test_json_that_is_no_chain_is_refused_with_what_is_missing(reread: Reread) -> None:
    for content in (b"{}", b'{"format": "energychain 1"}', b'{"format": "energychain 1"}\n{}\n'):
        fault = refusal(reread, content)
        assert fault is not None and fault.rule == "format"
        assert "genesis" in str(fault)


def test_a_file_cannot_bring_its_own_contracts_or_its_own_seal(
    small_file: bytes,
) -> None:
    def never(header: Any) -> None:
        raise InvalidBlock("not by us", rule="seal")

    for contracts, seal, rule in (({}, check_work, "contract"), (CONTRACTS, never, "seal")):
        with pytest.raises(InvalidBlock) as caught:
            saved.read(iter(small_file.splitlines(keepends=True)), contracts, seal)
        assert (caught.value.rule, caught.value.block) == (rule, 1)
