"""Full, light and super-light nodes on one small chain: what each keeps in bytes, what it refuses,
and what it cannot see.
"""

from dataclasses import replace
from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from energychain.consensus.work import mine
from energychain.ledger.block import Block, Header, transaction_tree
from energychain.ledger.chain import Chain, InvalidBlock
from energychain.ledger.transaction import SignedTransaction
from energychain.network.nodes import (
    LINK_RULES,
    Delivery,
    FullNode,
    LightNode,
    LogHead,
    NotKept,
    NotOurs,
    Operator,
    ProvenTransaction,
    SplitView,
    SuperLightNode,
    block_size,
    compare,
    header_log,
    sign_head,
)
from energychain.primitives.encoding import decode, encode
from energychain.primitives.keys import BadSignature, PublicKey, derive
from energychain.primitives.merkle import BadProof, ConsistencyProof, MerkleTree
from energychain.studies.private_chain import PrivateChain

BLOCKS, HOMES = 9, ("ann", "ben", "cem", "dia", "eve")
OPERATOR = derive("a test", "operator")


@cache
def street() -> PrivateChain:
    """Five homes; in each block all but one of them report."""
    network = PrivateChain(HOMES, difficulty_bits=2)
    for interval in range(BLOCKS):
        network.open_block()
        for at, name in enumerate(HOMES):
            if at != interval % len(HOMES):
                network.send(name, "energy_trade", "report", interval, 0, 1_000 * interval + at)
        network.close_block()
    return network


def beginning() -> Chain:
    return street().chain.upto(0)


def fresh(block: Block) -> Block:
    """The block as if just read, so that every signature is checked again."""
    again = tuple(SignedTransaction(s.transaction, s.signature) for s in block.transactions)
    return Block(replace(block.header), again)


BODIES = street().chain.blocks[1:]


def full_node() -> FullNode:
    node = FullNode(beginning())
    for block in BODIES:
        node.receive(block)
    return node


def operator(blocks: int = BLOCKS) -> Operator:
    node = Operator(beginning(), OPERATOR)
    for block in BODIES[:blocks]:
        node.receive(block)
    return node


def light_node(name: str = "ann", blocks: int = BLOCKS) -> LightNode:
    node = LightNode(beginning(), street().address(name))
    for block in BODIES[:blocks]:
        node.receive(block)
    return node


def super_light_node(name: str = "ann", blocks: int = BLOCKS) -> SuperLightNode:
    serving = Operator(beginning(), OPERATOR)
    node = SuperLightNode(serving.head(), OPERATOR.public, street().address(name))
    for block in BODIES[:blocks]:
        serving.receive(block)
        node.receive(block, serving)
    return node


def own(name: str) -> list[SignedTransaction]:
    address = street().address(name)
    return [s for block in BODIES for s in block.transactions if s.sender == address]


# --- who keeps what -------------------------------------------------------------------


def test_a_full_node_keeps_every_block_in_its_real_bytes() -> None:
    records = {"Header": Header}
    kept = 0
    for block in street().chain.blocks:
        data = encode((block.header, tuple(s.encoded for s in block.transactions)))
        assert decode(data, records) == (block.header, tuple(s.encoded for s in block.transactions))
        kept += len(data)
    assert full_node().bytes_kept == kept


def test_a_light_node_keeps_headers_and_its_own_with_paths() -> None:
    node = light_node()
    assert node.headers == tuple(block.header for block in street().chain.blocks)
    assert [proven.signed for proven in node.proven] == own("ann")
    headers = sum(len(encode(block.header)) for block in street().chain.blocks)
    assert node.bytes_kept == headers + sum(len(proven.encoded) for proven in node.proven)


def test_a_super_light_node_keeps_its_own_with_paths_and_one_head() -> None:
    node = super_light_node()
    assert [proven.signed for proven in node.proven] == own("ann")
    assert node.head == operator().head()
    paths = sum(len(proven.encoded) for proven in node.proven)
    assert node.bytes_kept == len(encode(node.head)) + paths


