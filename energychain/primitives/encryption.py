r"""
Encryption keeps a message from everybody but those for whom it is meant.

A ledger shows every reading to every member. A home that writes its readings **encrypted**
shows them to the recipients that it chose, and to the others only that it wrote something:
how long it is, when it came, and for how many it is.

To **one** recipient this is HPKE (RFC 9180), base mode, with P-256, HKDF-SHA-256 and
AES-128-GCM. The sender makes a key pair for this message only; its secret number and the
recipient's public point lead to the same point as the two other halves,

.. math:: e \cdot R = e r \cdot G = r \cdot E

(ECDH). HKDF (RFC 5869) turns that point into a key and a nonce, and AES in Galois/counter
mode encrypts with them and adds a tag: whoever changes a bit, of the message or of the
**associated data** that go along in clear, is found out.

To **several** (an :class:`Envelope`) the message is encrypted once, with a key of its own,
and that key is sealed to each recipient. The envelope also binds the key itself: AES-GCM
alone would let a sender make one text that two keys open to two different readings, one
for the supplier and one for the grid operator.

**Chance is an argument.** The same seed and message give the same bytes, so that a lesson
can be repeated. In real use every message needs a new secret seed from the operating system,
``Crypto.Random.get_random_bytes(32)``: with a seed that others know, anybody can make the
same envelope from each reading that might be in it, and see which one fits.

What this does not do: it does not say who sent it (the transaction's signature does), and
somebody who takes a recipient's secret key later reads all that was ever sealed to it. Nor
should one key both sign and decrypt: a recipient has a key pair of its own for reading.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from Crypto.Cipher import AES
from Crypto.Protocol.DH import key_agreement
from Crypto.PublicKey import ECC

from energychain.primitives.encoding import NotDecodable, decode, encode
from energychain.primitives.keys import ORDER, Address, PublicKey, SecretKey, UnknownCurve
from energychain.primitives.mac import Mac
from energychain.primitives.refusals import Refusal

SEED_BYTES = 32
"""The least that a seed must have: as much as a secret key (RFC 9180, section 7.1.3)."""

TAG_BYTES = 16
"""What AES-GCM adds to a message [bytes]."""

_KEY_BYTES, _NONCE_BYTES, _SECRET_BYTES = 16, 12, 32


class BadKey(Refusal):
    """The public key is no point of the curve: nothing can be sealed to it."""

    rule = "key"


class CannotOpen(Refusal):
    """The key is not the recipient's, or something was changed on the way."""

    rule = "decryption"


class NotForYou(Refusal):
    """The envelope has no cover for this key."""

    rule = "recipient"


class TooLong(Refusal):
    """The message does not fit into the size to which it should be padded."""

    rule = "padding"


# --- keys from secrets: HKDF ----------------------------------------------------------


def hkdf_extract(salt: bytes, material: bytes) -> bytes:
    """One good key from a secret that is not evenly random (RFC 5869, section 2.2)."""
    return Mac(salt).tag(material)


