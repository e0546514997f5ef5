"""The verifiable market: what is published, and whether anything in it can be changed unseen."""

import json
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from energychain.consensus.work import check_work
from energychain.contracts import CONTRACTS
from energychain.contracts.market_digest import order_bytes
from energychain.contracts.sealed_auction import (
    NoSuchAuction,
    commitment,
    safe,
    sealed_auction,
)
from energychain.contracts.token import MONEY
from energychain.ledger.chain import InvalidBlock
from energychain.ledger.saved import load, save
from energychain.ledger.state import Call, Outcome, Storage, Transfer
from energychain.markets.orders import Book
from energychain.markets.rules import clear
from energychain.primitives.keys import Address
from energychain.primitives.merkle import BadProof
from energychain.primitives.refusals import BadInput
from energychain.studies.market_record import CHECKS, NotClosed, record_of, verify
from energychain.studies.private_chain import PrivateChain
from energychain.studies.verifiable_market import (
    HOUSEHOLDS,
    AuctionTerms,
    VerifiableMarket,
    Wish,
    likely_orders,
    peek,
    play,
    reckoned_lies,
    salt_of,
    tampered_copies,
)


@pytest.fixture(scope="module")
def market() -> VerifiableMarket:
    return play()


# --- the auction ----------------------------------------------------------------------


def test_the_book_is_cleared_as_the_rule_says(market: VerifiableMarket) -> None:
    """By hand: 12.2 kWh are wanted at 0.24 or more; eve and fay give 5.5 of them for less than
    0.20, gus and hal draw lots for the other 6.7 of their 8, so the price is 0.20.
    """
    fills = {row["trader"] + row["side"]: row["fill [kWh]"] for row in market.order_rows()}
    assert market.result.prices == (200_000, 200_000)
    assert {fills["gussell"], fills["halsell"]} == {"4.000000", "2.700000"}
    paid = {row["trader"]: float(row["pays [money]"]) for row in market.payment_rows()}
    assert paid["ann"] == 0.84
    assert paid["eve"] == -0.62
    assert sum(round(1e6 * each) for each in paid.values()) == 0


def test_what_the_chain_moved_is_what_the_result_says(market: VerifiableMarket) -> None:
    """An independent look: balances before and after, and the rule called directly."""
    record, bond = market.record, market.terms.bond
    terms: dict[str, Any] = {**dict(record.result.terms), "seed": record.seed}
    clearing = clear(Book.of(record.orders), record.result.rule, **terms)
    assert clearing.fills_by_order() == dict(record.result.fills)
    for name in HOUSEHOLDS:
        address = market.network.address(name)
        due = clearing.payments_by_trader().get(address, 0)
        lost = bond if name == "ida" else 0
        assert due % 10**6 == 0
        assert market.network.balance(name, MONEY) == 10**10 - due // 10**6 - lost
    assert market.network.balance("mallory", MONEY) == 10**10 - bond
    assert market.network.balance("fund", MONEY) == 10**10 + 2 * bond
    assert market.chain.state.balance(MONEY, safe("noon")) == 0


def test_a_copied_commitment_is_refused_and_costs_the_bond(market: VerifiableMarket) -> None:
    (refused,) = market.refused
    assert (refused.name, refused.function, refused.rule) == ("mallory", "reveal", "opening")
    rows = {row["trader"]: row for row in market.commitment_rows()}
    assert rows["mallory"]["commitment"] == rows["ann"]["commitment"]
    assert rows["ann"]["opened"] == "yes"
    assert rows["mallory"]["opened"] == rows["ida"]["opened"] == "no: the bond is lost"


def test_trying_all_likely_orders_opens_a_naked_digest_and_no_salted_one(
    market: VerifiableMarket,
) -> None:
    ben, orders = market.network.address("ben"), (Wish("buy", "3.5", "0.29").written,)
    naked = commitment("market", "noon", ben, orders, b"")
    assert peek(naked, ben, "noon", b"", likely_orders()).found == orders
    (committed,) = (each for each in market.record.commitments if each.trader == ben)
    for guess in (b"", bytes(32), salt_of("ann", "noon")):
        assert peek(committed.digest, ben, "noon", guess, likely_orders()).found == ()
    # It is the salt, not the list of guesses, that keeps it closed.
    known = peek(committed.digest, ben, "noon", salt_of("ben", "noon"), likely_orders())
    assert known.found == orders


