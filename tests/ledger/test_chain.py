"""The chain's rules, broken one at a time; each refuses by its own name."""

from dataclasses import replace
from typing import Any

import pytest

from energychain.consensus.work import mine, target_for
from energychain.contracts import CONTRACTS
from energychain.ledger.block import NONCE_BYTES, Block
from energychain.ledger.chain import (
    CONFIRMATIONS,
    HEADER_RULES,
    RULES,
    Chain,
    InvalidBlock,
    InvalidSeal,
    WrongHeight,
    WrongMerkleRoot,
    WrongParent,
    WrongStateRoot,
    WrongTarget,
    WrongTime,
    WrongVersion,
)
from energychain.ledger.state import ETHER, CannotPayGas, InvalidTransaction
from energychain.primitives.hashing import Digest, sha256
from energychain.primitives.keys import BadSignature
from energychain.primitives.merkle import BadProof
from energychain.studies.private_chain import ENDOWMENT
from energychain.studies.testbed import Testbed

ELSEWHERE = Digest(sha256(b"elsewhere"))


def test_a_block_that_obeys_every_rule_is_appended(workshop: Any) -> None:
    block = workshop.next_block()
    longer = workshop.chain.append(block)
    assert workshop.broken(block) == {}
    assert (longer.height, longer.head) == (3, block)
    assert workshop.chain.height == 2, "a chain is a value: the shorter one is still there"


# --- the header -----------------------------------------------------------------------

HEADER_FAULTS = {
    "version": (WrongVersion, {"version": 2}),
    "height": (WrongHeight, {"height": 4}),
    "parent": (WrongParent, {"parent": ELSEWHERE}),
    "time": (WrongTime, {"time": 30}),
    "target": (WrongTarget, {"target": target_for(9)}),
    "merkle root": (WrongMerkleRoot, {"merkle_root": ELSEWHERE}),
    "state root": (WrongStateRoot, {"state_root": ELSEWHERE}),
}


@pytest.mark.parametrize("rule", HEADER_FAULTS)
def test_a_header_that_breaks_one_rule_is_refused_by_that_rule_alone(
    workshop: Any, rule: str
) -> None:
    refusal, change = HEADER_FAULTS[rule]
    block = workshop.forged(**change)
    assert workshop.broken(block) == {rule: rule}
    with pytest.raises(refusal) as caught:
        workshop.chain.append(block)
    assert (caught.value.rule, caught.value.block, caught.value.transaction) == (rule, 3, None)


@pytest.mark.parametrize("later", [0, -1, -(10**6)])
def test_a_block_is_later_than_the_one_below(workshop: Any, later: int) -> None:
    below = workshop.chain.head.header.time
    assert workshop.broken(workshop.forged(time=below + later)) == {"time": "time"}
    assert workshop.broken(workshop.forged(time=below + 1)) == {}


def test_an_easier_target_is_refused_even_if_it_is_met(workshop: Any) -> None:
    with pytest.raises(WrongTarget, match="expected"):
        workshop.chain.append(workshop.forged(target=target_for(0)))


def test_a_block_that_was_not_mined_is_refused_by_its_seal(workshop: Any) -> None:
    block = workshop.next_block()
    unmined = next(
        block.sealed(nonce)
        for nonce in range(10)
        if int.from_bytes(block.sealed(nonce).hash, "big") > block.header.target
    )
    assert workshop.broken(unmined) == {"seal": "seal"}
    with pytest.raises(InvalidSeal, match="not mined, or altered"):
        workshop.chain.append(unmined)


@pytest.mark.parametrize("nonce", [-1, 256**NONCE_BYTES, 10**30])
def test_a_nonce_that_does_not_fit_its_bytes_is_no_seal(workshop: Any, nonce: int) -> None:
    with pytest.raises(InvalidSeal, match="does not fit 8 bytes"):
        workshop.chain.append(workshop.next_block().sealed(nonce))


def test_a_block_of_another_chain_does_not_fit(workshop: Any) -> None:
    other = Testbed(["ann", "ben"], replace(workshop.network.terms, name="another"))
    with pytest.raises(WrongParent):
        other.chain.append(workshop.chain.blocks[1])


# --- the transactions -----------------------------------------------------------------