def test_they_keep_less_and_less() -> None:
    kept = [node.bytes_kept for node in (full_node(), light_node(), super_light_node())]
    assert kept == sorted(kept, reverse=True)
    assert len(set(kept)) == 3


def test_signatures_are_counted_as_they_are_checked(monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[bytes] = []
    check = PublicKey.check

    def counted(self: PublicKey, message: bytes, signature: bytes) -> None:
        calls.append(message)
        check(self, message, signature)

    begin, serving = beginning(), operator()
    head = sign_head(OPERATOR, "private", header_log([begin.head.header]))
    address = street().address("ann")
    nodes = (
        FullNode(begin),
        LightNode(begin, address),
        SuperLightNode(head, OPERATOR.public, address),
    )
    full, light, super_light = nodes
    monkeypatch.setattr(PublicKey, "check", counted)
    for block in BODIES:
        calls.clear()
        full.receive(fresh(block))
        assert len(calls) == len(block.transactions)
    assert full.signatures_checked == sum(len(block.transactions) for block in BODIES)
    calls.clear()
    for block in BODIES:
        light.receive(fresh(block))
    assert light.signatures_checked == len(calls) == len(own("ann"))
    serving.chain = replace(serving.chain, blocks=tuple(map(fresh, serving.chain.blocks)))
    deliveries = [serving.delivery(1, address, super_light.head)]
    calls.clear()
    for delivery in deliveries:
        super_light.take(delivery)
    assert super_light.signatures_checked == len(calls)


def test_a_transaction_that_was_heard_is_checked_once() -> None:
    node, heard = FullNode(beginning()), BODIES[0].transactions[1]
    node.hear(heard)
    node.receive(BODIES[0])
    assert node.signatures_checked == len(BODIES[0].transactions)
    assert node.messages == 2
    assert node.bytes_received == len(heard.encoded) + block_size(BODIES[0])
    with pytest.raises(BadSignature):
        node.hear(SignedTransaction(heard.transaction, bytes(64)))


def test_what_comes_in_is_counted_in_real_bytes() -> None:
    full, light = full_node(), light_node()
    assert full.messages == light.messages == BLOCKS
    assert full.bytes_received == sum(map(block_size, BODIES))
    address = street().address("ann")
    assert light.bytes_received == sum(
        len(full.extract(block.height, address).encoded) for block in BODIES
    )


# --- a home proves its reading --------------------------------------------------------


@given(st.integers(1, BLOCKS), st.integers(0, len(HOMES) - 2))
@settings(max_examples=20)
def test_any_reading_is_proven_to_anybody_with_headers(height: int, index: int) -> None:
    proven = full_node_once().prove(height, index)
    light_once("ben").verify(proven)
    proven.check(BODIES[height - 1].header)


@cache
def full_node_once() -> FullNode:
    return full_node()


@cache
def light_once(name: str) -> LightNode:
    return light_node(name)


def test_a_reading_is_in_no_other_block() -> None:
    proven = full_node_once().prove(4, 1)
    with pytest.raises(BadProof, match="proven is block 4, the header is that of 5"):
        proven.check(BODIES[4].header)
    with pytest.raises(BadProof, match="leads to the root"):
        light_once("ann").verify(replace(proven, height=5))


def test_another_reading_does_not_fit() -> None:
    proven = full_node_once().prove(4, 1)
    wish = replace(proven.signed.transaction, arguments=(3, 0, 9_999_999))
    key = street().accounts["ben"].key
    forged = replace(wish, sender=key.public).sign(key)
    with pytest.raises(BadProof, match="leads to the root"):
        light_once("ann").verify(replace(proven, signed=forged))


def test_a_transaction_that_nobody_signed_does_not_pass_even_if_it_is_in_a_block() -> None:
    signed = own("ann")[0]
    forged = SignedTransaction(signed.transaction, bytes(64))
    block = Block(replace(BODIES[0].header, merkle_root=transaction_tree([forged]).root), (forged,))
    with pytest.raises(BadSignature):
        ProvenTransaction(1, forged, block.proof(0)).check(block.header)


def test_what_is_not_kept_is_said_by_name() -> None:
    with pytest.raises(NotKept, match="no block 10"):
        full_node_once().prove(BLOCKS + 1, 0)
    with pytest.raises(NotKept, match="no block -1"):
        full_node_once().header(-1)
    with pytest.raises(BadProof, match="no leaf 4"):
        full_node_once().prove(1, 4)
    proven = full_node_once().prove(BLOCKS, 0)
    with pytest.raises(NotKept, match=f"no header {BLOCKS}"):
        light_node(blocks=3).verify(proven)


def test_a_refused_call_is_proven_too() -> None:
    """The limit: a header does not cover what became of a transaction."""
    network = PrivateChain(["ann"], difficulty_bits=0)
    network.open_block()
    receipt = network.send("ann", "energy_trade", "report", 0, -1, 0)
    block = network.close_block()
    assert not receipt.done
    node = LightNode(network.chain, network.address("ann"))
    node.receive(block)
    node.verify(node.proven[0])


# --- a light node ---------------------------------------------------------------------


def test_the_rules_about_links_are_all_that_a_header_can_break() -> None:
    names = [rule.name for rule in LINK_RULES]
    assert names == ["version", "height", "parent", "time", "target", "seal"]


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        ({"version": 2}, "version"),
        ({"height": 7}, "height"),
        ({"parent": bytes(32)}, "parent"),
        ({"time": 0}, "time"),
        ({"target": 2**256 - 1}, "target"),
        ({"nonce": -1}, "seal"),
    ],
)
def test_a_light_node_refuses_a_header_that_breaks_a_rule(
    change: dict[str, int], rule: str
) -> None:
    node = light_node(blocks=3)
    before = (node.headers, node.bytes_kept)
    sealed = mine(Block(replace(BODIES[3].header, **change), ()))  # type: ignore[arg-type]
    header = sealed.header if rule != "seal" else replace(BODIES[3].header, nonce=-1)
    given_ = full_node_once().extract(4, node.owner)
    with pytest.raises(InvalidBlock) as refused:
        node.take(replace(given_, header=header))
    assert refused.value.rule == rule
    assert (node.headers, node.bytes_kept) == before


