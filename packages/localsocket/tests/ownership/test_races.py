"""Whatever is started and killed in whatever order: one reachable owner, and none that lives is displaced."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import threading
from pathlib import Path

import pytest

from localsocket import LocalServer, connect, listen
from localsocket.errors import ClosedByPeer, NameTaken
from programs import Program

CONTENDERS = 24


def owner(address: str) -> int:
    """Return which process answers at the address."""
    with connect(address, timeout=60) as client:
        return int(client.read_line(timeout=60))


@pytest.mark.long
@pytest.mark.parametrize("race", range(3))
def test_of_many_that_race_for_a_name_exactly_one_owns_it(runtime_directory: Path, race: int) -> None:
    """24 processes try without pause; the owner and some others are killed in their midst, until one is left."""
    chance = random.Random(race)
    with Program("contend.py", "contended", CONTENDERS) as contenders:
        alive = set(contenders.read()["contenders"])
        assert len(alive) == CONTENDERS
        rounds = 0
        while alive:
            # One that was killed right after it had won may still have said so.
            while (winner := contenders.read()["won"]) not in alive:
                pass
            assert [owner("contended") for _ in range(3)] == [winner] * 3
            # One more is killed wherever it happens to be: perhaps it owns the lock already and the name not yet.
            victims = {winner, chance.choice(sorted(alive))}
            for victim in victims:
                os.kill(victim, signal.SIGKILL)
            alive -= victims
            rounds += 1
        assert rounds >= CONTENDERS / 2
        assert contenders.end() == []  # nobody else has ever won
    with listen("contended"):
        assert sorted(os.listdir(runtime_directory / "localsocket")) == [".contended.lock", "contended"]


@pytest.mark.long
def test_a_live_owner_keeps_the_name_against_all_others(runtime_directory: Path) -> None:
    with listen("contended") as server, Program("contend.py", "contended", 4) as contenders:
        assert len(contenders.read()["contenders"]) == 4
        for _ in range(50):
            with connect("contended") as client:
                assert client.peer.pid == os.getpid()
                accepted = server.accept_nowait()
                assert accepted is not None
                accepted.close()
        assert contenders.end() == []


@pytest.mark.long
def test_closing_never_removes_the_file_of_a_successor_that_waits_for_it(runtime_directory: Path) -> None:
    """One server closes while the next is trying to start, so that both meet at every step of each other."""
    current = listen("handed.over")
    for _ in range(300):
        closing = threading.Thread(target=current.close)
        closing.start()
        current = wait_and_listen("handed.over")
        closing.join()
        # The lock is the one that everybody sees, too: its file was not the predecessor's to remove.
        assert sorted(os.listdir(runtime_directory / "localsocket")) == [".handed.over.lock", "handed.over"]
        with connect("handed.over") as client:
            assert client.is_connected
    current.close()
    assert not list((runtime_directory / "localsocket").iterdir())


def wait_and_listen(address: str) -> LocalServer:
    while True:
        try:
            return listen(address)
        except NameTaken:
            pass


def test_clients_that_wait_see_no_error_while_servers_take_turns(runtime_directory: Path) -> None:
    count = 100

    def take_turns() -> None:
        for _ in range(count):
            with listen("turns") as server, server.accept() as connection:
                connection.write(b"served\n")

    turns = threading.Thread(target=take_turns)
    turns.start()
    served = 0
    while served < count:
        # A server that closes drops those who still wait to be accepted; they are connected, and find the end.
        with connect("turns", wait_for_server=True, timeout=60) as client, contextlib.suppress(ClosedByPeer):
            served += b"".join(client) == b"served"
    turns.join()


def race(start: threading.Barrier, results: list[LocalServer | NameTaken]) -> None:
    start.wait()
    try:
        results.append(listen("contended"))
    except NameTaken as error:
        results.append(error)


def test_of_threads_that_race_for_a_name_one_owns_it(runtime_directory: Path) -> None:
    for _ in range(50):
        start = threading.Barrier(4)
        results: list[LocalServer | NameTaken] = []
        threads = [threading.Thread(target=race, args=[start, results]) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        (server,) = [result for result in results if isinstance(result, LocalServer)]
        assert len(results) == 4
        with server, connect("contended"):
            pass


def test_owners_that_come_and_go_are_never_two_at_once(runtime_directory: Path) -> None:
    files = [runtime_directory / "localsocket" / name for name in (".busy.lock", "busy")]
    owners: list[LocalServer] = []
    mistakes: list[str] = []

    def come_and_go() -> None:
        for _ in range(300):
            with contextlib.suppress(NameTaken), listen("busy") as server:
                owners.append(server)
                mistakes.extend(str(file) for file in files if not file.exists())
                if owners != [server]:
                    mistakes.append(f"{len(owners)} owners at once")
                owners.remove(server)

    threads = [threading.Thread(target=come_and_go) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not mistakes
    assert not list((runtime_directory / "localsocket").iterdir())