def test_a_transaction_that_is_left_out_or_put_in_is_seen_in_the_merkle_root(
    workshop: Any,
) -> None:
    block = workshop.next_block()
    for transactions in ((), block.transactions * 2, (workshop.signed(sender="ben"),)):
        with pytest.raises(WrongMerkleRoot) as caught:
            workshop.chain.append(Block(block.header, transactions))
        assert (caught.value.block, caught.value.transaction) == (3, None)


def test_the_merkle_root_names_the_transaction_that_was_forged(workshop: Any) -> None:
    signed, other = workshop.signed(), workshop.signed(sender="ben")
    block = workshop.holding(other, signed)
    richer = replace(signed, transaction=replace(signed.transaction, arguments=("token", "x", 9)))
    with pytest.raises(WrongMerkleRoot, match="transaction 1 does not fit its signature") as caught:
        workshop.chain.append(Block(block.header, (other, richer)))
    assert caught.value.transaction == 1


def forged_signature(workshop: Any) -> Any:
    return replace(workshop.signed(), signature=workshop.signed(sender="ben").signature)


TRANSACTION_FAULTS = {
    "chain id": lambda w: w.signed(chain="another"),
    "signature": forged_signature,
    "nonce": lambda w: w.signed(nonce=3),
    "contract": lambda w: w.signed(contract="casino"),
    "gas limit": lambda w: w.signed(gas_limit=21_000),
    "gas funds": lambda w: w.signed(gas_limit=ENDOWMENT + 1),
}


@pytest.mark.parametrize("rule", TRANSACTION_FAULTS)
def test_a_transaction_that_may_not_stand_in_a_block_is_refused_by_its_own_rule(
    workshop: Any, rule: str
) -> None:
    good, bad = workshop.signed(sender="ben"), TRANSACTION_FAULTS[rule](workshop)
    block = workshop.holding(good, bad)
    with pytest.raises(InvalidBlock, match="transaction 1: ") as caught:
        workshop.chain.append(block)
    fault = caught.value
    assert (fault.rule, fault.block, fault.transaction) == (rule, 3, 1)
    # What cannot be carried out leads to no state either.
    assert workshop.broken(block) == {"transactions": rule, "state root": rule}


@pytest.mark.parametrize("rule", TRANSACTION_FAULTS)
def test_a_miner_cannot_even_put_it_into_a_draft(workshop: Any, rule: str) -> None:
    draft = workshop.chain.draft(60, workshop.network.address("miner 1"))
    empty = draft.block()
    with pytest.raises((InvalidTransaction, BadSignature)) as caught:
        draft.add(TRANSACTION_FAULTS[rule](workshop))
    assert caught.value.rule == rule
    assert draft.block() == empty, "a refused transaction leaves no trace"


def test_a_negative_gas_price_is_refused(workshop: Any) -> None:
    with pytest.raises(InvalidBlock) as caught:
        workshop.chain.append(workshop.holding(workshop.signed(gas_price=-1)))
    assert caught.value.rule == "gas limit"


def test_a_replay_on_the_same_chain_is_refused_by_its_nonce(workshop: Any) -> None:
    done = workshop.chain.blocks[2].transactions[1]
    with pytest.raises(InvalidBlock, match="it was used before") as caught:
        workshop.chain.append(workshop.holding(done))
    assert caught.value.rule == "nonce"


def test_a_replay_within_one_block_is_refused_by_its_nonce(workshop: Any) -> None:
    signed = workshop.signed()
    with pytest.raises(InvalidBlock) as caught:
        workshop.chain.append(workshop.holding(signed, signed))
    assert (caught.value.rule, caught.value.transaction) == ("nonce", 1)


def test_a_nonce_that_comes_too_early_is_refused(workshop: Any) -> None:
    with pytest.raises(InvalidBlock, match="one is missing before it"):
        workshop.chain.append(workshop.holding(workshop.signed(nonce=7)))


def test_a_replay_on_another_chain_is_refused_by_the_chains_name(workshop: Any) -> None:
    other = Testbed(["ann", "ben"], replace(workshop.network.terms, name="another"))
    other.open_block()
    assert other.address("ann") == workshop.network.address("ann"), "the same keys"
    with pytest.raises(InvalidTransaction, match="signed for the chain 'testbed'") as caught:
        other.include(workshop.chain.blocks[1].transactions[0])
    assert caught.value.rule == "chain id"


