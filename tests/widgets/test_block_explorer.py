import contextlib
import io

import pytest
from explorers import kept

from energychain.ledger.chain import RULES
from energychain.studies import token_day
from energychain.studies.tampering import Place
from energychain.widgets.block_explorer import BlockExplorer, busiest
from energychain.widgets.block_words import in_words

CHAIN = token_day.run().chain
HEIGHT = 13


def test_transactions_in_words():
    said = [in_words(signed, CHAIN) for signed in CHAIN.blocks[HEIGHT].transactions]
    assert said[0].startswith(
        "node 1: report, interval 10, produced 10,824,000, consumed 8,459,156 mWh"
    )
    assert said[-1] == "node 1: settle, interval 10"
    offers = [in_words(signed, CHAIN) for signed in CHAIN.blocks[2].transactions]
    assert "buyers node 2 and node 3, mWh per token 150,000" in offers[0]


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
