"""Keys and signatures: the published vectors of RFC 6979, low s, and everything that is refused."""

import csv
from collections.abc import Callable

import pytest
from Crypto.PublicKey import ECC
from hypothesis import given, settings
from hypothesis import strategies as st

from energychain import datasets
from energychain.primitives.keys import (
    ORDER,
    BadSignature,
    PublicKey,
    SecretKey,
    UnknownCurve,
    curves,
    derive,
    generate,
    is_address,
)

SIGNATURES = {
    row["name"]: row for row in csv.DictReader(datasets.lines("vectors", "signatures.csv"))
}

# RFC 6979, appendix A.2.5: the key pair and its signatures with SHA-256.
RFC_KEY = SecretKey(int(SIGNATURES["sample"]["secret"], 16))
RFC_SIGNATURES = {
    name.encode(): (int(SIGNATURES[name]["r"], 16), int(SIGNATURES[name]["s"], 16))
    for name in ("sample", "test")
}

N = ORDER["p256"]
KEY = derive("tests", "node 1")
MESSAGE = b"3 kWh"
SIGNATURE = KEY.sign(MESSAGE)


def halves(signature: bytes) -> tuple[int, int]:
    return int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big")


def joined(r: int, s: int) -> bytes:
    return r.to_bytes(32, "big") + s.to_bytes(32, "big")


# --- published vectors ----------------------------------------------------------------


def test_the_public_key_of_rfc_6979_follows_from_its_secret() -> None:
    assert RFC_KEY.public.data.hex() == SIGNATURES["sample"]["public"]


@pytest.mark.parametrize("message", RFC_SIGNATURES, ids=bytes.decode)
def test_the_signatures_of_rfc_6979_are_reproduced_with_the_low_s(message: bytes) -> None:
    # The RFC prints whichever s comes out ("sample" has the high one). We enforce the low one:
    # the same r, and s or n - s.
    r, s = RFC_SIGNATURES[message]
    assert halves(RFC_KEY.sign(message)) == (r, min(s, N - s))
    RFC_KEY.public.check(message, joined(r, min(s, N - s)))


def test_the_high_s_that_rfc_6979_prints_for_sample_is_refused_by_name() -> None:
    r, s = RFC_SIGNATURES[b"sample"]
    assert s > N // 2
    with pytest.raises(BadSignature, match="high s"):
        RFC_KEY.public.check(b"sample", joined(r, s))


@pytest.mark.parametrize(("curve", "order"), ORDER.items())
def test_the_order_of_each_curve_is_the_one_of_the_library(curve: str, order: int) -> None:
    if curve not in curves():
        pytest.skip(f"the installed pycryptodome does not offer {curve}")
    smallest, largest = SecretKey(1, curve).public, SecretKey(order - 1, curve).public
    # (n - 1) G is -G: the same x, the other y.
    assert smallest.data[1:] == largest.data[1:]
    assert {smallest.data[0], largest.data[0]} == {2, 3}


def test_secp256k1_signs_as_bitcoin_software_does() -> None:
    if "secp256k1" not in curves():
        pytest.skip("the installed pycryptodome does not offer secp256k1 (it came with 4.0)")
    # The deterministic vectors that Bitcoin implementations share: secret key 1, low s.
    key, published = SecretKey(1, "secp256k1"), SIGNATURES["Satoshi Nakamoto"]
    assert key.public.data.hex() == published["public"]
    assert key.sign(b"Satoshi Nakamoto").hex() == published["r"] + published["s"]
    key.public.check(b"Satoshi Nakamoto", key.sign(b"Satoshi Nakamoto"))


# --- signing and checking -------------------------------------------------------------


@settings(max_examples=40)
@given(st.binary(max_size=64))
def test_every_signature_is_64_bytes_with_the_low_s_and_fits_its_message(message: bytes) -> None:
    signature = KEY.sign(message)
    assert len(signature) == 64
    assert 1 <= halves(signature)[1] <= N // 2
    KEY.public.check(message, signature)


def test_the_same_key_and_message_always_give_the_same_signature() -> None:
    assert SecretKey(KEY.number).sign(MESSAGE) == SIGNATURE


def test_the_mirror_image_of_a_signature_is_refused_although_the_mathematics_allows_it() -> None:
    r, s = halves(SIGNATURE)
    with pytest.raises(BadSignature, match="high s"):
        KEY.public.check(MESSAGE, joined(r, N - s))


@settings(max_examples=60)
@given(st.integers(0, 511))
def test_no_bit_of_a_signature_can_be_altered(bit: int) -> None:
    altered = (int.from_bytes(SIGNATURE, "big") ^ (1 << bit)).to_bytes(64, "big")
    with pytest.raises(BadSignature):
        KEY.public.check(MESSAGE, altered)


def test_another_message_does_not_fit() -> None:
    with pytest.raises(BadSignature, match="does not fit"):
        KEY.public.check(b"4 kWh", SIGNATURE)


def test_another_persons_key_does_not_fit() -> None:
    with pytest.raises(BadSignature, match="does not fit"):
        derive("tests", "node 2").public.check(MESSAGE, SIGNATURE)


@pytest.mark.parametrize("length", [0, 1, 32, 63, 65, 72, 128])
def test_a_signature_of_another_length_is_refused_by_name(length: int) -> None:
    with pytest.raises(BadSignature, match=f"64 bytes, found {length}"):
        KEY.public.check(MESSAGE, (SIGNATURE * 2)[:length])


