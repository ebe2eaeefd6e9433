"""A descriptor has one owner, who gives it back once."""

from __future__ import annotations

import os

import pytest

from localsocket.owned_descriptor import OwnedDescriptor


def is_open(descriptor: int) -> bool:
    try:
        os.fstat(descriptor)
    except OSError:
        return False
    return True


def null() -> int:
    return os.open(os.devnull, os.O_RDONLY)


def test_it_is_closed_at_the_end_of_the_block() -> None:
    with OwnedDescriptor(null()) as owned:
        number = owned.number
        assert is_open(number)
    assert not is_open(number)
    assert owned.number == -1


def test_closing_twice_does_not_close_somebody_elses_descriptor() -> None:
    owned = OwnedDescriptor(null())
    number = owned.number
    owned.close()
    reused = os.dup2(null_kept := null(), number)
    owned.close()
    assert is_open(reused)
    os.close(reused)
    if null_kept != number:
        os.close(null_kept)


def test_what_is_released_belongs_to_the_caller() -> None:
    owned = OwnedDescriptor(null())
    number = owned.release()
    owned.close()
    assert is_open(number)
    assert owned.release() == -1
    os.close(number)


def test_one_that_is_forgotten_is_closed_with_a_warning() -> None:
    number = null()
    owned = OwnedDescriptor(number)
    with pytest.warns(ResourceWarning, match=f"descriptor {number} was never closed"):
        del owned
    assert not is_open(number)


def test_one_that_could_not_be_made_is_forgotten_in_silence() -> None:
    OwnedDescriptor.__new__(OwnedDescriptor).__del__()