def test_gas_that_nobody_can_pay_is_refused_with_both_amounts(workshop: Any) -> None:
    with pytest.raises(CannotPayGas, match=r"may cost [\d,]+ wei, the sender has [\d,]+"):
        workshop.chain.draft(60, workshop.network.address("bank")).add(
            workshop.signed(gas_price=ENDOWMENT)
        )


def test_a_key_signs_only_its_owners_transactions(workshop: Any) -> None:
    wish = workshop.signed().transaction
    with pytest.raises(ValueError, match="own key"):
        wish.sign(workshop.network.accounts["ben"].key)


# --- verdicts -------------------------------------------------------------------------


def test_verdicts_asks_every_rule_in_order_and_stops_at_none(workshop: Any) -> None:
    block = workshop.forged(version=9, height=9, parent=ELSEWHERE, time=0, target=target_for(1))
    verdicts = workshop.chain.verdicts(block)
    assert [rule.name for rule, _ in verdicts] == [rule.name for rule in RULES]
    assert list(workshop.broken(block)) == ["version", "height", "parent", "time", "target"]


def test_the_first_broken_rule_is_the_one_that_append_names(workshop: Any) -> None:
    block = workshop.forged(time=0, parent=ELSEWHERE, state_root=ELSEWHERE)
    with pytest.raises(WrongParent):
        workshop.chain.append(block)
    assert list(workshop.broken(block)) == ["parent", "time", "state root"]


def test_every_rule_has_a_name_of_its_own_and_a_statement() -> None:
    assert len({rule.name for rule in RULES}) == len(RULES)
    assert all(rule.statement.endswith(".") for rule in RULES)
    assert RULES[: len(HEADER_RULES)] == HEADER_RULES


# --- making blocks --------------------------------------------------------------------


def test_a_miner_who_finishes_a_block_gets_the_chain_that_everybody_else_gets(
    workshop: Any,
) -> None:
    draft = workshop.chain.draft(45, workshop.network.address("miner 2"))
    draft.add(workshop.signed())
    mined = draft.finish(mine)
    appended = workshop.chain.append(mined.head)
    assert mined.state == appended.state
    assert mined.receipts == appended.receipts
    assert mined.head == appended.head


def test_a_miner_cannot_finish_a_block_without_sealing_it(workshop: Any) -> None:
    draft = workshop.chain.draft(45, workshop.network.address("miner 2"))
    lazy = next(
        nonce
        for nonce in range(10)
        if int.from_bytes(draft.block().sealed(nonce).hash, "big") > target_for(8)
    )
    with pytest.raises(InvalidSeal):
        draft.finish(lambda block: block.sealed(lazy))


def test_a_miner_cannot_finish_a_block_that_is_not_later(workshop: Any) -> None:
    draft = workshop.chain.draft(workshop.chain.head.header.time, workshop.network.address("bank"))
    with pytest.raises(WrongTime) as caught:
        draft.finish(mine)
    assert caught.value.rule == "time"


def test_sealing_changes_nothing_but_the_nonce(workshop: Any) -> None:
    draft = workshop.chain.draft(45, workshop.network.address("miner 2"))
    with pytest.raises(ValueError, match="nothing but the nonce"):
        draft.finish(lambda block: mine(Block(replace(block.header, time=99), ())))


def test_a_draft_tells_what_it_holds_so_far(workshop: Any) -> None:
    ann, ben = workshop.network.address("ann"), workshop.network.address("ben")
    draft = workshop.chain.draft(45, workshop.network.address("miner 2"))
    nonce, tokens = draft.nonce(ann), draft.balance("token", ben)
    draft.add(workshop.signed())
    assert (draft.nonce(ann), draft.balance("token", ben)) == (nonce + 1, tokens + 3_000)


# --- the chain as a value -------------------------------------------------------------


def test_the_first_blocks_hash_covers_everything_that_was_agreed(workshop: Any) -> None:
    genesis = workshop.chain.genesis
    owner = workshop.network.address("ann")
    for change in (
        {"chain": "another"},
        {"time": 1},
        {"target": target_for(9)},
        {"reward": 1},
        {"gas": replace(genesis.gas, write=1)},
        {"balances": (*genesis.balances, ("token", owner, 1))},
        {"storage": genesis.storage[:-1]},
        {"names": genesis.names[:-1]},
    ):
        assert replace(genesis, **change).block().hash != genesis.block().hash


