"""An altered block is caught by its rules, and repaired at a price, until a signature is left."""

import pytest

from energychain.ledger.chain import RULES
from energychain.primitives.refusals import BadInput
from energychain.studies import token_day
from energychain.studies.tampering import LARGEST, Place, Tampered, number_at, places

CHAIN = token_day.run().chain
HEIGHT = 13
PRODUCED = Place(0, "1")


@pytest.fixture
def forged():
    tampered = Tampered.untouched(CHAIN, HEIGHT)
    return tampered.edit(PRODUCED, number_at(tampered.edited, PRODUCED) + 1)


def test_untouched_keeps_every_rule():
    tampered = Tampered.untouched(CHAIN, HEIGHT)
    assert tampered.holds
    assert not tampered.altered
    assert [rule for rule, _ in tampered.verdicts] == list(RULES)


@pytest.mark.parametrize("height", [0, -1, CHAIN.height + 1])
def test_only_blocks_that_stand_on_another_can_be_edited(height):
    with pytest.raises(BadInput, match="expected a block from 1 to"):
        Tampered.untouched(CHAIN, height)


@pytest.mark.parametrize("value", [-1, LARGEST + 1])
def test_only_numbers_that_a_browser_can_send(value):
    with pytest.raises(BadInput, match="expected a whole number from 0"):
        Tampered.untouched(CHAIN, HEIGHT).edit(PRODUCED, value)


def test_the_same_number_is_no_edit():
    tampered = Tampered.untouched(CHAIN, HEIGHT)
    assert tampered.edit(PRODUCED, number_at(tampered.edited, PRODUCED)) == tampered


def test_an_altered_reading_breaks_the_merkle_root_and_the_signature(forged):
    assert forged.broken == ["merkle root", "transactions", "state root"]
    faults = {rule.name: fault for rule, fault in forged.verdicts if fault}
    assert faults["transactions"].rule == "signature"
    assert faults["transactions"].transaction == 0
    assert "transaction 0 does not fit its signature" in str(faults["merkle root"])
    # The header is untouched, so the seal holds and the next block still finds its parent.
    assert not any(broken for _, broken in forged.broken_above)


def test_every_number_of_a_block_is_guarded():
    tampered = Tampered.untouched(CHAIN, HEIGHT)
    for place in places(tampered.edited):
        altered = tampered.edit(place, number_at(tampered.edited, place) + 1)
        assert altered.altered
        assert not altered.holds, place


def test_a_header_is_guarded_by_its_seal_and_by_the_next_block():
    tampered = Tampered.untouched(CHAIN, HEIGHT)
    late = tampered.edit(Place(None, "time"), tampered.edited.header.time + 1)
    assert "seal" in late.broken
    assert late.unlinked.height == HEIGHT + 1


def test_time_cannot_run_backwards():
    tampered = Tampered.untouched(CHAIN, HEIGHT)
    early = tampered.edit(Place(None, "time"), CHAIN.blocks[HEIGHT - 1].header.time)
    assert "time" in early.broken
    far = tampered.edit(Place(None, "time"), CHAIN.blocks[HEIGHT + 1].header.time)
    assert [fault.rule for fault in far.broken_above[0][1]] == ["parent", "time"]


def test_repairs_are_paid_one_by_one_until_the_signature_is_left(forged):
    rooted = forged.with_merkle_root()
    assert "merkle root" not in rooted.broken
    assert "seal" in rooted.broken
    assert rooted.unlinked.height == HEIGHT + 1
    mined = rooted.mined_again()
    assert mined.tries == mined.edited.header.nonce + 1
    assert mined.broken == ["transactions", "state root"]
    signed = mined.with_own_signature(0)
    assert signed.broken == ["merkle root", "transactions", "state root"]
    again = signed.with_merkle_root().mined_again()
    assert again.broken == ["transactions", "state root"]
    assert again.tries > mined.tries
    assert {fault.rule for _, fault in again.verdicts if fault} == {"signature"}


def test_the_damage_moves_up_block_by_block(forged):
    state = forged.with_merkle_root().mined_again()
    for height in range(HEIGHT + 1, HEIGHT + 4):
        assert state.unlinked.height == height
        state = state.relinked()
        assert state.unsealed.height == height
        state = state.mined_again()
    assert state.unsealed is None
    assert not state.holds


def test_a_header_can_be_hidden_at_the_price_of_every_later_block():
    height = CHAIN.height - 3
    late = Tampered.untouched(CHAIN, height)
    late = late.edit(Place(None, "time"), late.edited.header.time + 1)
    while not late.holds:
        late = late.mined_again().relinked()
    assert late.altered
    assert late.later[-1].hash != CHAIN.head.hash
    chain = CHAIN.upto(height - 1)
    for block in (late.edited, *late.later):
        chain = chain.append(block)
    assert chain.height == CHAIN.height


def test_repairs_of_what_is_whole_change_nothing():
    tampered = Tampered.untouched(CHAIN, HEIGHT)
    assert tampered.mined_again() == tampered.relinked() == tampered


def test_editing_again_begins_with_the_original(forged):
    other = forged.with_merkle_root().mined_again().edit(Place(0, "2"), 7)
    assert other.tries == 0
    assert number_at(other.edited, PRODUCED) == number_at(CHAIN.blocks[HEIGHT], PRODUCED)