def hkdf_expand(key: bytes, info: bytes, length: int) -> bytes:
    """As many bytes as are needed, others for each ``info`` (RFC 5869, section 2.3).

    Raises ``ValueError`` for more than 255 digests.
    """
    if length > 255 * 32:
        raise ValueError(f"HKDF gives at most {255 * 32} bytes, not {length}")
    mac, block, made = Mac(key), b"", b""
    for number in range(1, -(-length // 32) + 1):
        block = mac.tag(block + info + bytes([number]))
        made += block
    return made[:length]


# --- to one recipient: HPKE -----------------------------------------------------------

_KEM = b"KEM\x00\x10"
"""DHKEM(P-256, HKDF-SHA256) (RFC 9180, section 7.1)."""

_SUITE = b"HPKE\x00\x10\x00\x01\x00\x01"
"""With HKDF-SHA256 and AES-128-GCM (sections 7.2 and 7.3)."""

_BASE = b"\x00"
"""The mode in which the sender does not prove who it is."""


def _extract(suite: bytes, label: bytes, material: bytes, salt: bytes = b"") -> bytes:
    return hkdf_extract(salt, b"HPKE-v1" + suite + label + material)


def _expand(suite: bytes, key: bytes, label: bytes, info: bytes, length: int) -> bytes:
    return hkdf_expand(key, length.to_bytes(2, "big") + b"HPKE-v1" + suite + label + info, length)


def key_pair(seed: bytes) -> SecretKey:
    """The key pair that a secret seed leads to (RFC 9180, section 7.1.3).

    Raises ``ValueError`` for a seed of fewer than :data:`SEED_BYTES` bytes.
    """
    if len(seed) < SEED_BYTES:
        raise ValueError(f"a seed has at least {SEED_BYTES} bytes, not {len(seed)}")
    prk = _extract(_KEM, b"dkp_prk", seed)
    tries = (_expand(_KEM, prk, b"candidate", bytes([i]), 32) for i in range(256))
    numbers = (int.from_bytes(data, "big") for data in tries)
    return SecretKey(next(number for number in numbers if 0 < number < ORDER["p256"]))


@dataclass(frozen=True)
class Sealed:
    """A message that one key opens."""

    point: bytes
    """The public half of the key pair that was made for this message (65 bytes)."""

    data: bytes
    """The encrypted message and its tag: :data:`TAG_BYTES` longer than the message."""


def seal(
    message: bytes, recipient: PublicKey, *, seed: bytes, info: bytes = b"", associated: bytes = b""
) -> Sealed:
    """A message that only the owner of a key can open.

    ``info`` says what the two use this for, ``associated`` goes along in clear; to open it,
    both must be the same. ``seed`` must be secret and must never serve twice.

    >>> from energychain.primitives.keys import derive
    >>> supplier = derive("a lesson", "supplier, reading")
    >>> sealed = seal(b"0.42 kWh", supplier.public, seed=bytes(32), associated=b"14:15")
    >>> open_sealed(sealed, supplier, associated=b"14:15")
    b'0.42 kWh'
    >>> open_sealed(sealed, supplier, associated=b"14:30")
    Traceback (most recent call last):
    energychain.primitives.encryption.CannotOpen: another key, or something was changed

    Raises :class:`BadKey`, :class:`~energychain.primitives.keys.UnknownCurve` for a key that
    is not of P-256, and ``ValueError`` for a short seed.
    """
    own = key_pair(seed)
    point, theirs = _point(own.public), _point(recipient)
    key, nonce = _schedule(own, recipient, point + theirs, info)
    return Sealed(point, _encrypt(key, nonce, message, associated))


def open_sealed(
    sealed: Sealed, key: SecretKey, *, info: bytes = b"", associated: bytes = b""
) -> bytes:
    """The message in it; the opposite of :func:`seal`.

    Raises :class:`CannotOpen`. Which of the reasons it was, nobody can tell.
    """
    try:
        sender = ECC.import_key(sealed.point, curve_name="p256").public_key()
    except ValueError:
        raise CannotOpen("the sender's part is no point of the curve") from None
    data = sender.export_key(format="SEC1", compress=True)
    context = sealed.point + _point(key.public)
    return _decrypt(*_schedule(key, PublicKey(data), context, info), sealed.data, associated)


def _schedule(own: SecretKey, other: PublicKey, points: bytes, info: bytes) -> tuple[bytes, bytes]:
    """The key and the nonce on which both ends agree (RFC 9180, sections 4.1 and 5.1)."""
    agreed = key_agreement(
        static_priv=ECC.construct(curve="p256", d=own.number), static_pub=_read(other), kdf=bytes
    )
    prk = _extract(_KEM, b"eae_prk", agreed)
    shared = _expand(_KEM, prk, b"shared_secret", points, _SECRET_BYTES)
    nobody = _extract(_SUITE, b"psk_id_hash", b"")
    context = _BASE + nobody + _extract(_SUITE, b"info_hash", info)
    secret = _extract(_SUITE, b"secret", b"", salt=shared)
    key = _expand(_SUITE, secret, b"key", context, _KEY_BYTES)
    return key, _expand(_SUITE, secret, b"base_nonce", context, _NONCE_BYTES)


def _encrypt(key: bytes, nonce: bytes, message: bytes, associated: bytes) -> bytes:
    cipher = AES.new(key, AES.MODE_GCM, nonce=nonce)
    cipher.update(associated)
    data, tag = cipher.encrypt_and_digest(message)
    return data + tag


def _decrypt(key: bytes, nonce: bytes, data: bytes, associated: bytes) -> bytes:
    cipher = AES.new(key, AES.MODE_GCM, nonce=nonce)
    cipher.update(associated)
    try:
        return cipher.decrypt_and_verify(data[:-TAG_BYTES], data[-TAG_BYTES:])
    except ValueError:
        raise CannotOpen("another key, or something was changed") from None


def _point(key: PublicKey) -> bytes:
    return _read(key).export_key(format="SEC1", compress=False)


# Reading a compressed point takes a square root: keep what was read.
@lru_cache(maxsize=1024)
def _read(key: PublicKey) -> ECC.EccKey:
    if key.curve != "p256":
        raise UnknownCurve(f"messages are sealed to keys of p256, not of {key.curve!r}")
    try:
        return ECC.import_key(key.data, curve_name="p256").public_key()
    except ValueError:
        raise BadKey("the recipient's public key is no point of the curve p256") from None


# --- to several: an envelope ----------------------------------------------------------


@dataclass(frozen=True)
class Envelope:
    """One message, encrypted once, that each of several keys opens.

    >>> from energychain.primitives.keys import derive
    >>> supplier, grid = derive("a lesson", "supplier"), derive("a lesson", "grid")
    >>> envelope = enclose(b"0.42 kWh", [supplier.public, grid.public], seed=bytes(32))
    >>> envelope.open(supplier), envelope.open(grid)
    (b'0.42 kWh', b'0.42 kWh')
    >>> envelope.open(derive("a lesson", "a neighbour"))
    Traceback (most recent call last):
    energychain.primitives.encryption.NotForYou: not for 0xc4c7d74e…: it has 2 other recipients
    """

    covers: tuple[tuple[Address, Sealed], ...]
    """The key of the message, sealed to each recipient. Who they are is not hidden."""

    commitment: bytes
    """Binds the one key that is in all covers (32 bytes)."""

    data: bytes
    """The encrypted message and its tag."""

    def open(self, key: SecretKey, *, associated: bytes = b"") -> bytes:
        """The message.

        Raises :class:`NotForYou` if there is no cover for this key, :class:`CannotOpen` if
        something was changed.
        """
        own = key.public.address
        cover = next((sealed for address, sealed in self.covers if address == own), None)
        if cover is None:
            raise NotForYou(f"not for {own[:10]}…: it has {len(self.covers)} other recipients")
        content = open_sealed(cover, key, info=_ENVELOPE)
        if _committed(content) != self.commitment:
            raise CannotOpen("the key in your cover is not the one to which the envelope commits")
        return _decrypt(*_keys(content), self.data, self._bound(associated))

    @property
    def encoded(self) -> bytes:
        """The canonical bytes: what a transaction carries."""
        return encode(self)

    def _bound(self, associated: bytes) -> bytes:
        return encode((associated, self.covers, self.commitment))

    def __repr__(self) -> str:
        return f"<envelope: {len(self.encoded)} bytes for {len(self.covers)} recipients>"


def enclose(
    message: bytes, recipients: Sequence[PublicKey], *, seed: bytes, associated: bytes = b""
) -> Envelope:
    """A message for several recipients.

    The seed is mixed with the message, so one that serves twice by mistake betrays no more
    than that two envelopes are equal.

    Raises ``ValueError`` if nobody is to read it or for a short seed, and what :func:`seal`
    raises.
    """
    if not recipients or len({key.data for key in recipients}) < len(recipients):
        raise ValueError("an envelope has one or more recipients, each named once")
    if len(seed) < SEED_BYTES:
        raise ValueError(f"a seed has at least {SEED_BYTES} bytes, not {len(seed)}")
    addresses = tuple(key.address for key in recipients)
    root = hkdf_extract(seed, encode((message, associated, addresses)))
    content = hkdf_expand(root, b"content", _SECRET_BYTES)
    covers = tuple(
        (
            key.address,
            seal(
                content,
                key,
                seed=hkdf_expand(root, b"cover" + key.data, SEED_BYTES),
                info=_ENVELOPE,
            ),
        )
        for key in recipients
    )
    empty = Envelope(covers, _committed(content), b"")
    data = _encrypt(*_keys(content), message, empty._bound(associated))
    return Envelope(covers, empty.commitment, data)


def read_envelope(data: bytes) -> Envelope:
    """The envelope that has these bytes; the opposite of :attr:`Envelope.encoded`.

    Raises :class:`~energychain.primitives.encoding.NotDecodable` for anything else.
    """
    value = decode(data, {"Envelope": Envelope, "Sealed": Sealed})
    if not isinstance(value, Envelope) or not _is_whole(value):
        raise NotDecodable("the bytes are no envelope")
    return value


def _is_whole(envelope: Envelope) -> bool:
    covers = envelope.covers
    parts_are_bytes = type(envelope.commitment) is bytes and type(envelope.data) is bytes
    return (
        parts_are_bytes
        and type(covers) is tuple
        and all(type(cover) is tuple and len(cover) == 2 for cover in covers)
        and all(
            type(address) is str
            and isinstance(sealed, Sealed)
            and type(sealed.point) is bytes
            and type(sealed.data) is bytes
            for address, sealed in covers
        )
    )


_ENVELOPE = b"energychain envelope"


def _keys(content: bytes) -> tuple[bytes, bytes]:
    return (
        hkdf_expand(content, b"key", _KEY_BYTES),
        hkdf_expand(content, b"nonce", _NONCE_BYTES),
    )


def _committed(content: bytes) -> bytes:
    return hkdf_expand(content, b"commitment", 32)


# --- what the length would tell -------------------------------------------------------


def padded(message: bytes, size: int) -> bytes:
    """A message made ``size`` bytes long, so that its length says nothing about it.

    Raises :class:`TooLong` unless it is shorter than that.

    >>> padded(b"i42e", 8)
    b'i42e\\x80\\x00\\x00\\x00'
    >>> unpadded(padded(b"i42e", 8))
    b'i42e'
    """
    if len(message) >= size:
        raise TooLong(f"a message of {len(message)} bytes cannot be padded to {size}")
    return (message + b"\x80").ljust(size, b"\0")


def unpadded(data: bytes) -> bytes:
    """The message as it was before :func:`padded`.

    Raises :class:`CannotOpen` if it was not.
    """
    message, mark, rest = data.rpartition(b"\x80")
    if not mark or rest.strip(b"\0"):
        raise CannotOpen("the message was not padded")
    return message
