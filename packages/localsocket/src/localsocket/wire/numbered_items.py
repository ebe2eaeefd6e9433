"""What the items of a numbered subscription are: where it begins, then each message with its number."""

from __future__ import annotations

from typing import overload

import msgspec

from localsocket.interfaces import Outline
from localsocket.values.gathering import Written
from localsocket.wire.frames import Body
from localsocket.wire.greeting import Count

_PAIR = b"\x92"  # an array of two


class Beginning(msgspec.Struct, array_like=True, frozen=True):
    """The first item: the number of the last message before it, and who counts. Another `life` began again with 1."""

    last: Count
    life: bytes


class NumberedItem(msgspec.Struct, array_like=True):
    """Each further item: the messages of a topic are numbered from 1, whether or not anybody is subscribed."""

    number: Count
    message: msgspec.Raw


_encode = msgspec.msgpack.Encoder().encode
_decode_beginning = msgspec.msgpack.Decoder(Beginning).decode
_decode_item = msgspec.msgpack.Decoder(NumberedItem).decode


def encode_beginning(last: int, life: bytes) -> bytes:
    return _encode((last, life))


@overload
def encode_numbered(number: int, message: bytes) -> bytes: ...
@overload
def encode_numbered(number: int, message: Written) -> Written: ...
def encode_numbered(number: int, message: Written) -> Written:
    """Return the item for a message that is MessagePack already."""
    before = _PAIR + _encode(number)
    return before + message if isinstance(message, bytes) else message.behind(before)


def decode_beginning(body: Body) -> Beginning:
    """Raises what is UNREADABLE, as decode_numbered() does."""
    return _decode_beginning(body)


def decode_numbered(body: Body) -> tuple[int, Body]:
    """Return the number, and the message as MessagePack; with what came apart from it, if something did."""
    item = _decode_item(body)
    message = memoryview(item.message)
    return item.number, Outline(bytes(message), body.pieces) if isinstance(body, Outline) else message
