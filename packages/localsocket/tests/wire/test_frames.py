"""The frame decoder: however the bytes are cut, and whatever they are."""

from __future__ import annotations

import tracemalloc

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from localsocket.errors import MessageTooLong, PeerBrokeProtocol
from localsocket.wire.frames import GREETING_ID, HEADER, HEADER_SIZE, MAX_GREETING, Frame, FrameDecoder, encode_frame
from localsocket.wire.greeting import Greeting
from wire.building import GREETING, ITEM, MESSAGE, REPLY, frame, greeting, greeting_of, split_at

GREETED = greeting("messages")
KINDS = range(MESSAGE, 12)
MIB = 1 << 20
GIB = 1 << 30

some_frames = st.lists(
    st.tuples(
        st.sampled_from(KINDS),
        st.integers(0, 2**32 - 1),
        st.binary(max_size=30) | st.binary(min_size=1, max_size=3).map(lambda seed: seed * 2000),
    ),
    max_size=6,
)
places = st.lists(st.integers(0, 2**20), max_size=30)


def fed(*pieces: bytes, max_body: int = MIB) -> list[Frame]:
    """Return the frames after the greeting, which stands before the pieces."""
    decoder = FrameDecoder(max_body)
    decoder.feed(GREETED)
    return [(kind, number, bytes(body)) for piece in pieces for kind, number, body in decoder.feed(piece)]


def joined(frames: list[tuple[int, int, bytes]]) -> bytes:
    return b"".join(frame(*each) for each in frames)


# --- what is right ----------------------------------------------------------------------------------------------------


def test_a_frame_is_twelve_bytes_of_header_and_the_body() -> None:
    assert encode_frame(REPLY, 0x01020304, b"body") == b"\x00\x00\x00\x04\x05\x00\x00\x00\x01\x02\x03\x04body"


def test_a_greeting_has_the_version_in_its_flags_and_letters_for_its_id() -> None:
    header = Greeting(role="messages", max_message=5).encode()[:HEADER_SIZE]
    assert header[4:] == b"\x01\x00\x00\x01LSCK"
    assert GREETING_ID.to_bytes(4, "big") == b"LSCK"


@pytest.mark.long
@settings(max_examples=50)
@given(some_frames)
def test_frames_that_come_whole_are_what_was_sent(frames: list[tuple[int, int, bytes]]) -> None:
    assert fed(joined(frames)) == frames


@pytest.mark.long
@settings(max_examples=50)
@given(st.lists(st.tuples(st.sampled_from(KINDS), st.integers(0, 2**32 - 1), st.binary(max_size=9)), max_size=4))
def test_frames_that_come_byte_by_byte_are_what_was_sent(frames: list[tuple[int, int, bytes]]) -> None:
    data = joined(frames)
    assert fed(*(data[place : place + 1] for place in range(len(data)))) == frames


@pytest.mark.long
@given(some_frames, places)
def test_frames_that_come_cut_anywhere_are_what_was_sent(frames: list[tuple[int, int, bytes]], cuts: list[int]) -> None:
    assert fed(*split_at(joined(frames), cuts)) == frames


@pytest.mark.long
@settings(max_examples=50)
@given(some_frames, st.integers(1, 11), places)
def test_what_stands_behind_whole_frames_waits_for_its_rest(
    frames: list[tuple[int, int, bytes]], count: int, cuts: list[int]
) -> None:
    decoder = FrameDecoder(MIB)
    decoder.feed(GREETED)
    last = frame(ITEM, 7, b"the last")
    got = [each for piece in split_at(joined(frames) + last[:count], cuts) for each in decoder.feed(piece)]
    assert len(got) == len(frames)
    assert len(decoder) == count
    assert decoder.feed(last[count:]) == [(ITEM, 7, b"the last")]
    assert len(decoder) == 0


def test_a_greeting_may_be_longer_than_the_longest_message() -> None:
    decoder = FrameDecoder(max_body=3)
    assert len(decoder.feed(GREETED)) == 1


