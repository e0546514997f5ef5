"""
One value, one byte string. A digest or a signature speaks about bytes, so two
people who mean the same value must write the same bytes, and two different
values must never share them.

===========  =======================================  ====================
value        bytes                                    example
===========  =======================================  ====================
integer      ``i`` decimal digits ``e``               ``42`` is ``i42e``
text         ``t`` length ``:`` UTF-8                 ``"kWh"`` is ``t3:kWh``
bytes        ``b`` length ``:`` the bytes             ``b"\\0"`` is ``b1:\\0``
tuple        ``(`` the items ``)``                    ``(1, 2)`` is ``(i1ei2e)``
record       ``r`` name as text, the fields ``)``     a frozen dataclass
===========  =======================================  ====================

Every value announces its kind in its first byte and its end by a length or a
closing mark, so no value's bytes are the beginning of another's: the code is
prefix-free, hence injective. :func:`decode` reads the bytes back.

Floats are refused: ``0.1 + 0.2`` and ``0.3`` print alike on some machines and
are different numbers. So are ``True`` (is it ``1``?), ``None``, lists and
dictionaries (whose order is an accident).
"""

from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass
from functools import cache
from operator import attrgetter
from typing import Any

from energychain.primitives.refusals import Refusal

type_names = "an integer, text, bytes, a tuple or a frozen dataclass"


class NotEncodable(Refusal):
    """The value has no canonical bytes."""

    rule = "encoding"


class NotDecodable(Refusal):
    """The bytes are not the encoding of any value."""

    rule = "encoding"


def encode(value: object) -> bytes:
    """The canonical bytes of a value.

    >>> encode((1, "kWh", b"!"))
    b'(i1et3:kWhb1:!)'
    >>> encode(0.1)
    Traceback (most recent call last):
    energychain.primitives.encoding.NotEncodable: a float has no canonical bytes: 0.1; use a \
whole number of a smaller unit

    Raises :class:`NotEncodable` for a value of any other kind, for one nested too deeply,
    and for an integer of more than 4,300 digits, which Python does not write.
    """
    try:
        return _encode(value)
    except RecursionError:
        raise NotEncodable("a value nested this deeply has no canonical bytes") from None


def _encode(value: object) -> bytes:
    if type(value) is int:
        return _integer(value)
    if type(value) is str:
        return _text(value)
    if type(value) is bytes:
        return b"b%d:%b" % (len(value), value)
    if type(value) is tuple:
        return b"(" + b"".join(map(_encode, value)) + b")"
    kind: type = type(value)
    record = _record(kind)
    if record is not None:
        opening, field_values = record
        return opening + b"".join(map(_encode, field_values(value))) + b")"
    if kind is float:
        raise NotEncodable(
            f"a float has no canonical bytes: {value!r}; use a whole number of a smaller unit"
        )
    raise NotEncodable(f"{kind.__name__} has no canonical bytes: {value!r}; use {type_names}")


def _integer(value: int) -> bytes:
    try:
        return b"i%de" % value
    except ValueError:
        raise NotEncodable("an integer of more than 4,300 digits has no canonical bytes") from None


def _text(value: str) -> bytes:
    try:
        data = value.encode()
    except UnicodeEncodeError:
        raise NotEncodable(f"text with half a character in it: {value!r}") from None
    return b"t%d:%b" % (len(data), data)


@cache
def _record(kind: type) -> tuple[bytes, Callable[[object], tuple[object, ...]]] | None:
    if not is_dataclass(kind) or not kind.__dataclass_params__.frozen:  # type: ignore[attr-defined]
        return None
    names = [field.name for field in fields(kind)]
    opening = b"r" + _text(kind.__name__)
    if not names:
        return opening, lambda value: ()
    getter: Callable[[object], Any] = attrgetter(*names)
    if len(names) == 1:
        return opening, lambda value: (getter(value),)
    return opening, getter


def decode(data: bytes, records: Mapping[str, type] | None = None) -> object:
    """The value that has these canonical bytes; the inverse of :func:`encode`.

    ``records`` names the record types that may occur, by class name.

    >>> decode(b"(i1et3:kWhb1:!)")
    (1, 'kWh', b'!')
    >>> decode(b"i01e")
    Traceback (most recent call last):
    energychain.primitives.encoding.NotDecodable: b'i01e' is not the canonical form of 1

    Raises :class:`NotDecodable` if there is no such value.
    """
    try:
        value, end = _decode(data, 0, records or {})
    except RecursionError:
        raise NotDecodable("the bytes are nested too deeply") from None
    if end != len(data):
        raise NotDecodable(f"{len(data) - end} bytes are left over after the value")
    if encode(value) != data:
        raise NotDecodable(f"{data!r} is not the canonical form of {value!r}")
    return value


def _decode(data: bytes, at: int, records: Mapping[str, type]) -> tuple[object, int]:
    mark = data[at : at + 1]
    if mark == b"i":
        end = data.find(b"e", at)
        return _whole_number(data[at + 1 : end] if end > 0 else b""), end + 1
    if mark in (b"t", b"b"):
        colon = data.find(b":", at)
        length = _whole_number(data[at + 1 : colon] if colon > 0 else b"")
        content = data[colon + 1 : colon + 1 + length]
        if length < 0 or len(content) != length:
            raise NotDecodable(f"expected {length} bytes after position {colon}")
        if mark == b"b":
            return content, colon + 1 + length
        try:
            return content.decode(), colon + 1 + length
        except UnicodeDecodeError:
            raise NotDecodable(f"the text at position {colon + 1} is not UTF-8") from None
    if mark == b"(":
        items, end = _decode_items(data, at + 1, records)
        return tuple(items), end
    if mark == b"r":
        name, start = _decode(data, at + 1, records)
        items, end = _decode_items(data, start, records)
        if not isinstance(name, str) or name not in records:
            raise NotDecodable(f"no record type is named {name!r}")
        return _make(records[name], items), end
    raise NotDecodable(f"no value begins with {mark!r} (position {at})")


def _decode_items(data: bytes, at: int, records: Mapping[str, type]) -> tuple[list[object], int]:
    items = []
    while data[at : at + 1] != b")":
        item, at = _decode(data, at, records)
        items.append(item)
    return items, at + 1


def _make(kind: type, items: list[object]) -> object:
    if len(items) != len(fields(kind)):
        raise NotDecodable(f"{kind.__name__} has {len(fields(kind))} fields, found {len(items)}")
    return kind(*items)


def _whole_number(digits: bytes) -> int:
    try:
        return int(digits)
    except ValueError:
        raise NotDecodable(f"expected decimal digits, found {digits!r}") from None
