"""What is written leaves the queue in order, each byte once, in pieces worth a system call."""

from __future__ import annotations

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from localsocket.interfaces import KIB, Buffer
from localsocket.wire.send_queue import SendQueue, join_small

JOINED = 64 * KIB


def queue_of(*pieces: Buffer, limit: int = 100) -> SendQueue:
    queue = SendQueue(limit)
    for piece in pieces:
        queue.append(piece)
    return queue


def test_append_tells_what_total_sent_will_be_when_the_piece_is_out() -> None:
    queue = SendQueue(100)
    assert queue.append(b"abc") == 3
    queue.next_piece()
    queue.mark_sent(2)
    assert queue.append(b"de") == 5
    assert (len(queue), queue.total_sent) == (3, 2)


def test_the_limit_counts_what_waits() -> None:
    queue = queue_of(b"x" * 60)
    assert queue.has_room_for(40)
    assert not queue.has_room_for(41)
    queue.next_piece()
    queue.mark_sent(10)
    assert queue.has_room_for(50)


def test_one_piece_larger_than_the_limit_may_wait_alone() -> None:
    assert SendQueue(100).has_room_for(1000)
    assert not queue_of(b"x").has_room_for(100)


def test_small_pieces_are_sent_together() -> None:
    queue = queue_of(b"ab", bytearray(b"cd"), memoryview(b"ef"))
    assert bytes(queue.next_piece()) == b"abcdef"


def test_no_more_is_joined_than_is_worth_the_copy() -> None:
    piece = bytes(JOINED // 2)
    queue = queue_of(piece, piece, b"last")
    assert len(queue.next_piece()) == JOINED


def test_many_small_pieces_are_handed_on_in_few_and_large_ones_as_they_are() -> None:
    small, large = [bytes([number % 251]) * 20 for number in range(20_000)], bytes(JOINED + 1)
    pieces = [*small, large, *small[:3], large]
    joined = join_small(pieces)
    assert b"".join(joined) == b"".join(pieces)
    assert len(joined) <= len(small) * 20 // JOINED + 5
    assert sum(each is large for each in joined) == 2


def test_a_large_piece_is_sent_as_it_is() -> None:
    large = bytes(JOINED)
    assert queue_of(large, b"small").next_piece() is large
    alone = b"alone"
    assert queue_of(alone).next_piece() is alone


def test_a_small_piece_before_one_that_is_too_large_to_join_goes_alone() -> None:
    queue = queue_of(b"small", bytes(JOINED))
    assert queue.next_piece() == b"small"


def test_a_piece_sent_in_part_goes_on_where_it_stopped() -> None:
    queue = queue_of(b"abcdef")
    queue.next_piece()
    queue.mark_sent(2)
    assert bytes(queue.next_piece()) == b"cdef"
    queue.mark_sent(4)
    assert not len(queue)


def test_what_was_borrowed_is_copied_before_its_writer_may_change_it() -> None:
    borrowed = bytearray(b"before")
    queue = queue_of(b"kept ", memoryview(borrowed))
    queue.copy_borrowed()
    borrowed[:] = b"after!"
    assert bytes(queue.next_piece()) == b"kept before"


def test_clearing_says_how_much_is_lost() -> None:
    queue = queue_of(b"abc", b"de")
    assert queue.clear() == 5
    assert (len(queue), queue.total_sent, queue.has_room_for(1000)) == (0, 0, True)


class Model(RuleBasedStateMachine):
    """`waiting` are the bytes written and not sent, in order."""

    @initialize()
    def make(self) -> None:
        self.queue = SendQueue(JOINED)
        self.waiting = b""
        self.sent = 0

    @rule(size=st.integers(1, 3 * JOINED) | st.integers(1, 9), kind=st.sampled_from([bytes, bytearray, memoryview]))
    def append(self, size: int, kind: type[bytes]) -> None:
        piece = (self.sent + len(self.waiting)).to_bytes(8, "big") * (size // 8 + 1)
        piece = piece[:size]
        self.waiting += piece
        assert self.queue.append(kind(piece)) == self.sent + len(self.waiting)

    @precondition(lambda self: self.waiting)
    @rule(part=st.floats(0, 1))
    def send(self, part: float) -> None:
        piece = self.queue.next_piece()
        assert len(piece)
        assert self.waiting.startswith(bytes(piece))
        count = round(len(piece) * part)
        self.queue.mark_sent(count)
        self.waiting = self.waiting[count:]
        self.sent += count

    @rule()
    def copy_borrowed(self) -> None:
        self.queue.copy_borrowed()

    @rule()
    def clear(self) -> None:
        assert self.queue.clear() == len(self.waiting)
        self.waiting = b""

    @invariant()
    def counts_the_same(self) -> None:
        assert (len(self.queue), self.queue.size) == (len(self.waiting), len(self.waiting))
        assert self.queue.total_sent == self.sent
        assert self.queue.has_room_for(10) == (not self.waiting or len(self.waiting) + 10 <= JOINED)


TestSendQueue = Model.TestCase
TestSendQueue.settings = settings(max_examples=50, stateful_step_count=25)
