"""Connecting keeps its deadline without holding up the loop, and the package says what it needs."""

from __future__ import annotations

import subprocess
import sys
import time

import anyio
import pytest

import localsocket
import localsocket.anyio
from anyio_face.cutting import NEVER, Cut
from anyio_face.ends import Call, beside
from localsocket import errors

SOON = 0.03


async def test_a_full_accept_queue_is_waited_for_up_to_the_deadline() -> None:
    async with localsocket.anyio.listen("full", backlog=0), localsocket.anyio.connect("full"):
        began = time.monotonic()
        with pytest.raises(
            errors.DeadlinePassed, match=r"the accept queue of 'full' is full \(tried for 0\.03 s\)"
        ) as caught:
            await localsocket.anyio.connect("full", timeout=SOON)
        assert time.monotonic() - began >= SOON
        assert isinstance(caught.value.__cause__, errors.ServerBusy)


async def test_waiting_for_a_place_in_the_accept_queue_keeps_nobody_busy() -> None:
    async with localsocket.anyio.listen("full", backlog=0), localsocket.anyio.connect("full"):
        cut = Cut(NEVER)
        with pytest.raises(errors.DeadlinePassed):
            await cut(localsocket.anyio.connect("full", timeout=SOON))
        assert cut.suspensions < 30


async def test_connecting_at_once_gives_way_all_the_same() -> None:
    async with localsocket.anyio.listen("server") as server:
        cut = Cut(NEVER)
        client = await cut(localsocket.anyio.connect("server"))
        assert client is not None
        async with client, await server.accept():
            assert cut.suspensions > 0


async def test_a_place_in_the_accept_queue_is_taken_as_soon_as_there_is_one() -> None:
    async with localsocket.anyio.listen("full", backlog=0) as server, localsocket.anyio.connect("full"):

        async def connect() -> None:
            async with localsocket.anyio.connect("full") as client:
                await client.wait_disconnected()

        connecting = Call(connect)
        async with beside(connecting):
            assert not connecting.is_done
            async with await server.accept(), await server.accept():
                pass
        connecting.result()


async def test_a_cancelled_connect_does_not_go_on() -> None:
    async with localsocket.anyio.listen("full", backlog=0) as server, localsocket.anyio.connect("full"):
        with anyio.move_on_after(SOON) as scope:
            await localsocket.anyio.connect("full")
        assert scope.cancelled_caught
        async with await server.accept():
            assert server.accept_nowait() is None


async def test_a_server_that_comes_later_is_waited_for() -> None:
    connecting = Call(lambda: connect_and_close("later"))
    async with beside(connecting):
        assert not connecting.is_done
        async with localsocket.anyio.listen("later") as server, await server.accept():
            pass
    connecting.result()


async def connect_and_close(address: str) -> None:
    async with localsocket.anyio.connect(address, wait_for_server=True):
        pass


async def test_a_server_that_is_not_there_is_not_waited_for() -> None:
    with pytest.raises(errors.ServerNotFound):
        await localsocket.anyio.connect("absent")


def test_without_anyio_the_package_says_what_to_install() -> None:
    program = "import sys; sys.modules['anyio'] = None; import localsocket.anyio"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "ImportError: localsocket.anyio needs anyio: pip install 'localsocket[anyio]'" in done.stderr


def test_the_help_for_tests_needs_no_anyio() -> None:
    program = "import sys; sys.modules['anyio'] = None; import localsocket.testing"
    subprocess.run([sys.executable, "-c", program], check=True)
