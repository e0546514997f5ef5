"""What contracts share: reading a caller's arguments, and saying no."""

from collections.abc import Callable, Mapping

from energychain.ledger.state import Call, Outcome, Storage
from energychain.ledger.transaction import Value
from energychain.primitives.encoding import encode
from energychain.primitives.hashing import sha256
from energychain.primitives.keys import Address, is_address
from energychain.primitives.refusals import Refusal


class UnknownFunction(Refusal):
    """The contract has no such function."""

    rule = "function"


class BadArguments(Refusal):
    """The call's arguments are not what the function takes."""

    rule = "arguments"


def arguments(call: Call, *names: str) -> tuple[Value, ...]:
    """The call's arguments, as many as are named.

    Raises :class:`BadArguments` if there are more or fewer.
    """
    if len(call.arguments) != len(names):
        raise BadArguments(
            f"{call.function} takes {', '.join(names)}; found {len(call.arguments)} arguments"
        )
    return call.arguments


Function = Callable[[Storage, Address, Call], Outcome]
"""One function of a contract."""


def answered(
    contract: str,
    functions: Mapping[str, Function],
    storage: Storage,
    sender: Address,
    call: Call,
) -> Outcome:
    """What the called function of a contract answers.

    Raises :class:`UnknownFunction` if it is not one of them.
    """
    if call.function not in functions:
        raise unknown_function(contract, call, *functions)
    return functions[call.function](storage, sender, call)


MOST = 2**128
"""No amount of anything is larger, so that sums and products stay readable."""


def whole(value: Value, name: str, least: int = 0) -> int:
    """A whole number from ``least`` to :data:`MOST`, or :class:`BadArguments`."""
    if not isinstance(value, int) or not least <= value <= MOST:
        found = repr(value) if not isinstance(value, int) or abs(value) <= MOST else "a huge one"
        raise BadArguments(f"{name}: expected a whole number from {least} to 2^128, found {found}")
    return value


def address(value: Value, name: str) -> Address:
    """An address, or :class:`BadArguments`."""
    if not is_address(value):
        raise BadArguments(f"{name}: expected an address, found {value!r}")
    return Address(str(value))


def addresses(value: Value, name: str) -> tuple[Address, ...]:
    """A tuple of different addresses, or :class:`BadArguments`."""
    if not isinstance(value, tuple):
        raise BadArguments(f"{name}: expected a tuple of addresses, found {value!r}")
    found = tuple(address(item, name) for item in value)
    if len(set(found)) < len(found):
        raise BadArguments(f"{name}: somebody is named twice")
    return found


def unknown_function(contract: str, call: Call, *known: str) -> UnknownFunction:
    """The refusal for a function that the contract does not have."""
    return UnknownFunction(f"{contract} has no {call.function!r}; it has {', '.join(known)}")


def vault(contract: str) -> Address:
    """The account that holds what is deposited with a contract. It is the digest of the
    contract's name, so nobody has a key to it: only the contract's own rules move it.

    >>> vault("charging_quota")[:10]
    '0xc8b10ace'
    """
    return Address("0x" + sha256(encode(("vault", contract)))[-20:].hex())
