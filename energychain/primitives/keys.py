"""
A key pair lets its owner say "this was me". The secret key signs; everybody
else checks with the public key; an address is a short name for the public key.

Signatures are ECDSA over P-256 with SHA-256 and the deterministic nonce of
RFC 6979: the same key and message always give the same 64 bytes (r then s), so
no lesson depends on chance and no weak random number can leak the key.

ECDSA has a blemish: if (r, s) is valid, so is (r, n - s). Anybody could alter a
signature without the key. We accept only the smaller of the two ("low s"), as
Bitcoin (BIP 146) and Ethereum (EIP-2) do.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import NewType

from Crypto.Hash import SHA256
from Crypto.PublicKey import ECC
from Crypto.Random import get_random_bytes
from Crypto.Signature import DSS

from energychain.primitives.hashing import sha256
from energychain.primitives.refusals import Refusal

Address = NewType("Address", str)
"""``0x`` and 40 hexadecimal digits: the last 20 bytes of SHA-256 of the public key."""

ORDER = {
    "p256": 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551,
    "secp256k1": 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141,
}
"""The order n of each curve's base point (SEC 2, sections 2.4.2 and 2.4.1)."""


class BadSignature(Refusal):
    """The signature is not the key owner's for this message."""

    rule = "signature"


class UnknownCurve(Refusal):
    """The installed pycryptodome does not offer this curve."""

    rule = "curve"


def curves() -> tuple[str, ...]:
    """The curves that the installed pycryptodome offers; P-256 always.

    >>> "p256" in curves()
    True
    """
    return tuple(curve for curve in ORDER if _offered(curve))


@lru_cache
def _offered(curve: str) -> bool:
    try:
        ECC.construct(curve=curve, d=1)
    except ValueError:
        return False
    return True


@dataclass(frozen=True)
class PublicKey:
    """What others need to check a signature."""

    data: bytes
    """The point on the curve, compressed (33 bytes, SEC 1 section 2.3.3)."""

    curve: str = "p256"
    """``p256``, or ``secp256k1`` where pycryptodome 4 is installed."""

    @cached_property
    def address(self) -> Address:
        """The short name of this key.

        >>> derive("a lesson", "node 1").public.address
        '0xcab53bbb748773d245df303870be7856376f1c74'
        """
        return _address(self.data)

    def check(self, message: bytes, signature: bytes) -> None:
        """Raise :class:`BadSignature` unless the owner of this key signed the message.

        >>> key = derive("a lesson", "node 1")
        >>> key.public.check(b"3 kWh", key.sign(b"3 kWh"))
        >>> key.public.check(b"4 kWh", key.sign(b"3 kWh"))
        Traceback (most recent call last):
        energychain.primitives.keys.BadSignature: the signature does not fit this message and key
        """
        if self.curve not in ORDER:
            raise BadSignature(f"there is no curve {self.curve!r}")
        if len(signature) != 64:
            raise BadSignature(f"expected a signature of 64 bytes, found {len(signature)}")
        if int.from_bytes(signature[32:], "big") > ORDER[self.curve] // 2:
            raise BadSignature("the signature has the high s: its mirror image was signed")
        if len(self.data) != 33 or self.data[0] not in (2, 3):
            raise BadSignature("the public key is no compressed point of 33 bytes")
        try:
            _verifier(self.curve, self.data).verify(SHA256.new(message), signature)
        except ValueError:
            raise BadSignature("the signature does not fit this message and key") from None


@dataclass(frozen=True)
class SecretKey:
    """What the owner keeps to itself."""

    number: int = field(repr=False)
    """The secret number, from 1 to n - 1."""

    curve: str = "p256"

    @cached_property
    def public(self) -> PublicKey:
        """The public key that belongs to this secret."""
        point = _signing_key(self.curve, self.number).public_key()
        return PublicKey(point.export_key(format="SEC1", compress=True), self.curve)

    def sign(self, message: bytes) -> bytes:
        """The signature of a message: r and the low s, 32 bytes each (RFC 6979).

        >>> derive("a lesson", "node 1").sign(b"3 kWh").hex()[:16]
        '363e18c870aad4bb'
        """
        signature = _signer(self.curve, self.number).sign(SHA256.new(message))
        s = int.from_bytes(signature[32:], "big")
        low_s = min(s, ORDER[self.curve] - s)
        return signature[:32] + low_s.to_bytes(32, "big")


def derive(seed: str, name: str, curve: str = "p256") -> SecretKey:
    """The key of a named account in a lesson: the same seed and name give the same key.

    HKDF (RFC 5869) stretches the seed to 48 bytes, which are reduced modulo
    n - 1 (FIPS 186-5, appendix A.2.1: the extra bits make the bias negligible).
    For lessons only: whoever knows the seed owns the money.

    >>> derive("a lesson", "node 1") == derive("a lesson", "node 1")
    True
    """
    # Imported here because it takes longer to load than the rest of this floor.
    from Crypto.Protocol.KDF import HKDF

    _require(curve)
    material = HKDF(seed.encode(), 48, b"energychain", SHA256, context=name.encode())
    assert isinstance(material, bytes)
    return SecretKey(int.from_bytes(material, "big") % (ORDER[curve] - 1) + 1, curve)


def generate(
    curve: str = "p256", random_bytes: Callable[[int], bytes] = get_random_bytes
) -> SecretKey:
    """A key for real use, from the operating system's randomness.

    >>> generate() == generate()
    False
    """
    _require(curve)
    number = int.from_bytes(random_bytes(48), "big") % (ORDER[curve] - 1) + 1
    return SecretKey(number, curve)


def is_address(text: object) -> bool:
    """Whether this is written like an address.

    >>> is_address("0xcab53bbb748773d245df303870be7856376f1c74"), is_address("node 1")
    (True, False)
    """
    return (
        isinstance(text, str)
        and len(text) == 42
        and text.startswith("0x")
        and set(text[2:]) <= set("0123456789abcdef")
    )


def _require(curve: str) -> None:
    if curve not in ORDER or not _offered(curve):
        raise UnknownCurve(f"{curve!r} is not offered here; choose from {', '.join(curves())}")


@lru_cache(maxsize=1024)
def _signing_key(curve: str, number: int) -> ECC.EccKey:
    return ECC.construct(curve=curve, d=number)


@lru_cache(maxsize=1024)
def _signer(curve: str, number: int) -> DSS.DssSigScheme:
    return DSS.new(_signing_key(curve, number), "deterministic-rfc6979")


@lru_cache(maxsize=65_536)
def _address(data: bytes) -> Address:
    return Address("0x" + sha256(data)[-20:].hex())


# Reading a compressed point costs as much as a verification: keep what was read.
@lru_cache(maxsize=65_536)
def _verifier(curve: str, data: bytes) -> DSS.DssSigScheme:
    key = ECC.import_key(data, curve_name=curve)
    return DSS.new(key, "deterministic-rfc6979")
