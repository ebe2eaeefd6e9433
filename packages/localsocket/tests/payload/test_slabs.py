"""Bodies in shared memory: where they are put, what is read of them, and when their pages are given back."""

from __future__ import annotations

import os
import random
import sys
from collections.abc import Iterator

import pytest

from localsocket.errors import PeerBrokeProtocol
from localsocket.interfaces import MIB
from localsocket.payload.sealed_memory import BLOCK, STATES
from localsocket.payload.shared_memories import SharedMemories
from localsocket.payload.slabs import OwnSlab, PeersSlab

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="memory is shared on Linux alone")

BLOCKS = 8  # and one of them is the header


@pytest.fixture
def own() -> Iterator[OwnSlab]:
    slab = OwnSlab(BLOCKS * BLOCK)
    yield slab
    slab.close()


@pytest.fixture
def theirs(own: OwnSlab) -> Iterator[PeersSlab]:
    slab = PeersSlab(own.name, MIB)
    yield slab
    slab.close()


def place(own: OwnSlab, body: bytes) -> int | None:
    return own.place([body], len(body))


def pages_of(own: OwnSlab) -> int:
    return os.fstat(own.name.descriptor).st_blocks


def test_a_body_is_what_was_placed_also_in_pieces(own: OwnSlab, theirs: PeersSlab) -> None:
    body = random.Random(1).randbytes(2 * BLOCK + 7)
    pieces = [body[:5], memoryview(body)[5:BLOCK], bytearray(body[BLOCK:])]
    first = own.place(pieces, len(body))
    assert first == 1
    assert theirs.take(first, len(body)) == body


def test_the_lowest_free_blocks_are_used_first(own: OwnSlab, theirs: PeersSlab) -> None:
    assert [place(own, b"a" * BLOCK) for _ in range(3)] == [1, 2, 3]
    theirs.take(2, BLOCK)
    assert place(own, b"b" * (BLOCK + 1)) == 4
    assert place(own, b"c") == 2
    theirs.take(1, BLOCK)
    assert place(own, b"d") == 1


def test_what_has_no_room_is_not_placed_and_all_of_it_is_used(own: OwnSlab, theirs: PeersSlab) -> None:
    assert place(own, bytes((BLOCKS - 1) * BLOCK + 1)) is None
    assert place(own, bytes((BLOCKS - 1) * BLOCK)) == 1
    assert place(own, b"x") is None
    theirs.take(1, (BLOCKS - 1) * BLOCK)
    assert place(own, b"x") == 1


def test_what_is_taken_back_may_be_used_again(own: OwnSlab, theirs: PeersSlab) -> None:
    first = place(own, bytes(2 * BLOCK))
    assert first is not None
    own.take_back(first, 2 * BLOCK)
    assert place(own, bytes(2 * BLOCK)) == first


def test_what_is_placed_in_the_midst_of_placing_goes_by_socket(own: OwnSlab) -> None:
    with own._lock:  # as when a signal's handler sends
        assert place(own, b"x") is None
    assert place(own, b"x") == 1


def test_closed_memory_places_nothing(own: OwnSlab) -> None:
    own.close()
    own.close()
    assert place(own, b"x") is None


@pytest.mark.parametrize(
    ("first", "size"),
    [(0, 1), (-1, 1), (BLOCKS, 1), (1, 0), (1, -1), (1, BLOCKS * BLOCK), (BLOCKS - 1, BLOCK + 1), (2**70, 1)],
)
def test_blocks_that_are_none_break_the_protocol(own: OwnSlab, theirs: PeersSlab, first: int, size: int) -> None:
    place(own, bytes((BLOCKS - 1) * BLOCK))
    with pytest.raises(PeerBrokeProtocol):
        theirs.take(first, size)


def test_blocks_that_are_not_claimed_break_the_protocol(own: OwnSlab, theirs: PeersSlab) -> None:
    first = place(own, bytes(BLOCK))
    assert first is not None
    with pytest.raises(PeerBrokeProtocol):
        theirs.take(first, BLOCK + 1)
    theirs.take(first, BLOCK)
    with pytest.raises(PeerBrokeProtocol):
        theirs.take(first, BLOCK)  # a second time


