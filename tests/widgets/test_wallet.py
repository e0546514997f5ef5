from dataclasses import replace

import pytest
from explorers import kept

from energychain.contracts.token import ENERGY_TOKEN
from energychain.ledger.chain import CONFIRMATIONS
from energychain.ledger.state import ETHER, WrongNonce
from energychain.primitives.keys import BadSignature
from energychain.primitives.refusals import BadInput
from energychain.studies.testbed import HOUSEHOLDS, Testbed
from energychain.widgets.explorer import Panel
from energychain.widgets.wallet import Wallet
from energychain.widgets.wallet_model import Payment, WalletModel


@pytest.fixture
def model():
    return WalletModel()


def tokens_of(model):
    return {h.name: h.tokens for h in model.holdings() if h.name in model.names}


def test_three_households_with_a_hundred_tokens_each(model):
    assert tokens_of(model) == {"node 1": "100.000", "node 2": "100.000", "node 3": "100.000"}
    assert model.network.chain.height == 1


def test_nothing_happens_until_somebody_mines(model):
    payment = model.send("node 1", "node 2", "12.5")
    assert model.waiting == (payment,)
    assert str(model.progress(payment)) == "waiting: in no block yet"
    assert tokens_of(model)["node 2"] == "100.000"
    assert model.mine() == 1
    assert model.waiting == ()
    assert tokens_of(model) == {"node 1": "87.500", "node 2": "112.500", "node 3": "100.000"}


def test_confirmations_count_up_to_twelve(model):
    payment = model.send("node 1", "node 2", "1")
    said = []
    for _ in range(CONFIRMATIONS + 1):
        model.mine()
        said.append(str(model.progress(payment)))
    assert said[0] == "1 of 12 confirmations"
    assert said[2] == "3 of 12 confirmations"
    assert said[10] == "11 of 12 confirmations"
    assert said[11] == said[12] == "12 of 12 confirmations, taken as final"
    assert model.progress(payment).bar == "■" * 12


@pytest.mark.parametrize(
    ("target", "amount", "sentence"),
    [
        ("node 1", "5", "node 1 would pay itself: choose somebody else"),
        ("node 2", "abc", "expected a number, found 'abc'"),
        ("node 2", "", "expected a number, found ''"),
        ("node 2", "nan", "expected a finite number, found 'nan'"),
        ("node 2", "0", "expected more than 0 tokens, found 0"),
        ("node 2", "-3", "expected more than 0 tokens, found -3"),
        ("node 2", "0.0001", "0.0001 is finer than the 3 decimals that are kept"),
        ("node 2", "1e20", "'1e20' is too large: expected less than 1000000000000000"),
    ],
)
def test_what_the_wallet_refuses(model, target, amount, sentence):
    with pytest.raises(BadInput) as refused:
        model.send("node 1", target, amount)
    assert str(refused.value) == sentence
    assert model.payments == ()


def test_an_overdraft_is_refused_by_the_ledger_and_costs_its_fee(model):
    before = model.network.balance("node 1", ETHER)
    payment = model.send("node 1", "node 2", "250")
    model.mine()
    progress = model.progress(payment)
    assert progress.stage == "refused"
    assert progress.reason.startswith("node 1 has 100.000 tokens, 250.000 are due; the fee of ")
    assert progress.bar == ""
    assert tokens_of(model)["node 1"] == "100.000"
    assert model.network.balance("node 1", ETHER) < before


def test_two_payments_of_one_sender_wait_in_order(model):
    first, second = model.send("node 1", "node 2", "60"), model.send("node 1", "node 3", "60")
    assert model.mine() == 2
    assert model.progress(first).stage == "confirmed"
    assert model.progress(second).stage == "refused"


def test_a_replay_and_a_forgery_are_not_let_in(model):
    payment = model.send("node 1", "node 2", "1")
    with pytest.raises(WrongNonce, match="waits already"):
        model.receive(payment)
    model.mine()
    with pytest.raises(WrongNonce, match="used up"):
        model.receive(payment)
    wish = replace(payment.signed.transaction, nonce=2)
    forged = replace(payment, signed=replace(payment.signed, transaction=wish))
    with pytest.raises(BadSignature):
        model.receive(forged)
    assert model.payments == (payment,)