def test_asking_every_rule_again_gives_the_same_chain(workshop: Any) -> None:
    again = workshop.chain.validate()
    assert again.head == workshop.chain.head
    assert again.state == workshop.chain.state
    assert again.receipts == workshop.chain.receipts


@pytest.mark.parametrize("height", [0, 1, 2])
def test_the_chain_can_be_seen_as_it_was(workshop: Any, height: int) -> None:
    then = workshop.chain.upto(height)
    assert then.height == height
    assert then.blocks == workshop.chain.blocks[: height + 1]
    assert then.state.root == then.head.header.state_root


def test_validate_names_the_block_that_was_altered(workshop: Any) -> None:
    blocks = list(workshop.chain.blocks)
    blocks[1] = mine(Block(replace(blocks[1].header, time=5), blocks[1].transactions))
    with pytest.raises(WrongParent) as caught:
        replace(workshop.chain, blocks=tuple(blocks)).validate()
    assert caught.value.block == 2, "block 1 is well made, but block 2 does not stand on it"


def test_confirmations_count_the_transactions_own_block_and_every_later_one(
    easy: Testbed,
) -> None:
    signed = easy.signed("ann", "bank", "buy", 1_000)
    assert easy.chain.confirmations(signed.id) == 0
    easy.mine([signed])
    assert easy.chain.confirmations(signed.id) == 1
    easy.confirm()
    assert easy.chain.confirmations(signed.id) == CONFIRMATIONS == 12


def test_a_transaction_is_found_with_its_receipt_by_its_id(workshop: Any) -> None:
    chain: Chain = workshop.chain
    signed = chain.blocks[2].transactions[1]
    assert chain.find(signed.id) == (2, 1)
    receipt = chain.receipt(signed.id)
    assert receipt is not None and receipt.done and receipt.transaction == signed.id
    assert chain.find(ELSEWHERE) is None and chain.receipt(ELSEWHERE) is None
    assert len(list(chain.transactions())) == 4
    assert chain.gas_used == sum(r.gas_used for block in chain.receipts for r in block)


def test_an_account_is_called_by_its_name_if_it_has_one(workshop: Any) -> None:
    assert workshop.chain.name(workshop.network.address("ann")) == "ann"
    assert workshop.chain.name("0x" + "1" * 40) == "0x" + "1" * 40


def test_a_transaction_is_proven_against_its_block_and_against_no_other(workshop: Any) -> None:
    _, first, second = workshop.chain.blocks
    proof, signed = second.proof(1), second.transactions[1]
    proof.check(signed.encoded, second.header.merkle_root)
    with pytest.raises(BadProof):
        proof.check(signed.encoded, first.header.merkle_root)
    with pytest.raises(BadProof):
        proof.check(second.transactions[0].encoded, second.header.merkle_root)


def test_the_id_does_not_cover_the_signature_but_the_merkle_leaf_does(workshop: Any) -> None:
    signed = workshop.signed()
    renamed = replace(signed, signature=bytes(64))
    assert renamed.id == signed.id
    assert renamed.leaf != signed.leaf


def test_the_contracts_are_handed_to_the_chain_and_the_ledger_knows_none(workshop: Any) -> None:
    with_fewer = replace(workshop.chain, contracts={"token": CONTRACTS["token"]})
    with pytest.raises(InvalidBlock) as caught:
        with_fewer.validate()
    assert (caught.value.rule, caught.value.block) == ("contract", 1)


def test_the_miner_of_a_block_gets_the_reward_and_the_fees(workshop: Any) -> None:
    miner = workshop.network.address("miner 2")
    draft = workshop.chain.draft(45, miner)
    receipt = draft.add(workshop.signed())
    before = workshop.chain.state.balance(ETHER, miner)
    after = draft.finish(mine).state.balance(ETHER, miner)
    assert after == before + workshop.chain.genesis.reward + receipt.fee


def test_blocks_chains_and_transactions_show_themselves_in_a_notebook(workshop: Any) -> None:
    chain = workshop.chain
    assert chain.head.hash.hex() in chain.head._repr_html_()
    assert "height 2" in chain._repr_html_() and "miner 1" in chain._repr_html_()
    assert "token.transfer" in workshop.signed()._repr_html_()
