"""The byte buffer against a model that only adds and cuts bytes, in every order of calls that Hypothesis finds."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from localsocket.errors import EndOfStream, LimitExceeded, LineTooLong
from localsocket.wire.byte_buffer import ByteBuffer

# Few letters and many line endings, so that endings stand everywhere.
some_bytes = st.lists(st.sampled_from(b"ab\n\n"), max_size=12).map(bytes)
counts = st.integers(0, 14)
most = st.none() | counts


class Model(RuleBasedStateMachine):
    """`unread` are the bytes in order; `taken` those that an open transaction can give back, None without one."""

    @initialize(limit=st.integers(1, 24))
    def make(self, limit: int) -> None:
        self.buffer = ByteBuffer(limit)
        self.limit = limit
        self.unread = b""
        self.taken: bytes | None = None
        self.ended = False

    @property
    def room(self) -> int:
        return max(0, self.limit - len(self.unread) - len(self.taken or b""))

    # --- arriving -----------------------------------------------------------------------------------------------------

    @precondition(lambda self: not self.ended)
    @rule(chunk=some_bytes.filter(bool))
    def feed(self, chunk: bytes) -> None:
        chunk = chunk[: self.room]  # as the callers do
        if chunk:
            self.buffer.feed(chunk)
            self.unread += chunk

    @rule()
    def feed_end(self) -> None:
        self.buffer.feed_end()
        self.ended = True

    @precondition(lambda self: self.taken is None)
    @rule(data=some_bytes)
    def put_back(self, data: bytes) -> None:
        self.buffer.unread(data)
        self.unread = data + self.unread

    # --- reading ------------------------------------------------------------------------------------------------------

    @rule(max_bytes=most)
    def take_available(self, max_bytes: int | None) -> None:
        assert self.buffer.take_available(max_bytes) == self.cut(max_bytes)

    @rule(max_bytes=most)
    def take_some(self, max_bytes: int | None) -> None:
        if self.unread or self.ended or max_bytes == 0:
            assert self.buffer.take_some(max_bytes) == self.cut(max_bytes)
        else:
            self.needs_more(lambda: self.buffer.take_some(max_bytes))

    @rule(count=counts)
    def take_exactly(self, count: int) -> None:
        if len(self.unread) >= count:
            assert self.buffer.take_exactly(count) == self.cut(count)
        elif self.ended:
            with pytest.raises(EndOfStream):
                self.buffer.take_exactly(count)
        elif count > self.limit:
            with pytest.raises(LimitExceeded):
                self.buffer.take_exactly(count)
        else:
            self.needs_more(lambda: self.buffer.take_exactly(count))

    @rule(limit=counts, keep_ending=st.booleans())
    def take_line(self, limit: int, keep_ending: bool) -> None:
        allowed = min(limit, self.limit - 1)
        line, ending, _ = self.unread.partition(b"\n")
        if ending and len(line) <= allowed:
            taken = self.cut(len(line) + 1)
            assert self.buffer.take_line(limit, keep_ending=keep_ending) == (taken if keep_ending else line)
        elif len(self.unread) > allowed:
            with pytest.raises(LineTooLong):
                self.buffer.take_line(limit, keep_ending=keep_ending)
        elif not self.ended:
            self.needs_more(lambda: self.buffer.take_line(limit, keep_ending=keep_ending))
        elif self.unread:
            assert self.buffer.take_line(limit, keep_ending=keep_ending) == self.cut(None)
        else:
            with pytest.raises(EndOfStream):
                self.buffer.take_line(limit, keep_ending=keep_ending)

    @rule(limit=counts)
    def take_to_end(self, limit: int) -> None:
        if len(self.unread) > limit:
            with pytest.raises(LimitExceeded):
                self.buffer.take_to_end(limit)
        elif self.ended:
            assert self.buffer.take_to_end(limit) == self.cut(None)
        else:
            self.needs_more(lambda: self.buffer.take_to_end(limit))

    @rule(count=counts)
    def peek(self, count: int) -> None:
        assert self.buffer.peek(count) == self.unread[:count]

    @rule(count=counts)
    def skip(self, count: int) -> None:
        assert self.buffer.skip(count) == len(self.cut(count))

    # --- transactions -------------------------------------------------------------------------------------------------

    @precondition(lambda self: self.taken is None)
    @rule()
    def begin(self) -> None:
        self.buffer.begin()
        self.taken = b""

    @rule()
    def commit(self) -> None:
        self.buffer.commit()
        self.taken = None

    @rule()
    def roll_back(self) -> None:
        self.buffer.roll_back()
        self.unread = (self.taken or b"") + self.unread
        self.taken = None

    # ------------------------------------------------------------------------------------------------------------------

    @invariant()
    def tells_the_same(self) -> None:
        assert len(self.buffer) == len(self.unread)
        assert self.buffer.room == self.room
        assert self.buffer.has_ended == self.ended
        assert self.buffer.is_in_transaction == (self.taken is not None)
        assert self.buffer.peek(len(self.unread) + 1) == self.unread
        if not self.buffer.held:
            assert not self.unread
            assert not self.taken

    @rule()
    def has_line(self) -> None:
        assert self.buffer.has_line == (b"\n" in self.unread)

    def cut(self, count: int | None) -> bytes:
        taken = self.unread[:count]
        self.unread = self.unread[len(taken) :]
        if self.taken is not None:
            self.taken += taken
        return taken

    def needs_more(self, take: Callable[[], object]) -> None:
        if self.room:
            assert take() is None
        else:
            with pytest.raises(LimitExceeded):
                take()


TestByteBuffer = Model.TestCase
TestByteBuffer.settings = settings(max_examples=150, stateful_step_count=40)
