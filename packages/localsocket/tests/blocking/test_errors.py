"""Every error is the standard one that people catch, carries its parts, and says what to do next."""

from __future__ import annotations

import builtins
import errno

import pytest

from localsocket import PeerCredentials, errors

PEER = PeerCredentials(pid=4121, uid=1000, gid=1000)

SENTENCES: dict[errors.LocalSocketError, tuple[type[Exception], int | None, str]] = {
    errors.ClosedByUs("the socket"): (
        ConnectionAbortedError,
        errno.ECONNABORTED,
        "the socket was closed by this program",
    ),
    errors.ClosedByPeer("reading"): (
        ConnectionResetError,
        errno.ECONNRESET,
        "the peer closed the connection while reading",
    ),
    errors.ClosedByPeer("writing", unsent=7): (
        ConnectionResetError,
        errno.ECONNRESET,
        "the peer closed the connection while writing; 7 bytes were not sent",
    ),
    errors.BrokenEndpoint("listening", OSError(errno.EROFS, "Read-only file system")): (
        OSError,
        errno.EROFS,
        "listening failed: Read-only file system",
    ),
    errors.BrokenEndpoint("listening", OSError("unknown")): (OSError, 0, "listening failed: unknown"),
    errors.EndOfStream("a line", 0): (EOFError, None, "the peer finished sending before a line arrived"),
    errors.EndOfStream("5 bytes", 3): (
        EOFError,
        None,
        "the peer finished sending before 5 bytes arrived; 3 bytes can still be read",
    ),
    errors.LineTooLong(10): (
        ConnectionError,
        errno.EMSGSIZE,
        "the peer sent more than 10 bytes without a line ending",
    ),
    errors.DeadlinePassed("reading", 0.9998050400004104): (
        TimeoutError,
        errno.ETIMEDOUT,
        "reading took longer than 1.0 s",
    ),
    errors.DeadlinePassed("reading", 12.3456): (TimeoutError, errno.ETIMEDOUT, "reading took longer than 12.3 s"),
    errors.DeadlinePassed("reading", 1234.56): (TimeoutError, errno.ETIMEDOUT, "reading took longer than 1235 s"),
    errors.DeadlinePassed("reading", 0.00123456): (TimeoutError, errno.ETIMEDOUT, "reading took longer than 0.00123 s"),
    errors.ConnectingTimedOut("demo", 0.99981, errors.ServerNotFound("demo")): (
        TimeoutError,
        errno.ETIMEDOUT,
        "no server listens at 'demo' (tried for 1.0 s)",
    ),
    errors.ConnectingTimedOut("demo", 2, errors.ServerRefused("demo")): (
        TimeoutError,
        errno.ETIMEDOUT,
        "no server listens at 'demo' (tried for 2 s)",
    ),
    errors.ConnectingTimedOut("demo", 2, errors.ServerRefused("demo", "a plain file")): (
        TimeoutError,
        errno.ETIMEDOUT,
        "no server listens at 'demo', which is a plain file (tried for 2 s)",
    ),
    errors.ConnectingTimedOut("demo", 2, errors.ServerBusy("demo")): (
        TimeoutError,
        errno.ETIMEDOUT,
        "the accept queue of 'demo' is full (tried for 2 s)",
    ),
    errors.ConnectingTimedOut("demo", 2, errors.ClosedByPeer("greeting")): (
        TimeoutError,
        errno.ETIMEDOUT,
        "the server at 'demo' closes every connection before it greets (tried for 2 s)",
    ),
    errors.DeadlinePassed("reading", 0.5): (TimeoutError, errno.ETIMEDOUT, "reading took longer than 0.5 s"),
    errors.WriteBufferFull(5, 9): (
        BlockingIOError,
        errno.EAGAIN,
        "5 bytes are waiting for the peer to read them, and "
        "the limit is 9; write less, wait until they are sent, or raise Limits.write_buffer",
    ),
    errors.NeedMoreBytes("a line", 3): (
        BlockingIOError,
        errno.EAGAIN,
        "still waiting for a line: 3 bytes have arrived",
    ),
    errors.InvalidAddress("\x1b[31m", "it is red"): (ValueError, None, "'\\x1b[31m' is not an address: it is red"),
    errors.AddressTooLong("x", 200, 107, "the path"): (
        ValueError,
        None,
        "'x' is not an address: the path has 200 bytes and the limit is 107; choose a shorter one",
    ),
    errors.LimitExceeded(11, 10): (
        ValueError,
        None,
        "cannot read 11 bytes at once: the read buffer holds at most 10; read in pieces or raise Limits.read_buffer",
    ),
    errors.UnsuitableDescriptor(5, "it is a file"): (
        OSError,
        errno.EINVAL,
        "descriptor 5 cannot be used: it is a file",
    ),
    errors.NameTaken("app.db", 4121): (
        OSError,
        errno.EADDRINUSE,
        "'app.db' is owned by process 4121; stop it or choose another address",
    ),
    errors.NameTaken("app.db"): (
        OSError,
        errno.EADDRINUSE,
        "'app.db' is owned by another server; stop it or choose another address",
    ),
    errors.ServerNotFound("app"): (
        FileNotFoundError,
        errno.ENOENT,
        "no server at 'app'; start it, or pass wait_for_server=True to wait for it",
    ),
    errors.PeerRefused(PEER, (0, 5)): (
        PermissionError,
        errno.EACCES,
        "the other end is process 4121 of uid 1000, but only uid 0 or 5 is allowed",
    ),
    errors.PeerRefused(PEER, ()): (
        PermissionError,
        errno.EACCES,
        "the other end is process 4121 of uid 1000, but only nobody is allowed",
    ),
    errors.PeerUnknown(None, "the same user or root"): (
        PermissionError,
        errno.EACCES,
        "the other end is an unknown process, but only the same user or root is allowed",
    ),
    errors.PeerUnknown(None, "any user", "it is nobody"): (
        PermissionError,
        errno.EACCES,
        "the other end is an unknown process: it is nobody; unknown processes are refused",
    ),
    errors.UnsuitableAllow("app", "/run/app", "it is closed; open it"): (
        ValueError,
        None,
        "cannot listen at 'app': it is closed; open it",
    ),
    errors.TooManyConnections(PEER, 3): (
        PermissionError,
        errno.EUSERS,
        "uid 1000 already has 3 connections, the most that one user may have",
    ),
}


@pytest.mark.parametrize(
    ("error", "kind", "number", "sentence"),
    [(error, *expected) for error, expected in SENTENCES.items()],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else None,
)
def test_an_error_is_the_standard_one_with_a_sentence_that_helps(
    error: errors.LocalSocketError, kind: type[Exception], number: int | None, sentence: str
) -> None:
    assert isinstance(error, kind)
    assert isinstance(error, errors.LocalSocketError)
    assert str(error) == sentence
    assert getattr(error, "errno", None) == number


def test_an_error_without_a_sentence_has_its_name() -> None:
    assert str(errors.LocalSocketError()) == "LocalSocketError"
    assert str(errors.UnsuitableHandler("it lacks something")) == "it lacks something"


def test_no_error_has_the_name_of_one_of_pythons_own() -> None:
    ours = {name for name, value in vars(errors).items() if isinstance(value, type)}
    assert not ours & set(dir(builtins))


def test_the_system_error_stays_the_cause() -> None:
    cause = OSError(errno.EROFS, "Read-only file system")
    error = errors.BrokenEndpoint("listening", cause)
    assert error.__cause__ is cause
    assert error.doing == "listening"
