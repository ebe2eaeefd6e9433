"""An Fd owns its number: it is closed once, given away once, and told of where it is forgotten."""

from __future__ import annotations

import errno
import os
import socket
import tempfile
from collections.abc import Iterator

import pytest

from localsocket.errors import ClosedByUs
from localsocket.interfaces import Laden
from localsocket.values.descriptors import DescriptorBatch, Fd


def is_open(number: int) -> bool:
    try:
        os.fstat(number)
    except OSError:
        return False
    return True


@pytest.fixture
def fd() -> Iterator[Fd]:
    with Fd(os.open(os.devnull, os.O_RDWR)) as made:
        yield made


def test_it_is_closed_at_the_end_of_the_block_and_says_so() -> None:
    with Fd(os.open(os.devnull, os.O_RDONLY)) as fd:
        number = fd.fileno()
        assert is_open(number)
        assert not fd.is_closed
        assert repr(fd) == f"<Fd {number}>"
    assert not is_open(number)
    assert fd.is_closed
    assert repr(fd) == "<Fd closed>"
    fd.close()
    for use in (fd.fileno, fd.detach, fd.duplicate, fd.open):
        with pytest.raises(ClosedByUs):
            use()


def test_it_is_not_left_to_other_programs() -> None:
    number = os.open(os.devnull, os.O_RDONLY)
    os.set_inheritable(number, True)
    with Fd(number) as fd, fd.duplicate() as copy:
        assert not os.get_inheritable(number)
        assert not os.get_inheritable(copy.fileno())


def test_what_is_detached_belongs_to_the_caller(fd: Fd) -> None:
    number = fd.detach()
    fd.close()
    assert is_open(number)
    os.close(number)


def test_a_copy_leaves_the_file_as_it_is() -> None:
    with tempfile.TemporaryFile() as file, Fd.of(file) as copy:
        assert copy.fileno() != file.fileno()
        assert os.path.sameopenfile(copy.fileno(), file.fileno())
    one, other = socket.socketpair()
    with one, other, Fd.of(one) as copy:
        one.close()
        os.write(copy.fileno(), b"still there")
        assert other.recv(100) == b"still there"


def test_a_file_object_takes_it_over() -> None:
    with tempfile.TemporaryFile() as file:
        file.write(b"some\nlines\n")
        file.seek(0)
        fd = Fd.of(file)
        with fd.open("r", encoding="utf-8") as opened:
            number = opened.fileno()
            assert fd.is_closed
            assert opened.readlines() == ["some\n", "lines\n"]
        assert not is_open(number)


def test_one_that_cannot_be_opened_so_stays_owned(fd: Fd) -> None:
    with pytest.raises(ValueError, match="mode"):
        fd.open("no mode")
    assert is_open(fd.fileno())


def test_what_is_no_open_descriptor_is_refused_at_once() -> None:
    number = os.open(os.devnull, os.O_RDONLY)
    os.close(number)
    with pytest.raises(OSError, match=os.strerror(errno.EBADF)):
        Fd(number)
    with tempfile.TemporaryFile() as file, pytest.raises(TypeError, match=r"Fd\.of"):
        Fd(file)  # type: ignore[arg-type]


def test_one_that_is_forgotten_is_closed_and_named() -> None:
    number = os.open(os.devnull, os.O_RDONLY)
    fd = Fd(number)
    with pytest.warns(ResourceWarning, match=f"<Fd {number}> was never closed"):
        del fd
    assert not is_open(number)


def test_a_method_gives_away_what_it_returns_and_a_caller_keeps_it(fd: Fd) -> None:
    copies = DescriptorBatch.copies_of([fd, fd])
    assert copies.count == len(copies) == 2
    assert not fd.is_closed
    with pytest.raises(ValueError, match="twice"):
        DescriptorBatch.taken_from([fd, fd])
    other = fd.duplicate()
    given = DescriptorBatch.taken_from([fd, other])
    assert given.count == 2
    assert fd.is_closed
    assert other.is_closed
    with pytest.raises(ClosedByUs):
        DescriptorBatch.taken_from([fd])


def test_each_is_taken_once() -> None:
    fd = Fd(os.open(os.devnull, os.O_RDONLY))
    some = DescriptorBatch.taken_from([fd])
    (number,) = some
    taken = some.take(0)
    assert taken.fileno() == number
    with pytest.raises(ValueError, match="place 0"):
        some.take(0)
    some.close()
    assert is_open(number)
    taken.close()


def test_those_that_nobody_takes_are_closed_with_the_bytes_they_came_with(fd: Fd) -> None:
    laden = Laden(b"bytes", DescriptorBatch.copies_of([fd]))
    (number,) = laden.descriptors
    assert laden == b"bytes"
    assert is_open(number)
    del laden
    assert not is_open(number)