def test_before_the_reveal_the_chain_holds_nothing_of_an_order(market: VerifiableMarket) -> None:
    """Two books that differ in every quantity and price look alike until the reveal: the same
    calls, with the same gas to within a digest's bytes, and the same deposits.
    """
    other = {
        name: tuple(Wish(wish.side, "1.0", "0.5") for wish in wishes)
        for name, wishes in HOUSEHOLDS.items()
    }
    again = play(other)
    bonds = [t for t in market.record.transfers if t.target == safe("noon")][:10]
    assert bonds == [t for t in again.record.transfers if t.target == safe("noon")][:10]
    assert {t.amount for t in bonds} == {market.terms.bond}
    for one, two in zip(market.record.committed, again.record.committed, strict=True):
        wish, wished = one.transaction, two.transaction
        assert replace(wish, arguments=()) == replace(wished, arguments=())
        assert wish.arguments[1] != wished.arguments[1]
        assert len(wish.encoded) == len(wished.encoded)


def test_gas_is_told_for_each_kind_of_call(market: VerifiableMarket) -> None:
    rows = {row["call"]: row for row in market.gas_rows()}
    assert {name: row["calls"] for name, row in rows.items()} == {
        "open": 1, "commit": 10, "reveal": 8, "close": 1,
    }  # fmt: skip
    # Nobody pays for others' commitments: the last costs what the first does, to a few bytes.
    assert int(rows["commit"]["most [gas]"]) - int(rows["commit"]["least [gas]"]) < 100


def test_honest_households_that_are_refused_are_an_error() -> None:
    with pytest.raises(BadInput, match="operator: open was refused: there is no rule"):
        play(terms=AuctionTerms(rule="dutch"))


@pytest.mark.parametrize("rule", ["pairwise", "last_pair", "pay_as_bid"])
def test_other_rules_are_verified_too(rule: str) -> None:
    other = play(terms=AuctionTerms(rule=rule, terms=(("ties", "lottery"),), copied=""))
    assert other.check().ok
    assert other.result.payments


# --- one's own order ------------------------------------------------------------------


def test_everybody_can_prove_its_own_order_and_payment(market: VerifiableMarket) -> None:
    for each in market.record.orders:
        proof = market.proof(each.id)
        proof.check(market.record.book_root, market.record.outcome)
        assert order_bytes(each) == proof.leaf
        assert proof.size < 600
        with pytest.raises(BadProof):
            forged = order_bytes(replace(each, quantity=each.quantity + 1))
            replace(proof, leaf=forged).check(market.record.book_root, market.record.outcome)
        with pytest.raises(BadProof):
            forged = proof.payment.replace(b"payment", b"poyment")
            replace(proof, payment=forged).check(market.record.book_root, market.record.outcome)


# --- the mutation test ----------------------------------------------------------------


def test_every_single_change_is_found(market: VerifiableMarket) -> None:
    copies = list(tampered_copies(market.record))
    assert len({what for what, _ in copies}) == len(copies) > 700
    assert all(copy != market.record for _, copy in copies)
    missed = [what for what, copy in copies if market.check(copy).ok]
    found = len(copies) - len(missed)
    print(f"\n{found} of {len(copies)} changes found: {100 * found / len(copies):.1f} %")
    assert missed == []


def test_the_record_alone_shows_all_but_what_it_does_not_hold(market: VerifiableMarket) -> None:
    """Without the chain, the time of a commitment that was never opened stands for nothing."""
    copies = list(tampered_copies(market.record))
    missed = {what for what, copy in copies if market.check(copy, alone=True).ok}
    assert missed == {"commitment 8: time", "commitment 9: time"}
    assert [market.record.commitments[i].trader for i in (8, 9)] == [
        market.network.address(name) for name in ("ida", "mallory")
    ]


def test_every_rule_of_a_record_is_needed(market: VerifiableMarket) -> None:
    rules: Counter[str] = Counter()
    for _, copy in tampered_copies(market.record):
        fault = market.check(copy).fault
        assert fault is not None
        rules[fault.rule] += 1
    named = {"signature", "call", "terms", "commitment", "opening", "order", "seed", "book root"}
    assert set(rules) == {
        *named, "fill", "amount", "price", "payment", "result", "outcome", "transfer", "chain",
    }  # fmt: skip
    assert named < {name for name, _ in CHECKS}