def test_a_light_node_takes_no_false_and_no_foreign_transaction() -> None:
    node = light_node(blocks=3)
    before = (node.headers, node.bytes_kept)
    mine_, theirs = (full_node_once().extract(4, street().address(n)) for n in ("ann", "ben"))
    with pytest.raises(NotOurs, match="not of"):
        node.take(theirs)
    false = replace(mine_.proven[0], signed=own("ann")[0])
    with pytest.raises(BadProof):
        node.take(replace(mine_, proven=(false,)))
    assert (node.headers, node.bytes_kept) == before
    node.take(mine_)


def test_a_light_node_does_not_see_that_a_block_is_invalid_or_that_something_is_left_out() -> None:
    """The limits: it asks no rule about bodies, and absence has no proof."""
    forged = SignedTransaction(own("ben")[0].transaction, bytes(64))
    header = replace(BODIES[3].header, merkle_root=transaction_tree([forged]).root)
    block = mine(Block(header, (forged,)))
    with pytest.raises(InvalidBlock):
        FullNode(street().chain.upto(3)).receive(block)
    light_node("ann", blocks=3).receive(block)
    silent = replace(full_node_once().extract(4, street().address("ann")), proven=())
    light_node("ann", blocks=3).take(silent)


# --- the operator did not rewrite history ---------------------------------------------


@given(st.integers(1, BLOCKS + 1), st.data())
@settings(max_examples=25)
def test_each_log_head_follows_from_every_earlier_one(later: int, data: st.DataObject) -> None:
    earlier = data.draw(st.integers(1, later))
    headers = [block.header for block in street().chain.blocks]
    old, new = header_log(headers[:earlier]), header_log(headers[:later])
    owner = street().address("ann")
    node = SuperLightNode(sign_head(OPERATOR, "private", old), OPERATOR.public, owner)
    node.follow(sign_head(OPERATOR, "private", new), new.consistency(earlier))
    assert node.head.root == new.root


