"""What arrives is judged by the ledger itself, and the explorer says which check spoke."""

import re

import pytest

from energychain.primitives.keys import ORDER, BadSignature, derive
from energychain.studies.attack_bench_ledger import mirrored
from energychain.widgets.explorer import MOST_CONTROLS
from energychain.widgets.signing import ALTERATIONS, READING, SigningExplorer, deliver, twin

REFUSED_BY = {
    "nothing": None,
    "1 mWh more": "signature",
    "another hour": "signature",
    "another chain's name": "chain",
    "the next nonce": "signature",
    "the sender's key": "signature",
    "1 mWh more, signed by the stranger": "signature",
    "1 mWh more, in the stranger's name": None,
    "one bit of the signature": "signature",
    "the signature's twin": "signature",
}


def test_every_alteration_is_judged_here():
    assert set(REFUSED_BY) == set(ALTERATIONS)


@pytest.mark.parametrize("altered", ALTERATIONS)
@pytest.mark.parametrize("reading", [0, READING, 1_000_000])
def test_which_check_refuses(altered, reading):
    delivery = deliver(reading, altered)
    refusal = delivery.refusal
    assert (refusal.name if refusal else None) == REFUSED_BY[altered]
    assert (delivery.arrived == delivery.signed) == (altered == "nothing")


@pytest.mark.parametrize("altered", ALTERATIONS)
def test_only_what_the_sender_signed_passes_its_own_key(altered):
    """The judge is the key alone, without ledger and nonce."""
    arrived = deliver(altered=altered).arrived
    wish = arrived.transaction
    if REFUSED_BY[altered] == "signature":
        with pytest.raises(BadSignature):
            wish.sender.check(wish.encoded, arrived.signature)
    elif altered != "another chain's name":
        wish.sender.check(wish.encoded, arrived.signature)


def test_after_a_refusal_nothing_more_is_asked():
    asked = [check.asked for check in deliver(altered="another chain's name").checks]
    assert asked == [True, False, False]


def test_the_second_delivery_is_refused_for_its_nonce():
    assert deliver(times=1).refusal is None
    refusal = deliver(times=2).refusal
    assert refusal.name == "nonce"
    assert "it was used before" in str(refusal.fault)


def test_the_same_message_has_the_same_signature():
    delivery = deliver()
    assert delivery.again == delivery.signed.signature
    assert deliver(READING + 1).signed.signature != delivery.signed.signature


def test_the_twin_is_the_benchs_mirror_image_and_has_the_high_s():
    signed = deliver().signed
    assert twin(signed.signature) == mirrored(signed).signature
    assert int.from_bytes(twin(signed.signature)[32:], "big") > ORDER["p256"] // 2
    assert "high s" in str(deliver(altered="the signature's twin").refusal.fault)


def test_plain_ecdsa_takes_the_twin():
    """Without the rule the twin would pass: the judge is pycryptodome."""
    from Crypto.Hash import SHA256
    from Crypto.PublicKey import ECC
    from Crypto.Signature import DSS

    key = derive("a lesson", "node 1")
    checker = DSS.new(ECC.import_key(key.public.data, curve_name="p256"), "fips-186-3")
    checker.verify(SHA256.new(b"3 kWh"), twin(key.sign(b"3 kWh")))


def test_in_its_own_name_the_stranger_speaks_for_itself():
    delivery = deliver(altered="1 mWh more, in the stranger's name")
    assert delivery.arrived.sender != delivery.signed.sender


# --- the explorer ---------------------------------------------------------------------


def kept(explorer):
    shown = explorer._repr_mimebundle_()
    return shown[0] if isinstance(shown, tuple) else shown


def test_it_asks_a_question_and_has_few_controls():
    explorer = SigningExplorer()
    assert explorer.question.endswith("?")
    assert len(explorer.controls) <= MOST_CONTROLS
    assert set(kept(explorer)) == {
        "application/vnd.jupyter.widget-view+json",
        "text/html",
        "text/plain",
    }


def test_without_a_kernel_it_shows_an_alteration_too():
    assert "0.427853 kWh ≠" in kept(SigningExplorer())["text/html"]


@pytest.mark.parametrize(
    ("name", "value"), [("reading", 5), ("altered", "another hour"), ("times", 2)]
)
def test_every_control_changes_what_is_shown_and_reset_takes_it_back(name, value):
    explorer = SigningExplorer()
    before = kept(explorer)["text/html"], explorer.status, explorer.code
    explorer.controls[name].value = value
    assert (kept(explorer)["text/html"], explorer.code) != (before[0], before[2])
    explorer.reset()
    assert (kept(explorer)["text/html"], explorer.status, explorer.code) == before


@pytest.mark.parametrize("altered", ALTERATIONS)
def test_the_words_say_what_the_ledger_says(altered):
    explorer = SigningExplorer()
    explorer.controls["altered"].value = altered
    refusal = deliver(altered=altered).refusal
    if refusal:
        assert explorer.status.endswith(f"refuses ({refusal.name}): {refusal.fault}.")
    else:
        assert "Every check is kept" in explorer.status


def test_what_differs_is_marked_in_the_bytes():
    explorer = SigningExplorer()
    assert "<u>" not in explorer.view.details
    explorer.controls["altered"].value = "1 mWh more"
    assert "i42785<b><u>3</u></b>e" in explorer.view.details
    explorer.controls["altered"].value = "another chain's name"
    assert "<u>15:the next street</u>" in explorer.view.details
    explorer.controls["altered"].value = "1 mWh more, in the stranger's name"
    key, number = re.findall("<u>([^<]*)</u>", explorer.view.details)
    assert re.fullmatch("[0-9a-f]+", key)
    assert number == "3"


def test_the_code_prints_every_check(capsys):
    explorer = SigningExplorer()
    explorer.controls["altered"].value = "the signature's twin"
    exec(explorer.code, {})
    assert capsys.readouterr().out.splitlines() == [
        "chain kept",
        "signature the signature has the high s: its mirror image was signed",
        "nonce not asked",
    ]