@pytest.mark.parametrize(
    ("change", "rule", "item"),
    [
        ("order 000001.0001: price + 1", "order", "order 000001.0001, price"),
        ("fills 000001.0001: +1", "fill", "the fill of 000001.0001"),
        ("price 0: +1", "price", "price for buyers"),
        ("order 000001.0001: dropped", "order", "order 000001.0001"),
        ("seed, bit 0", "seed", "the seed"),
        ("outcome, byte 0", "outcome", "the outcome digest"),
    ],
)
def test_a_fault_names_the_item(
    market: VerifiableMarket, change: str, rule: str, item: str
) -> None:
    copy = dict(tampered_copies(market.record))[change]
    fault = market.check(copy).fault
    assert fault is not None
    assert (fault.rule, fault.item) == (rule, item)
    assert fault.expected != fault.found
    assert str(fault).startswith(f"{rule}: {item}: expected ")


def test_a_liar_who_works_out_the_rest_is_found_too(market: VerifiableMarket) -> None:
    """Alone, a record can hide what it leaves out; nothing else."""
    lies = list(reckoned_lies(market.record))
    assert len(lies) > 30
    hidden = {what for what, lie in lies if market.check(lie, alone=True).ok}
    assert hidden == {what for what, _ in lies if "left out" in what}
    assert [what for what, lie in lies if market.check(lie).ok] == []


def test_a_record_with_anything_in_it_gets_a_verdict(market: VerifiableMarket) -> None:
    for field, value in (
        ("orders", (None,)),
        ("opening", None),
        ("result", 7),
        ("transfers", ("all",)),
        ("commitments", (1, 2)),
        ("revealed", None),
        ("seed", "no"),
        ("book_root", None),
    ):
        broken: Any = {field: value}
        assert not verify(replace(market.record, **broken)).ok


# --- from a file ----------------------------------------------------------------------


def test_the_saved_chain_alone_is_enough(market: VerifiableMarket, tmp_path: Path) -> None:
    save(market.chain, tmp_path / "market.jsonl")
    chain = load(tmp_path / "market.jsonl", CONTRACTS, check_work)
    found = record_of(chain, "noon")
    assert found == market.record
    assert verify(found, found).ok
    with pytest.raises(NoSuchAuction):
        record_of(chain, "midnight")


def test_an_altered_digest_in_the_file_breaks_the_block(
    market: VerifiableMarket, tmp_path: Path
) -> None:
    path = tmp_path / "market.jsonl"
    save(market.chain, path)
    lines = path.read_text().splitlines()
    at = next(i for i, line in enumerate(lines) if '"close"' in line)
    block = json.loads(lines[at])
    (close,) = (t for t in block["transactions"] if t["function"] == "close")
    close["arguments"][2]["bytes"] = "00" * 32
    lines[at] = json.dumps(block, ensure_ascii=False)
    path.write_text("\n".join(lines) + "\n")
    with pytest.raises(InvalidBlock) as caught:
        load(path, CONTRACTS, check_work)
    assert (caught.value.rule, caught.value.block) == ("merkle root", at)


def test_a_miner_who_clears_otherwise_seals_a_block_that_nobody_takes(
    market: VerifiableMarket, tmp_path: Path
) -> None:
    """Operator and miner together: the contract on their machine pays one trader more."""

    def bent(storage: Storage, sender: Address, call: Call) -> Outcome:
        honest = sealed_auction(storage, sender, call)
        if call.function != "close":
            return honest
        first, second, *others = honest.transfers
        shifted = (
            Transfer(first.asset, first.source, first.target, first.amount + 1),
            Transfer(second.asset, second.source, second.target, second.amount - 1),
        )
        return replace(honest, transfers=(*shifted, *others))

    height = market.chain.height - 1
    chain = replace(market.chain.upto(height), contracts={**CONTRACTS, "sealed_auction": bent})
    network = PrivateChain(["operator"], name="market")
    network.chain = chain
    network.mine(market.chain.blocks[-1].transactions, market.terms.reveal_until)
    save(network.chain, tmp_path / "bent.jsonl")
    assert network.chain.receipts[-1][0].done
    with pytest.raises(InvalidBlock) as caught:
        load(tmp_path / "bent.jsonl", CONTRACTS, check_work)
    assert (caught.value.rule, caught.value.block) == ("state root", height + 1)


def test_an_open_auction_has_no_record_yet(market: VerifiableMarket) -> None:
    with pytest.raises(NotClosed):
        record_of(market.chain.upto(market.chain.height - 1), "noon")
