"""
An exhibit: how Ethereum names an account, for comparison with ours and as published truth
to test against. The ledger does not use it.

Keccak-256 is the hash as its authors handed it in. When NIST made it SHA-3 (FIPS 202, 2015)
it changed the padding, so the two give different digests. Ethereum had begun before.
"""

from Crypto.Hash import keccak
from Crypto.PublicKey import ECC

from energychain.primitives.hashing import Digest
from energychain.primitives.keys import PublicKey


def keccak256(data: bytes) -> Digest:
    """Keccak-256 of bytes, which is not SHA3-256.

    >>> keccak256(b"abc").hex()
    '4e03657aea45a94fc7d47ba826c8d667c0d1e6e33a64a036ec44f58fa12d6c45'
    """
    hasher = keccak.new(digest_bits=256)
    hasher.update(data)
    return Digest(hasher.digest())


def checksummed(address: str) -> str:
    """An address with capital letters where the Keccak-256 of its small letters has a digit
    of 8 or more (EIP-55). Whoever mistypes one digit is found out, but for 1 in 4,000.

    >>> checksummed("0x5aaeb6053f3e94c9b9a09f33669435e7ef1beaed")
    '0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed'
    """
    digits = address.removeprefix("0x").lower()
    marks = keccak256(digits.encode()).hex()
    marked = zip(digits, marks, strict=False)  # an address has 40 digits, a digest 64
    return "0x" + "".join(digit.upper() if mark > "7" else digit for digit, mark in marked)


def ethereum_address(key: PublicKey) -> str:
    """The last 20 bytes of the Keccak-256 of both coordinates, written with their checksum.

    Raises ``ValueError`` unless pycryptodome offers the key's curve (secp256k1 since 4.0).
    """
    point = ECC.import_key(key.data, curve_name=key.curve).pointQ
    both = b"".join(int(number).to_bytes(32, "big") for number in (point.x, point.y))
    return checksummed(keccak256(both)[-20:].hex())