# --- the end ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("data", [b"", GREETED, GREETED + frame(MESSAGE, 0, b"x" * 50)])
def test_the_stream_may_end_between_frames(data: bytes) -> None:
    decoder = FrameDecoder(MIB)
    decoder.feed(data)
    decoder.check_end()


@pytest.mark.parametrize("whole", [GREETED, GREETED + frame(MESSAGE, 0, b"abc")])
def test_an_end_in_the_middle_of_a_frame_breaks_the_protocol(whole: bytes) -> None:
    begins = 0 if whole == GREETED else len(GREETED)
    for end in range(begins + 1, len(whole)):
        decoder = FrameDecoder(MIB)
        decoder.feed(whole[:end])
        with pytest.raises(PeerBrokeProtocol, match=f"after {end - begins} bytes of a frame"):
            decoder.check_end()


# --- lengths ----------------------------------------------------------------------------------------------------------


def test_a_body_as_long_as_the_limit_is_taken_and_one_byte_more_is_not() -> None:
    assert fed(frame(MESSAGE, 0, b"x" * 100), max_body=100)
    with pytest.raises(MessageTooLong) as refused:
        fed(frame(MESSAGE, 0, b"x" * 101), max_body=100)
    assert (refused.value.length, refused.value.limit) == (101, 100)


def test_a_length_beyond_the_limit_is_refused_by_its_header_alone() -> None:
    with pytest.raises(MessageTooLong):
        fed(frame(MESSAGE, 0, b"x" * 101)[:HEADER_SIZE], max_body=100)


def test_a_greeting_longer_than_64_kib_is_refused_by_its_header_alone() -> None:
    FrameDecoder(GIB).feed(greeting_of(bytes(MAX_GREETING))[:HEADER_SIZE])
    with pytest.raises(MessageTooLong) as refused:
        FrameDecoder(GIB).feed(greeting_of(bytes(MAX_GREETING + 1))[:HEADER_SIZE])
    assert refused.value.limit == MAX_GREETING == 64 * 1024