def rewritten(height: int) -> MerkleTree:
    """The log of an operator that changed one old block."""
    headers = [block.header for block in street().chain.blocks]
    headers[height] = replace(headers[height], merkle_root=headers[0].merkle_root)
    return header_log(headers)


@pytest.mark.parametrize("height", range(1, 5))
def test_a_rewritten_history_is_refused(height: int) -> None:
    node = super_light_node(blocks=4)
    log, before = rewritten(height), node.head
    with pytest.raises(BadProof, match="not the beginning"):
        node.follow(sign_head(OPERATOR, "private", log), log.consistency(before.size))
    assert node.head == before


def test_a_log_that_shrinks_or_belongs_to_another_chain_or_operator_is_refused() -> None:
    node = super_light_node(blocks=4)
    full = operator()
    head, growth = full.head(), full.growth(node.head)
    short = operator(2)
    with pytest.raises(BadProof):
        node.follow(short.head(), ConsistencyProof(node.head.size, short.log.size, ()))
    with pytest.raises(BadProof, match="no tree of 5 leaves"):
        short.growth(node.head)
    with pytest.raises(BadProof, match="the chain 'other'"):
        node.follow(sign_head(OPERATOR, "other", full.log), growth)
    with pytest.raises(BadSignature):
        node.follow(replace(head, root=bytes(32)), growth)
    with pytest.raises(BadSignature):
        node.follow(sign_head(derive("a test", "somebody"), "private", full.log), growth)
    with pytest.raises(BadProof, match="expected how 5 headers grew to 10"):
        node.follow(head, full.log.consistency(3))
    node.follow(head, growth)


def deliveries_that_lie() -> dict[str, Delivery]:
    serving = operator(5)
    ann, ben = street().address("ann"), street().address("ben")
    known = operator(4).head()
    true = serving.delivery(5, ann, known)
    foreign = serving.delivery(5, ben, known)
    header = replace(true.extract.header, time=true.extract.header.time + 1)
    other = full_node_once().prove(4, 0)
    return {
        "another header": replace(true, extract=replace(true.extract, header=header)),
        "another place": replace(true, in_log=serving.log.inclusion(3)),
        "a larger log": replace(true, in_log=replace(true.in_log, size=7)),
        "a missing step": replace(true, in_log=replace(true.in_log, path=true.in_log.path[:-1])),
        "no growth": replace(true, growth=replace(true.growth, path=())),
        "a foreign transaction": foreign,
        "a transaction of another block": replace(
            true, extract=replace(true.extract, proven=(other,))
        ),
        "an unsigned head": replace(true, head=replace(true.head, signature=bytes(64))),
    }


@pytest.mark.parametrize("lie", deliveries_that_lie())
def test_a_super_light_node_refuses_every_false_delivery(lie: str) -> None:
    node = super_light_node("ann", blocks=4)
    before = (node.head, node.bytes_kept)
    with pytest.raises((BadProof, BadSignature, NotOurs)):
        node.take(deliveries_that_lie()[lie])
    assert (node.head, node.bytes_kept) == before


def test_a_super_light_node_begins_with_a_head_that_the_operator_signed() -> None:
    with pytest.raises(BadSignature):
        head = LogHead("private", 1, bytes(32), bytes(64))
        SuperLightNode(head, OPERATOR.public, street().address("ann"))


def test_two_logs_are_found_out_by_homes_that_compare() -> None:
    """Each log is consistent with what its own home saw before; only together they convict."""
    true, false = operator().log, rewritten(7)
    one, two = (sign_head(OPERATOR, "private", log) for log in (true, false))
    for head, log in ((one, true), (two, false)):
        super_light_node("ann", blocks=4).follow(head, log.consistency(5))
    with pytest.raises(SplitView, match="two logs of 10 headers"):
        compare(one, two, OPERATOR.public)
    compare(one, one, OPERATOR.public)
    compare(one, operator(4).head(), OPERATOR.public)
    with pytest.raises(BadSignature):  # nobody can frame the operator
        compare(one, replace(two, signature=one.signature), OPERATOR.public)
