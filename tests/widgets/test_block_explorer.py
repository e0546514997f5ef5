import contextlib
import io

import pytest
from explorers import kept

from energychain.ledger.chain import RULES
from energychain.primitives.refusals import BadInput
from energychain.studies import token_day
from energychain.widgets.block_explorer import BlockExplorer, busiest
from energychain.widgets.block_words import in_words
from energychain.widgets.tampering import LARGEST, Place, Tampered, number_at, places

CHAIN = token_day.run().chain
HEIGHT = 13
PRODUCED = Place(0, "1")


@pytest.fixture
def forged():
    tampered = Tampered.untouched(CHAIN, HEIGHT)
    return tampered.edit(PRODUCED, number_at(tampered.edited, PRODUCED) + 1)


# --- the model ------------------------------------------------------------------------


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


def test_transactions_in_words():
    said = [in_words(signed, CHAIN) for signed in CHAIN.blocks[HEIGHT].transactions]
    assert said[0].startswith(
        "node 1: report, interval 10, produced 10,824,000, consumed 8,459,156 mWh"
    )
    assert said[-1] == "node 1: settle, interval 10"
    offers = [in_words(signed, CHAIN) for signed in CHAIN.blocks[2].transactions]
    assert "buyers node 2 and node 3, mWh per token 150,000" in offers[0]


# --- the window -----------------------------------------------------------------------


@pytest.fixture
def explorer():
    return BlockExplorer(CHAIN, block=HEIGHT)


def disabled(explorer):
    return {name for name, button in explorer._repairs.items() if button.disabled}


def test_it_begins_with_a_chain_that_holds(explorer):
    assert explorer.status == (
        f"Nothing is altered: block {HEIGHT} and the {CHAIN.height - HEIGHT} blocks above it"
        " keep every rule. Change the number."
    )
    assert disabled(explorer) == {"merkle", "mine", "link", "sign"}
    assert explorer._rules.value.count("✓ kept") == len(RULES)


def test_the_busiest_block_is_offered_first():
    assert BlockExplorer(CHAIN).block.value == busiest(CHAIN)
    sold = [event for r in CHAIN.receipts[busiest(CHAIN)] for event in r.events]
    assert sum(event.name == "Sold" for event in sold) == 2


def test_a_forgery_from_edit_to_climax(explorer):
    explorer.number.value += 1
    assert explorer.status.startswith(f"Block {HEIGHT} is caught by the rules merkle root and")
    assert "✗ broken" in explorer._rules.value
    assert "– not asked" in explorer._rules.value
    assert "stands on a broken block" in explorer._cards.value
    assert disabled(explorer) == {"mine", "link"}
    explorer.recompute_merkle_root()
    assert f"Block {HEIGHT + 1} names a parent that is gone." in explorer.status
    assert disabled(explorer) == {"merkle"}
    explorer.mine_again()
    assert "no work repairs it, only the sender's key" in explorer.status
    assert f"The repairs took {explorer.tampered.tries:,} hashes so far." in explorer.status
    explorer.relink()
    assert f"Block {HEIGHT + 1} has lost its seal." in explorer.status
    assert explorer._repairs["mine"].description == f"Mine block {HEIGHT + 1} again"
    explorer.sign()
    assert "merkle root" in explorer.tampered.broken
    explorer.reset()
    assert explorer.status.startswith("Nothing is altered")


def test_a_hidden_header_is_still_another_chain():
    explorer = BlockExplorer(CHAIN, block=CHAIN.height)
    explorer.place.value = Place(None, "time")
    explorer.number.value += 1
    explorer.mine_again()
    assert explorer.status.startswith("Every rule is kept again, for ")
    assert "whoever kept a copy sees it" in explorer.status
    explorer.sign()  # nothing to sign in a header
    assert explorer.tampered.holds


def test_another_block_or_another_number_begins_anew(explorer):
    explorer.number.value += 1
    explorer.block.value = HEIGHT + 1
    assert not explorer.tampered.altered
    assert explorer.tampered.height == HEIGHT + 1
    explorer.number.value += 1
    assert explorer.tampered.altered
    explorer.place.value = Place(None, "nonce")
    assert not explorer.tampered.altered
    assert explorer.number.value == CHAIN.blocks[HEIGHT + 1].header.nonce


def test_the_code_finds_the_same_faults(explorer):
    explorer.number.value += 1
    explorer.recompute_merkle_root()
    explorer.mine_again()
    explorer.sign()
    explorer.relink()
    code = explorer.code.replace("...  # your own", "CHAIN")
    said = io.StringIO()
    names = {"CHAIN": CHAIN}
    with contextlib.redirect_stdout(said):
        exec(code, names)
    assert names["block"] == explorer.tampered.edited
    assert names["blocks"][HEIGHT + 1] == explorer.tampered.later[0]
    broken = [line for line in said.getvalue().splitlines() if not line.endswith("- kept")]
    assert [line.partition(" - ")[0] for line in broken] == explorer.tampered.broken


def test_cards_say_in_words_and_signs_what_colour_repeats(explorer):
    explorer.number.value += 1
    html = explorer._cards.value
    for said in ("✓ holds", "✗ broken: merkle root, transactions", "▲ stands on a broken block"):
        assert said in html
    for line in ("2px solid", "4px double", "2px dashed"):
        assert line in html
    assert f"aria-label='block {HEIGHT}," in html


def test_what_a_notebook_keeps_tells_half_of_the_story(explorer):
    first, second = (kept(BlockExplorer(CHAIN, block=HEIGHT)) for _ in range(2))
    assert first["text/html"] == second["text/html"]
    assert "For instance: <b>node 1, report: produced (mWh)</b>" in first["text/html"]
    assert "✗ broken" in first["text/html"]
    assert "<script" not in first["text/html"]
    assert first["text/plain"].startswith(f"BlockExplorer(block={HEIGHT}, broken=[])")
    explorer.number.value += 1
    assert kept(explorer)["text/html"] != first["text/html"]
