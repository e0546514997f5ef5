"""Encryption against RFC 5869, RFC 9180 and pycryptodome's own HKDF and HPKE; and what must not
open.
"""

import importlib.util
from dataclasses import replace

import pytest
from Crypto.Hash import SHA256
from Crypto.Protocol.KDF import HKDF
from Crypto.PublicKey import ECC
from hypothesis import given, settings
from hypothesis import strategies as st

from energychain.primitives.encoding import NotDecodable, encode
from energychain.primitives.encryption import (
    TAG_BYTES,
    BadKey,
    CannotOpen,
    Envelope,
    NotForYou,
    Sealed,
    TooLong,
    _committed,
    _encrypt,
    _keys,
    enclose,
    hkdf_expand,
    hkdf_extract,
    key_pair,
    open_sealed,
    padded,
    read_envelope,
    seal,
    unpadded,
)
from energychain.primitives.keys import PublicKey, UnknownCurve, derive

HKDF_VECTORS = {  # RFC 5869, appendix A, the cases with SHA-256
    "A.1": (
        b"\x0b" * 22,
        bytes(range(13)),
        bytes(range(0xF0, 0xFA)),
        "077709362c2e32df0ddc3f0dc47bba6390b6c73bb50f9c3122ec844ad7c2b3e5",
        "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865",
    ),
    "A.2": (
        bytes(range(0x50)),
        bytes(range(0x60, 0xB0)),
        bytes(range(0xB0, 0x100)),
        "06a6b88c5853361a06104c9ceb35b45cef760014904671014a193f40c15fc244",
        "b11e398dc80327a1c8e7f78c596a49344f012eda2d4efad8a050cc4c19afa97c"
        "59045a99cac7827271cb41c65e590e09da3275600c2f09b8367793a9aca3db71"
        "cc30c58179ec3e87c14c01d5c1f3434f1d87",
    ),
    "A.3": (
        b"\x0b" * 22,
        b"",
        b"",
        "19ef24a32c717b167f33a91d6f648bdf96596776afdb6377ac434c1c293ccb04",
        "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8",
    ),
}

# RFC 9180, appendix A.3.1: DHKEM(P-256, HKDF-SHA256), HKDF-SHA256, AES-128-GCM, base mode.
HPKE_INFO = bytes.fromhex("4f6465206f6e2061204772656369616e2055726e")
HPKE_SENDER_SEED = bytes.fromhex("4270e54ffd08d79d5928020af4686d8f6b7d35dbe470265f1f5aa22816ce860e")
HPKE_SENDER_NUMBER = 0x4995788EF4B9D6132B249CE59A77281493EB39AF373D236A1FE415CB0C2D7BEB
HPKE_RECIPIENT_SEED = bytes.fromhex(
    "668b37171f1072f3cf12ea8a236a45df23fc13b82af3609ad1e354f6ef817550"
)
HPKE_RECIPIENT_NUMBER = 0xF3CE7FDAE57E1A310D87F1EBBDE6F328BE0A99CDBCADF4D6589CF29DE4B8FFD2
HPKE_POINT = (
    "04a92719c6195d5085104f469a8b9814d5838ff72b60501e2c4466e5e67b325ac"
    "98536d7b61a1af4b78e5b7f951c0900be863c403ce65c9bfcb9382657222d18c4"
)
HPKE_MESSAGE = b"Beauty is truth, truth beauty"
HPKE_DATA = (
    "5ad590bb8baa577f8619db35a36311226a896e7342a6d836d8b7bcd2f20b6c7f9076ac232e3ab2523f39513434"
)

SEED = bytes(range(32))
SUPPLIER, GRID, NEIGHBOUR = (derive("a test", name) for name in ("supplier", "grid", "neighbour"))
BOTH = [SUPPLIER.public, GRID.public]


# --- published vectors and other implementations --------------------------------------


