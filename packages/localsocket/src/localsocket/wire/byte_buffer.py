"""Received bytes waiting to be read: read, read line, peek, skip, unread, transactions, a limit."""

from __future__ import annotations

from localsocket.errors import EndOfStream, LimitExceeded, LineTooLong


class ByteBuffer:
    """Bytes in the order they arrived, read from the front.

    The `take_*` methods return None when more bytes are needed, and raise EndOfStream when more will not come.
    Not thread-safe: whoever owns it holds a lock.

    One chunk that is fed into an empty buffer is kept as it is and handed out whole without a copy, which is what an
    event-driven reader nearly always does. Otherwise the bytes stand in one bytearray, read from `_start` on.

    `held` is false when neither unread bytes nor those that a transaction may give back are here.
    """

    __slots__ = ("_mark", "_searched", "_start", "has_ended", "held", "limit")

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.held: bytes | bytearray = b""
        self._start = 0
        self._searched = 0  # no line ending stands before this place, so no byte is searched twice
        self._mark: int | None = None  # where the open transaction began
        self.has_ended = False  # the peer finished sending; bytes may still be there to read

    def __len__(self) -> int:
        return len(self.held) - self._start

    @property
    def room(self) -> int:
        """How many more bytes may be fed; those that an open transaction may give back count as held."""
        held = len(self.held) - (self._start if self._mark is None else self._mark)
        return max(0, self.limit - held)

    @property
    def has_line(self) -> bool:
        return self._find_ending(len(self.held)) >= 0

    # --- arriving ---------------------------------------------------------------------------------------------------

    def feed(self, chunk: bytes) -> None:
        """Append what arrived."""
        data = self.held
        if self._mark is None and self._start == len(data):
            self.held = chunk
            self._start = self._searched = 0
            return
        kept_from = self._start if self._mark is None else self._mark
        if isinstance(data, bytearray):
            del data[:kept_from]  # moves the front, copies nothing
        else:
            data = self.held = bytearray(memoryview(data)[kept_from:])
        data += chunk
        self._shift(-kept_from)

    def feed_end(self) -> None:
        """Note that nothing more will come."""
        self.has_ended = True

    def unread(self, data: bytes) -> None:
        """Put `data` back before the first unread byte; not possible inside a transaction."""
        if self._mark is not None:
            raise RuntimeError("unread() is not possible inside a transaction: roll it back instead")
        self.held = data + bytes(self._view())
        self._start = self._searched = 0

    # --- reading ----------------------------------------------------------------------------------------------------

    def take_available(self, max_bytes: int | None = None) -> bytes:
        """Return what is there, at most `max_bytes`; b"" when nothing is."""
        available = len(self.held) - self._start
        return self._take(available if max_bytes is None else min(max_bytes, available))

    def take_some(self, max_bytes: int | None = None) -> bytes | None:
        """Return at least one byte, or b"" at the end of the stream."""
        if len(self.held) > self._start or self.has_ended or max_bytes == 0:
            return self.take_available(max_bytes)
        self.check_more_can_come(1)
        return None

    def take_exactly(self, count: int) -> bytes | None:
        """Return `count` bytes, all or none."""
        available = len(self.held) - self._start
        if available >= count:
            return self._take(count)
        if self.has_ended:
            raise EndOfStream(f"{count} bytes", available)
        if count > self.limit:
            raise LimitExceeded(count, self.limit)
        if self._mark is not None:
            self.check_more_can_come(count)
        return None

    def take_line(self, limit: int, *, keep_ending: bool = False) -> bytes | None:
        r"""Return the next line, ended by \n; at the end of the stream, what is left counts as a line."""
        limit = min(limit, self.limit - 1)  # a full buffer without an ending could never be completed
        ending = self._find_ending(self._start + limit + 1)
        if ending < 0:
            if len(self) > limit:
                raise LineTooLong(limit)
            if not self.has_ended:
                self.check_more_can_come(len(self) + 1)
                return None
            if not len(self):
                raise EndOfStream("a line", 0)
            return self._take(len(self))
        line = self._take(ending + 1 - self._start)
        return line if keep_ending else line[:-1]

    def take_to_end(self, limit: int) -> bytes | None:
        """Return everything up to the end of the stream, once it has come; LimitExceeded beyond `limit`."""
        if len(self) > limit:
            raise LimitExceeded(len(self), limit)
        if not self.has_ended:
            self.check_more_can_come(len(self) + 1)
            return None
        return self._take(len(self))

    def check_more_can_come(self, wanted: int) -> None:
        """Raise LimitExceeded when the buffer is full, so that the `wanted` bytes could never arrive."""
        if not self.room:
            kept = 0 if self._mark is None else self._start - self._mark  # read in a transaction that may give it back
            raise LimitExceeded(kept + wanted, self.limit)

    def peek(self, count: int) -> bytes:
        """Return up to `count` bytes and leave them there."""
        return bytes(self._view()[:count])

    def skip(self, count: int) -> int:
        """Drop up to `count` bytes that are there; return how many were."""
        skipped = min(count, len(self))
        self._start += skipped
        return skipped

    # --- transactions -----------------------------------------------------------------------------------------------

    @property
    def is_in_transaction(self) -> bool:
        return self._mark is not None

    def begin(self) -> None:
        """Remember this place; everything read from here on can be given back."""
        if self._mark is not None:
            raise RuntimeError("a transaction is open already: transactions do not nest")
        self._mark = self._start

    def commit(self) -> None:
        self._mark = None

    def roll_back(self) -> None:
        if self._mark is not None:
            self._start = self._searched = self._mark
            self._mark = None

    # ----------------------------------------------------------------------------------------------------------------

    def _take(self, count: int) -> bytes:
        data, start = self.held, self._start
        if not start and count == len(data) and type(data) is bytes:
            taken = data
        else:
            taken = bytes(memoryview(data)[start : start + count])
        self._start = start + count
        if self._mark is None and self._start == len(data):
            self.held = b""  # lets the memory go
            self._start = self._searched = 0
        return taken

    def _view(self) -> memoryview:
        return memoryview(self.held)[self._start :]

    def _find_ending(self, stop: int) -> int:
        begin = max(self._searched, self._start)
        ending = self.held.find(b"\n", begin, stop)
        self._searched = ending if ending >= 0 else max(begin, min(stop, len(self.held)))
        return ending

    def _shift(self, by: int) -> None:
        self._start += by
        self._searched = max(0, self._searched + by)
        if self._mark is not None:
            self._mark += by
