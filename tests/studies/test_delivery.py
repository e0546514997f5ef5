"""What arrives is judged by the ledger itself."""

import pytest

from energychain.primitives.keys import ORDER, BadSignature
from energychain.studies.delivery import ALTERATIONS, READING, deliver

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


def test_the_twin_has_the_high_s():
    arrived = deliver(altered="the signature's twin").arrived
    assert int.from_bytes(arrived.signature[32:], "big") > ORDER["p256"] // 2
    assert "high s" in str(deliver(altered="the signature's twin").refusal.fault)


def test_plain_ecdsa_takes_the_twin():
    """Without the rule the twin would pass: the judge is pycryptodome."""
    from Crypto.Hash import SHA256
    from Crypto.PublicKey import ECC
    from Crypto.Signature import DSS

    arrived = deliver(altered="the signature's twin").arrived
    wish = arrived.transaction
    checker = DSS.new(ECC.import_key(wish.sender.data, curve_name="p256"), "fips-186-3")
    checker.verify(SHA256.new(wish.encoded), arrived.signature)


def test_in_its_own_name_the_stranger_speaks_for_itself():
    delivery = deliver(altered="1 mWh more, in the stranger's name")
    assert delivery.arrived.sender != delivery.signed.sender