@pytest.mark.parametrize(
    ("material", "salt", "info", "prk", "okm"), HKDF_VECTORS.values(), ids=HKDF_VECTORS
)
def test_hkdf_is_the_published_one(
    material: bytes, salt: bytes, info: bytes, prk: str, okm: str
) -> None:
    key = hkdf_extract(salt, material)
    assert key.hex() == prk
    assert hkdf_expand(key, info, len(okm) // 2).hex() == okm


@given(st.binary(max_size=80), st.binary(max_size=80), st.binary(max_size=80), st.integers(1, 200))
@settings(max_examples=40)
def test_hkdf_is_what_pycryptodome_makes(
    material: bytes, salt: bytes, info: bytes, length: int
) -> None:
    theirs = HKDF(material, length, salt, SHA256, context=info)
    assert hkdf_expand(hkdf_extract(salt, material), info, length) == theirs


def test_hkdf_ends_after_255_digests() -> None:
    assert len(hkdf_expand(SEED, b"", 255 * 32)) == 255 * 32
    with pytest.raises(ValueError, match="at most 8160 bytes"):
        hkdf_expand(SEED, b"", 255 * 32 + 1)


def test_key_pairs_from_seeds_are_the_published_ones() -> None:
    assert key_pair(HPKE_SENDER_SEED).number == HPKE_SENDER_NUMBER
    assert key_pair(HPKE_RECIPIENT_SEED).number == HPKE_RECIPIENT_NUMBER


def test_a_sealed_message_is_the_published_one() -> None:
    recipient = key_pair(HPKE_RECIPIENT_SEED)
    sealed = seal(
        HPKE_MESSAGE,
        recipient.public,
        seed=HPKE_SENDER_SEED,
        info=HPKE_INFO,
        associated=b"Count-0",
    )
    assert (sealed.point.hex(), sealed.data.hex()) == (HPKE_POINT, HPKE_DATA)
    opened = open_sealed(sealed, recipient, info=HPKE_INFO, associated=b"Count-0")
    assert opened == HPKE_MESSAGE


@pytest.mark.skipif(
    importlib.util.find_spec("Crypto.Protocol.HPKE") is None, reason="older than pycryptodome 3.23"
)
def test_pycryptodome_opens_what_we_sealed_and_we_open_what_it_sealed() -> None:
    from Crypto.Protocol import HPKE

    secret = ECC.construct(curve="p256", d=SUPPLIER.number)
    ours = seal(b"0.42 kWh", SUPPLIER.public, seed=SEED, info=b"readings", associated=b"14:15")
    context = HPKE.new(
        receiver_key=secret, aead_id=HPKE.AEAD.AES128_GCM, enc=ours.point, info=b"readings"
    )
    assert context.unseal(ours.data, b"14:15") == b"0.42 kWh"
    sender = HPKE.new(
        receiver_key=secret.public_key(), aead_id=HPKE.AEAD.AES128_GCM, info=b"readings"
    )
    theirs = Sealed(sender.enc, sender.seal(b"0.43 kWh", b"14:30"))
    assert open_sealed(theirs, SUPPLIER, info=b"readings", associated=b"14:30") == b"0.43 kWh"


# --- to one recipient -----------------------------------------------------------------


@given(st.binary(max_size=100), st.binary(max_size=20), st.binary(min_size=32, max_size=40))
@settings(max_examples=25)
def test_what_was_sealed_opens_and_is_a_tag_longer(
    message: bytes, associated: bytes, seed: bytes
) -> None:
    sealed = seal(message, SUPPLIER.public, seed=seed, associated=associated)
    assert open_sealed(sealed, SUPPLIER, associated=associated) == message
    assert len(sealed.data) == len(message) + TAG_BYTES
    assert len(sealed.point) == 65


def test_one_seed_gives_one_text_and_another_seed_another() -> None:
    one = seal(b"0.42 kWh", SUPPLIER.public, seed=SEED)
    assert one == seal(b"0.42 kWh", SUPPLIER.public, seed=SEED)
    other = seal(b"0.42 kWh", SUPPLIER.public, seed=SEED[::-1])
    assert one.point != other.point
    assert one.data != other.data


def test_nobody_else_opens_it() -> None:
    sealed = seal(b"0.42 kWh", SUPPLIER.public, seed=SEED)
    with pytest.raises(CannotOpen, match="another key"):
        open_sealed(sealed, NEIGHBOUR)


@given(st.data())
@settings(max_examples=25)
def test_no_changed_bit_opens(data: st.DataObject) -> None:
    sealed = seal(b"0.42 kWh", SUPPLIER.public, seed=SEED, associated=b"14:15")
    whole = bytearray(sealed.point + sealed.data + b"14:15")
    bit = data.draw(st.integers(0, 8 * len(whole) - 1))
    whole[bit // 8] ^= 1 << bit % 8
    changed = Sealed(bytes(whole[:65]), bytes(whole[65:-5]))
    with pytest.raises(CannotOpen):
        open_sealed(changed, SUPPLIER, associated=bytes(whole[-5:]))


@pytest.mark.parametrize("length", range(0, TAG_BYTES + 8))
def test_no_shortened_message_opens(length: int) -> None:
    sealed = seal(b"0.42 kWh", SUPPLIER.public, seed=SEED)
    with pytest.raises(CannotOpen):
        open_sealed(replace(sealed, data=sealed.data[:length]), SUPPLIER)


def test_info_must_agree() -> None:
    sealed = seal(b"0.42 kWh", SUPPLIER.public, seed=SEED, info=b"readings")
    with pytest.raises(CannotOpen):
        open_sealed(sealed, SUPPLIER, info=b"prices")


@pytest.mark.parametrize("point", [b"", bytes(65), b"\x04" + bytes(64), b"\x05" * 33])
def test_a_sender_whose_point_is_not_on_the_curve_is_refused(point: bytes) -> None:
    with pytest.raises(CannotOpen):
        open_sealed(Sealed(point, bytes(24)), SUPPLIER)


def test_nothing_is_sealed_to_a_key_that_is_none() -> None:
    with pytest.raises(BadKey, match="no point"):
        seal(b"", PublicKey(b"\x02" + b"\xff" * 32), seed=SEED)
    with pytest.raises(UnknownCurve, match="secp256k1"):
        seal(b"", PublicKey(SUPPLIER.public.data, "secp256k1"), seed=SEED)


@pytest.mark.parametrize("length", [0, 31])
def test_a_short_seed_is_refused(length: int) -> None:
    with pytest.raises(ValueError, match="at least 32 bytes"):
        seal(b"", SUPPLIER.public, seed=bytes(length))
    with pytest.raises(ValueError, match="at least 32 bytes"):
        enclose(b"", BOTH, seed=bytes(length))


# --- to several -----------------------------------------------------------------------


@given(st.binary(max_size=60), st.integers(1, 3), st.binary(max_size=10))
@settings(max_examples=15)
def test_every_recipient_opens_an_envelope(message: bytes, count: int, associated: bytes) -> None:
    readers = [SUPPLIER, GRID, NEIGHBOUR][:count]
    envelope = enclose(message, [key.public for key in readers], seed=SEED, associated=associated)
    assert [envelope.open(key, associated=associated) for key in readers] == [message] * count
    assert len(envelope.data) == len(message) + TAG_BYTES
    assert read_envelope(envelope.encoded) == envelope


def test_others_are_told_that_it_is_not_for_them() -> None:
    with pytest.raises(NotForYou, match="2 other recipients"):
        enclose(b"0.42 kWh", BOTH, seed=SEED).open(NEIGHBOUR)


def test_a_cover_put_under_another_name_does_not_open() -> None:
    envelope = enclose(b"0.42 kWh", BOTH, seed=SEED)
    stolen = (NEIGHBOUR.public.address, envelope.covers[0][1])
    with pytest.raises(CannotOpen, match="another key"):
        replace(envelope, covers=(stolen, envelope.covers[1])).open(NEIGHBOUR)


def test_taking_a_recipient_away_shows() -> None:
    envelope = enclose(b"0.42 kWh", BOTH, seed=SEED)
    with pytest.raises(CannotOpen):
        replace(envelope, covers=envelope.covers[:1]).open(SUPPLIER)


@pytest.mark.parametrize("part", ["commitment", "data"])
def test_a_changed_part_shows(part: str) -> None:
    envelope = enclose(b"0.42 kWh", BOTH, seed=SEED)
    changed = bytearray(getattr(envelope, part))
    changed[0] ^= 1
    with pytest.raises(CannotOpen):
        replace(envelope, **{part: bytes(changed)}).open(GRID)


def test_other_associated_data_do_not_open() -> None:
    envelope = enclose(b"0.42 kWh", BOTH, seed=SEED, associated=b"14:15")
    with pytest.raises(CannotOpen):
        envelope.open(SUPPLIER, associated=b"14:30")


def test_a_sender_cannot_give_two_recipients_two_keys() -> None:
    # AES-GCM does not bind its key; the commitment does.
    honest = enclose(b"0.42 kWh", BOTH, seed=SEED)
    other = bytes(32)
    cover = (GRID.public.address, seal(other, GRID.public, seed=SEED, info=b"energychain envelope"))
    covers = (honest.covers[0], cover)
    draft = Envelope(covers, _committed(other), b"")
    forged = replace(draft, data=_encrypt(*_keys(other), b"9.99 kWh", draft._bound(b"")))
    assert forged.open(GRID) == b"9.99 kWh"
    with pytest.raises(CannotOpen, match="commits"):
        forged.open(SUPPLIER)
    with pytest.raises(CannotOpen, match="commits"):
        replace(forged, commitment=honest.commitment).open(GRID)


def test_one_seed_for_two_readings_shares_no_key() -> None:
    one, two = (enclose(reading, BOTH, seed=SEED) for reading in (b"0.42 kWh", b"0.43 kWh"))
    assert one.commitment != two.commitment
    assert one.covers[0][1].point != two.covers[0][1].point
    assert one == enclose(b"0.42 kWh", BOTH, seed=SEED)


def test_an_envelope_is_for_somebody_and_for_nobody_twice() -> None:
    for recipients in ([], [SUPPLIER.public, SUPPLIER.public]):
        with pytest.raises(ValueError, match="each named once"):
            enclose(b"", recipients, seed=SEED)


def test_what_shows_is_the_length_and_the_recipients() -> None:
    envelope = enclose(b"0.42 kWh", BOTH, seed=SEED)
    assert repr(envelope) == f"<envelope: {len(encode(envelope))} bytes for 2 recipients>"


@pytest.mark.parametrize(
    "value",
    [
        7,
        Sealed(b"", b""),
        Envelope((), "", b""),  # type: ignore[arg-type]
        Envelope(7, b"", b""),  # type: ignore[arg-type]
        Envelope(((SUPPLIER.public.address,),), b"", b""),  # type: ignore[arg-type]
        Envelope(((7, Sealed(b"", b"")),), b"", b""),  # type: ignore[arg-type]
        Envelope(((SUPPLIER.public.address, Sealed(7, b"")),), b"", b""),  # type: ignore[arg-type]
    ],
)
def test_other_bytes_are_no_envelope(value: object) -> None:
    with pytest.raises(NotDecodable):
        read_envelope(encode(value))


# --- padding --------------------------------------------------------------------------


@given(st.binary(max_size=30), st.integers(1, 10))
def test_padding_comes_off_again(message: bytes, more: int) -> None:
    data = padded(message, len(message) + more)
    assert len(data) == len(message) + more
    assert unpadded(data) == message


def test_padding_is_refused_by_name() -> None:
    with pytest.raises(TooLong, match="8 bytes cannot be padded to 8"):
        padded(b"0.42 kWh", 8)
    for data in (b"", b"0.42 kWh", b"\x80\x00\x01"):
        with pytest.raises(CannotOpen, match="not padded"):
            unpadded(data)