def test_a_promised_gibibyte_costs_no_more_memory_than_what_has_arrived() -> None:
    header = frame(MESSAGE, 0)[4:]
    piece = bytes(MIB // 4)
    decoder = FrameDecoder(max_body=GIB)
    decoder.feed(GREETED)
    tracemalloc.start()
    try:
        decoder.feed(GIB.to_bytes(4, "big") + header)
        for _ in range(8):
            decoder.feed(piece)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert len(decoder) == HEADER_SIZE + 8 * len(piece)
    assert peak < 8 * MIB


def test_a_large_body_that_comes_in_small_pieces_is_held_once() -> None:
    body = bytes(2 * MIB)
    data = frame(MESSAGE, 0, body)
    decoder = FrameDecoder(max_body=GIB)
    decoder.feed(GREETED)
    tracemalloc.start()
    try:
        got = [each for begin in range(0, len(data), 4096) for each in decoder.feed(data[begin : begin + 4096])]
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert [(kind, number, bytes(held)) for kind, number, held in got] == [(MESSAGE, 0, body)]
    assert peak < 2 * len(body)


# --- what is wrong ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [0, 15, 99, 127])
@pytest.mark.parametrize("is_alone", [True, False])
def test_an_unknown_kind_breaks_the_protocol(kind: int, is_alone: bool) -> None:
    with pytest.raises(PeerBrokeProtocol, match=f"kind {kind}"):
        fed(frame(kind, 1) + (b"" if is_alone else frame(MESSAGE, 0)))


@pytest.mark.parametrize("kind", [128, 200, 255])
def test_a_kind_of_the_upper_half_that_is_unknown_is_passed_over(kind: int) -> None:
    """However it is cut, and whatever it holds; only the first frame has to be a greeting, and its length holds."""
    unknown = frame(kind, 7, bytes(5000))
    said = unknown + frame(MESSAGE, 0, b"\x01") + unknown
    assert [each[0] for each in fed(said)] == [MESSAGE]
    decoder = FrameDecoder(MIB)
    decoder.feed(GREETED)
    assert [each[0] for byte in said for each in decoder.feed(bytes([byte]))] == [MESSAGE]
    assert not len(decoder)
    with pytest.raises(MessageTooLong):
        fed(HEADER.pack(2**31, kind, 0, 0, 0))
    with pytest.raises(PeerBrokeProtocol, match="not a greeting"):
        FrameDecoder(100).feed(unknown)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("flags", [1, 0x8000, 0xFFFF])
def test_flags_break_the_protocol(kind: int, flags: int) -> None:
    with pytest.raises(PeerBrokeProtocol, match=f"flags {flags:#06x}"):
        fed(frame(kind, 1, flags=flags))


@pytest.mark.parametrize("descriptors", [1, 255])
def test_descriptors_that_were_not_agreed_break_the_protocol(descriptors: int) -> None:
    with pytest.raises(PeerBrokeProtocol, match="descriptors"):
        fed(frame(MESSAGE, 0, descriptors=descriptors))
    with pytest.raises(PeerBrokeProtocol, match="descriptors"):
        FrameDecoder(MIB).feed(greeting_of(b"", descriptors=descriptors))


@pytest.mark.parametrize("again", [GREETED, frame(GREETING, 1), frame(GREETING, 0, b"x")])
def test_a_second_greeting_breaks_the_protocol(again: bytes) -> None:
    with pytest.raises(PeerBrokeProtocol):
        fed(again)
    with pytest.raises(PeerBrokeProtocol):
        FrameDecoder(MIB).feed(GREETED + again)


@pytest.mark.parametrize("version", [0, 2, 0xFFFF])
def test_another_version_is_named_by_its_number(version: int) -> None:
    with pytest.raises(PeerBrokeProtocol, match=f"version {version} of the protocol, and this side speaks 1"):
        FrameDecoder(MIB).feed(greeting_of(b"", version=version))


@pytest.mark.parametrize(
    "first",
    [
        frame(MESSAGE, 0, b"a message, and no greeting"),
        greeting_of(b"", number=0x4B43534C),
        greeting_of(b"", number=0),
        b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(60),  # a TLS ClientHello
        b"SSH-2.0-OpenSSH_9.6\r\n",
        b'{"jsonrpc": "2.0", "method": "add"}',
        b"\x80\x04\x95\x0b\x00\x00\x00\x00\x00\x00\x00\x8c\x05hello",  # a pickle
        bytes(12),
        b"\xff" * 12,
    ],
    ids=["message", "other-letters", "no-letters", "http", "tls", "ssh", "json-rpc", "pickle", "zeros", "ones"],
)
def test_whoever_does_not_greet_is_told_from_its_first_twelve_bytes(first: bytes) -> None:
    decoder = FrameDecoder(MIB)
    assert not decoder.feed(first[:11])
    with pytest.raises(PeerBrokeProtocol, match="its first bytes are not a greeting"):
        decoder.feed(first[11:12])


@pytest.mark.long
@given(st.binary(max_size=200), places)
def test_any_bytes_are_frames_or_break_the_protocol_however_they_are_cut(data: bytes, cuts: list[int]) -> None:
    assert outcome([data]) == outcome(split_at(data, cuts))


@pytest.mark.long
@given(some_frames, places, st.integers(0, 2**20), st.integers(0, 255))
def test_frames_of_which_one_byte_was_changed_are_frames_or_break_the_protocol(
    frames: list[tuple[int, int, bytes]], cuts: list[int], place: int, byte: int
) -> None:
    data = bytearray(GREETED + joined(frames))
    data[place % len(data)] = byte
    assert outcome([bytes(data)]) == outcome(split_at(bytes(data), cuts))


def outcome(pieces: list[bytes]) -> tuple[bool, list[Frame]]:
    """Return whether the pieces are right, and the frames if they are; nothing but PeerBrokeProtocol is raised."""
    decoder = FrameDecoder(1000)
    frames: list[Frame] = []
    try:
        for piece in pieces:
            frames += [(kind, number, bytes(body)) for kind, number, body in decoder.feed(piece)]
    except PeerBrokeProtocol:
        return False, []
    return True, frames
