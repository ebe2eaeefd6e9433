"""Nothing left: descriptors, places in the accept queue, room in both directions."""

from __future__ import annotations

import contextlib
import errno
import os

import pytest

import localsocket
from localsocket import EventSocket, Handler, Limits, LocalSocket, ServerThread
from localsocket.testing import PATIENCE, Background, connected_pair, set_kernel_buffer, wait_until
from programs import Program, run

CLIENTS = 60
MIB = 1 << 20


class Echo(Handler):
    def ready_read(self, socket: EventSocket) -> None:
        socket.write(socket.read_available())


@pytest.mark.long
@pytest.mark.parametrize("face", ["hand", "loop", "threads"])
def test_a_server_without_descriptors_pauses_says_so_once_and_goes_on(face: str) -> None:
    with Program("run_out_of_files.py", face, "server") as server, contextlib.ExitStack() as stack:
        assert server.read() == {"serving": "server"}
        clients = [stack.enter_context(localsocket.connect("server")) for _ in range(CLIENTS)]
        for client in clients:
            client.write(b"hello\n")
        told = [server.read() for _ in range(4)]
        assert told.count({"exhausted": "EMFILE"}) == 3
        (log,) = [line["log"] for line in told if "log" in line]
        reason = os.strerror(errno.EMFILE)
        assert log == f"'server' accepts no connections until descriptors are free again: {reason}"
        for client in clients:
            assert client.read_line(timeout=PATIENCE) == b"hello"
            client.close()


def test_a_full_accept_queue_is_waited_out_by_everybody() -> None:
    def ask(number: int) -> bytes:
        with localsocket.connect("busy", timeout=PATIENCE) as client:
            client.write(b"%d\n" % number)
            return client.read_line(timeout=PATIENCE)

    with localsocket.listen("busy", backlog=1) as server:
        clients = [Background(ask, number) for number in range(CLIENTS)]
        for _ in clients:
            with server.accept(timeout=PATIENCE) as accepted:
                accepted.write(accepted.read_line(timeout=PATIENCE) + b"\n")
        assert [client.result() for client in clients] == [b"%d" % number for number in range(CLIENTS)]


@pytest.mark.long
@pytest.mark.parametrize("chunk", [1000, MIB])
def test_full_buffers_in_both_directions_do_not_stop_an_echo(chunk: int) -> None:
    sent = b"".join(number.to_bytes(4, "big") for number in range(MIB))
    limits = Limits(read_buffer=8 * MIB, write_buffer=8 * MIB)
    with ServerThread("echo", Echo(), limits=limits), localsocket.connect("echo", limits=limits) as client:
        set_kernel_buffer(client, 4096)
        for start in range(0, len(sent), chunk):
            client.write(sent[start : start + chunk], timeout=PATIENCE)
        assert client.read_exactly(len(sent), timeout=PATIENCE) == sent


@pytest.mark.long
def test_readers_and_writers_in_threads_of_their_own_on_both_ends_of_a_narrow_way() -> None:
    def write(end: LocalSocket) -> None:
        for start in range(0, len(sent), 5000):
            end.write(sent[start : start + 5000], timeout=PATIENCE)

    sent = b"".join(number.to_bytes(4, "big") for number in range(MIB // 4))
    with connected_pair(limits=Limits(read_buffer=10_000, write_buffer=10_000), kernel_buffer=4096) as ends:
        writers = [Background(write, end) for end in ends]
        readers = [
            Background(lambda end=end: b"".join(end.read(timeout=None) for _ in iter(lambda: end.is_at_end, True)))
            for end in ends
        ]
        for writer, end in zip(writers, ends, strict=True):
            writer.result()
            end.shutdown_write()
        for reader in readers:
            assert reader.result() == sent


@pytest.mark.long
def test_a_fork_beside_waiting_threads_that_hold_locks_hangs_neither_child_nor_parent() -> None:
    assert run("fork_while_waiting.py") == [
        {"child": {"wakers": 0, "read": "new"}},
        {"parent": {"status": 0, "read": "still waiting?", "held": True}},
    ]


@pytest.mark.long
def test_a_writer_learns_that_its_peer_was_killed_and_how_much_is_lost() -> None:
    with (
        localsocket.listen("victim") as server,
        Program("send_part.py", "victim", 1) as victim,
        server.accept(timeout=PATIENCE) as socket,
    ):
        victim.read()
        writer = Background(lambda: socket.write(bytes(4 * MIB), timeout=None))
        wait_until(lambda: socket.bytes_to_write)
        victim.kill()
        with pytest.raises(localsocket.errors.ClosedByPeer) as caught:
            writer.result()
        assert 0 < caught.value.unsent < 4 * MIB