@pytest.mark.parametrize("r, s", [(0, 0), (0, 1), (1, 0), (N, 1), (N + 1, 1)])
def test_numbers_outside_1_to_n_are_no_signature(r: int, s: int) -> None:
    with pytest.raises(BadSignature):
        KEY.public.check(MESSAGE, joined(r, s))


def test_an_unknown_curve_is_refused_by_name() -> None:
    with pytest.raises(BadSignature, match="no curve 'ed25519'"):
        PublicKey(KEY.public.data, "ed25519").check(MESSAGE, SIGNATURE)


def test_a_key_does_not_fit_on_the_other_curve() -> None:
    with pytest.raises(BadSignature):
        PublicKey(KEY.public.data, "secp256k1").check(MESSAGE, SIGNATURE)


MALFORMED = {
    "nothing": b"",
    "one byte": b"\x02",
    "a wrong mark": b"\x05" + KEY.public.data[1:],
    "one byte too few": KEY.public.data[:-1],
    "one byte too many": KEY.public.data + b"\x00",
    "no point of the curve": b"\x02" + b"\xff" * 32,
    "text": b"-----BEGIN PUBLIC KEY-----",
    "half an OpenSSH key": b"ecdsa-sha2-nistp256 AAAA",
    "an OpenSSH private key": b"-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n",
    "empty DER": b"\x30\x00",
}


@pytest.mark.parametrize("data", MALFORMED.values(), ids=MALFORMED)
def test_a_malformed_public_key_is_a_bad_signature_and_nothing_else(data: bytes) -> None:
    with pytest.raises(BadSignature):
        PublicKey(data).check(MESSAGE, SIGNATURE)


@settings(max_examples=60)
@given(st.binary(max_size=80))
def test_random_bytes_are_no_public_key(data: bytes) -> None:
    with pytest.raises(BadSignature):
        PublicKey(data).check(MESSAGE, SIGNATURE)


OTHER_FORMS: dict[str, Callable[[ECC.EccKey], bytes | str]] = {
    "uncompressed": lambda point: point.export_key(format="SEC1"),
    "DER": lambda point: point.export_key(format="DER"),
    "PEM": lambda point: point.export_key(format="PEM"),
    "OpenSSH": lambda point: point.export_key(format="OpenSSH"),
}


@pytest.mark.parametrize("form", OTHER_FORMS)
def test_one_public_key_has_one_form_so_its_owner_has_one_address(form: str) -> None:
    point = ECC.construct(curve="p256", d=KEY.number).public_key()
    data = OTHER_FORMS[form](point)
    with pytest.raises(BadSignature):
        PublicKey(data if isinstance(data, bytes) else data.encode()).check(MESSAGE, SIGNATURE)


# --- making keys ----------------------------------------------------------------------


def test_a_seed_and_a_name_always_give_the_same_key() -> None:
    assert derive("tests", "node 1") == KEY
    assert 1 <= KEY.number < N


def test_another_name_or_another_seed_gives_another_key() -> None:
    keys = {derive(seed, name).number for seed in ("a", "b") for name in ("x", "y", "")}
    assert len(keys) == 6


def test_the_same_name_on_another_curve_is_another_owner() -> None:
    if "secp256k1" not in curves():
        pytest.skip("the installed pycryptodome does not offer secp256k1 (it came with 4.0)")
    assert derive("tests", "node 1", "secp256k1").public.address != KEY.public.address


def test_a_generated_key_comes_from_the_random_source_it_is_given() -> None:
    asked: list[int] = []

    def seven(count: int) -> bytes:
        asked.append(count)
        return (7).to_bytes(count, "big")

    assert generate(random_bytes=seven).number == 8
    assert asked == [48]


@pytest.mark.parametrize(("filler", "number"), [(b"\x00", 1), (b"\xff", None)])
def test_the_smallest_and_the_largest_random_bytes_still_give_a_key(
    filler: bytes, number: int | None
) -> None:
    key = generate(random_bytes=lambda count: filler * count)
    assert 1 <= key.number < N
    assert number is None or key.number == number
    key.public.check(MESSAGE, key.sign(MESSAGE))


def test_two_generated_keys_differ() -> None:
    assert generate() != generate()


@pytest.mark.parametrize("make", [derive, generate])
def test_no_key_is_made_on_an_unknown_curve(make: Callable[..., SecretKey]) -> None:
    with pytest.raises(UnknownCurve, match="p256"):
        make(curve="p521") if make is generate else make("tests", "node 1", "p521")


def test_p256_is_always_offered() -> None:
    assert curves()[0] == "p256"


def test_a_secret_key_does_not_print_its_secret() -> None:
    assert str(KEY.number) not in repr(KEY)
    assert f"{KEY.number:x}" not in repr(KEY)


def test_an_address_is_20_bytes_of_the_public_keys_digest() -> None:
    assert is_address(KEY.public.address)
    assert KEY.public.address == PublicKey(KEY.public.data).address


@pytest.mark.parametrize(
    "text",
    [
        "",
        "0x",
        "node 1",
        "0x" + "g" * 40,
        "0x" + "A" * 40,
        "0x" + "0" * 39,
        "1x" + "0" * 40,
        7,
        None,
    ],
)
def test_what_is_not_0x_and_40_small_hexadecimal_digits_is_no_address(text: object) -> None:
    assert not is_address(text)