def test_s23_what_was_taken_does_not_change_with_the_memory(own: OwnSlab, theirs: PeersSlab) -> None:
    first = place(own, b"a" * BLOCK)
    assert first is not None
    body = theirs.take(first, BLOCK)
    own._mapped[BLOCK : 2 * BLOCK] = b"b" * BLOCK
    assert body == b"a" * BLOCK


def test_a_reader_that_writes_what_it_likes_harms_its_owner_in_nothing(own: OwnSlab, theirs: PeersSlab) -> None:
    theirs._mapped[STATES : STATES + BLOCKS] = b"\1" * BLOCKS
    assert place(own, b"x") is None
    theirs._mapped[:BLOCK] = bytes(BLOCK)
    assert place(own, b"x") == 1
    theirs._mapped[:BLOCK] = b"\xff" * BLOCK
    assert place(own, b"x") is None
    assert not own.look_if_idle()


# --- giving back ------------------------------------------------------------------------------------------------------


def test_an_owner_gives_back_what_it_has_not_used_between_two_looks(own: OwnSlab, theirs: PeersSlab) -> None:
    empty = pages_of(own)
    first = place(own, bytes(5 * BLOCK))
    assert first is not None
    assert not own.look_if_idle()
    assert not own.look_if_idle()  # it is not read yet
    theirs.take(first, 5 * BLOCK)
    assert pages_of(own) > empty
    assert own.look_if_idle()
    assert pages_of(own) <= empty + 8
    assert place(own, b"x") == 1


def test_a_reader_gives_back_and_lets_nothing_be_placed_meanwhile(own: OwnSlab, theirs: PeersSlab) -> None:
    empty = pages_of(own)
    first = place(own, bytes(5 * BLOCK))
    assert first is not None
    theirs.take(first, 5 * BLOCK)
    assert not theirs.look_if_idle()  # used since the last look
    assert place(own, b"x") == 1
    theirs.take(1, 1)
    assert not theirs.look_if_idle()
    assert not theirs.look_if_idle()
    assert place(own, b"x") is None  # from here on
    assert pages_of(own) > empty
    assert theirs.look_if_idle()
    assert pages_of(own) <= empty + 8
    assert place(own, b"y") == 1
    assert theirs.take(1, 1) == b"y"


def test_memory_that_was_opened_a_moment_ago_may_be_used(own: OwnSlab, theirs: PeersSlab) -> None:
    assert not theirs.look_if_idle()
    assert place(own, b"x") == 1


def test_a_reader_gives_nothing_back_while_something_is_claimed(own: OwnSlab, theirs: PeersSlab) -> None:
    assert not theirs.look_if_idle()
    assert not theirs.look_if_idle()  # says stop
    theirs._mapped[32:33] = b"\0"  # and it was placed before that was seen
    first = place(own, b"z" * BLOCK)
    assert first is not None
    assert not theirs.look_if_idle()
    assert theirs.take(first, BLOCK) == b"z" * BLOCK


# --- how much ---------------------------------------------------------------------------------------------------------


def test_all_connections_share_one_limit() -> None:
    memories = SharedMemories(MIB, MIB)
    one, two = memories.make(), memories.make()
    assert one is not None
    assert two is not None
    assert one.size == two.size == MIB // 2
    assert memories.make() is None
    assert memories.open(one.name) is None
    one.close()
    assert memories.mapped_size == MIB // 2
    opened = memories.open(two.name)
    assert opened is not None
    two.close()
    opened.close()
    assert not memories.mapped_size


@pytest.mark.parametrize("connection", [0, 1, 4 * BLOCK - 1])
def test_a_limit_that_is_too_small_for_two_blocks_makes_none(connection: int) -> None:
    assert SharedMemories(connection, MIB).make() is None


def test_what_cannot_be_opened_costs_nothing_of_the_limit(own: OwnSlab) -> None:
    memories = SharedMemories(MIB, MIB // 2)
    for _ in range(10):
        assert memories.open(own.name._replace(token=b"")) is None
    made = memories.make()
    assert made is not None
    made.close()


def test_where_no_descriptor_is_left_there_is_no_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> int:
        raise OSError(24, os.strerror(24))

    memories = SharedMemories(MIB, MIB)
    with monkeypatch.context() as patched:
        patched.setattr(os, "memfd_create", fail)
        assert memories.make() is None
    made = memories.make()
    assert made is not None
    made.close()