def test_what_may_not_stand_in_a_block_does_not_hold_up_the_rest(model):
    network, key = model.network, model.network.accounts["node 1"].key
    good = model.send("node 2", "node 3", "5")
    wish = replace(network.signed("node 1", "token", "transfer").transaction, gas_limit=1)
    bad = model.receive(Payment(wish.sign(key), "node 1", "node 2", 0))
    assert model.mine() == 1
    assert model.progress(good).stage == "confirmed"
    assert model.progress(bad).stage == "thrown out"
    assert "the gas limit is 1" in model.progress(bad).reason
    assert model.waiting == ()
    assert model.mine() == 0
    assert model.network.chain.validate().height == 3


def test_a_payment_that_came_too_early_waits_on(model):
    signed = model.network.signed(
        "node 1", "token", "transfer", ENERGY_TOKEN, model.network.address("node 2"), 1, nonce=5
    )
    early = model.receive(Payment(signed, "node 1", "node 2", 1))
    assert model.mine() == 0
    assert model.waiting == (early,)


def test_reset_takes_everything_back(model):
    model.send("node 1", "node 2", "1")
    model.mine()
    model.send("node 1", "node 2", "1")
    model.reset()
    assert model.network.chain.height == 1
    assert model.payments == model.waiting == ()
    assert tokens_of(model)["node 1"] == "100.000"


def test_the_code_builds_the_same_chain(model):
    model.send("node 1", "node 2", "250")
    model.send("node 1", "node 2", "25")
    model.mine()
    model.mine()
    model.mine()
    model.send("node 2", "node 3", "1")
    model.mine()
    model.send("node 3", "node 1", "2")
    assert "# waits: node 3 to node 1, 2.000 tokens" in model.code()
    names = {}
    exec(model.code(), names)
    assert names["network"].chain.head.hash == model.network.chain.head.hash


def test_tokens_are_conserved(model):
    chain = model.network.chain
    for source, target, amount in (("node 1", "node 2", "99"), ("node 2", "node 3", "500")):
        model.send(source, target, amount)
        model.mine()
    assert model.network.chain.state.total(ENERGY_TOKEN) == chain.state.total(ENERGY_TOKEN)


# --- the window -----------------------------------------------------------------------


def test_what_the_window_says():
    wallet = Wallet()
    assert wallet.status == "The newest block is number 1; nothing waits."
    wallet.pay("node 1", "node 1", "1")
    assert wallet.status == "Not sent: node 1 would pay itself: choose somebody else."
    wallet.pay("node 1", "node 2", "abc")
    assert wallet.status == "Not sent: expected a number, found 'abc'."
    wallet.pay("node 1", "node 2", "1")
    assert "It waits: mine a block. 1 payment in the waiting room." in wallet.status
    assert "□ waiting<" in wallet._payments.value
    for _ in range(3):
        wallet.mine()
    assert "3 of 12 confirmations" in wallet.status
    assert "■■■□□□□□□□□□" in wallet._payments.value
    assert "99.000" in wallet._accounts.value
    wallet.reset()
    assert wallet.status == "The newest block is number 1; nothing waits."


def test_it_does_not_hide_what_a_widget_needs():
    """A widget speaks with the browser through methods of its own, such as ``_send``."""
    own = {name for name in vars(Wallet) if callable(getattr(Wallet, name))}
    meant = {"__init__", "__repr__", "reset", "bundle"}
    assert not {name for name in own - meant if hasattr(Panel, name)}


def test_the_buttons_do_it():
    wallet = Wallet()
    wallet.source.value, wallet.target.value, wallet.amount.value = "node 3", "node 1", "2"
    wallet._pay()
    assert "node 3 to node 1, 2.000 tokens" in wallet.status


def test_a_wallet_on_another_network_keeps_its_households():
    network = Testbed(HOUSEHOLDS)
    assert Wallet(network).model.names == HOUSEHOLDS
    assert "Testbed(HOUSEHOLDS[:3])" not in Wallet(network).code


def test_what_a_notebook_keeps():
    first, second = kept(Wallet()), kept(Wallet())
    assert first["text/html"] == second["text/html"]
    assert first["text/plain"] == "Wallet(height=1): The newest block is number 1; nothing waits."
    assert "<script" not in first["text/html"]
    assert "100.000" in first["text/html"]
