"""Errors across the wire: what is declared crosses by name and data, and of the rest the server's log knows all."""

from __future__ import annotations

import errno
import logging
from collections.abc import Iterator
from typing import Any

import pytest

from localsocket import Client, Service
from localsocket.errors import (
    BadArguments,
    BadResult,
    CallCancelled,
    CallFailed,
    ClosedByPeer,
    DeadlinePassed,
    NoSuchMethod,
    NoSuchTopic,
    NotAllowed,
    RemoteError,
    SubscriberTooSlow,
    TooManyCalls,
)
from localsocket.services.client_core import lost_in_call
from localsocket.services.failures import error_of, failure_of_declared, failure_of_ours
from localsocket.testing import wait_until
from localsocket.wire.call_bodies import Failure, decode_failure, encode_failure
from localsocket.wire.caller import OpenCall
from services.conftest import ADDRESS, Serve


class Missing(LookupError):
    def __init__(self, name: str, *, similar: list[str]) -> None:
        super().__init__(f"there is no {name}")
        self.name = name
        self.similar = similar
        self._private = object()


class Worse(Missing):
    """Not declared itself, but derived from what is."""


class Plain(Exception):
    pass


class Broken(OSError):
    def __init__(self, path: str) -> None:
        super().__init__(errno.EIO, "it is broken", path)


class Fixed(Exception):
    @property
    def said(self) -> str:
        return "always the same"


def crossed(error: Exception, *known: type[Exception]) -> Exception:
    """Return the error that is raised on the other side."""
    failure = failure_of_ours(error) or failure_of_declared(error)
    assert failure is not None
    return error_of(decode_failure(encode_failure(failure)), "find", {kind.__name__: kind for kind in known})


# --- by name and data -------------------------------------------------------------------------------------------------


def test_a_declared_error_comes_with_its_arguments_and_attributes() -> None:
    error = crossed(Missing("x", similar=["y", "z"]), Missing)
    assert type(error) is Missing
    assert str(error) == "there is no x"
    assert (error.name, error.similar) == ("x", ["y", "z"])
    assert not hasattr(error, "_private")


def test_an_error_derived_from_one_of_the_systems_has_its_parts() -> None:
    error = crossed(Broken("/x"), Broken)
    assert type(error) is Broken
    assert (error.errno, error.strerror) == (errno.EIO, "it is broken")
    assert str(error) == "[Errno 5] it is broken"


def test_an_error_without_anything_comes_as_such() -> None:
    error = crossed(Plain(), Plain)
    assert type(error) is Plain
    assert error.args == ()


def test_an_error_whose_class_is_not_known_here_tells_all_that_came() -> None:
    error = crossed(Missing("x", similar=["y"]))
    assert isinstance(error, RemoteError)
    assert (error.method, error.name, error.arguments) == ("find", "Missing", ("there is no x",))
    assert error.attributes == {"name": "x", "similar": ["y"]}
    assert str(error) == (
        "calling 'find' raised Missing('there is no x'); pass errors=[Missing] to catch it as Missing"
    )


@pytest.mark.parametrize(
    "error",
    [
        NoSuchMethod("f", "demo", ["g"]),
        NoSuchTopic("t", "demo", ["u"]),
        BadArguments("f", "a.b[0]", "it is odd"),
        NotAllowed("f"),
        TooManyCalls(4),
        DeadlinePassed("calling 'f'", 1.5),
        CallCancelled("f"),
        SubscriberTooSlow("t", 10),
    ],
    ids=lambda error: type(error).__name__,
)
def test_what_the_package_says_of_a_call_is_said_there_too(error: Exception) -> None:
    there = crossed(error)
    assert type(there) is type(error)
    assert str(there) == str(error)
    assert vars(there) == vars(error)


@pytest.mark.parametrize(
    "failure",
    [
        Failure("unheard-of", "what is this"),
        Failure("no-such-method", "parts are missing", {"method": "f"}),
        Failure("raised", "no name", {}),
        Failure("raised", "odd parts", {"name": 7, "arguments": 8, "attributes": []}),
        Failure("raised", "odd attributes", {"name": "Plain", "arguments": [], "attributes": [1]}),
        Failure("raised", "not to be set", {"name": "Fixed", "arguments": [], "attributes": {"said": 1}}),
        Failure("failed", "numbers", {"reference": 7, "details": None}),
    ],
    ids=lambda failure: failure.message,
)
def test_a_failure_made_by_another_program_is_a_failed_call_whatever_it_holds(failure: Failure) -> None:
    error = error_of(failure, "find", {"Plain": Plain, "Fixed": Fixed})
    assert isinstance(error, CallFailed)
    assert failure.message in str(error)


def test_a_peer_cannot_set_what_an_error_class_has_for_itself() -> None:
    parts = {"name": "Plain", "arguments": [], "attributes": {"__class__": "x", "_private": 1, "said": 2}}
    error = error_of(Failure("raised", "", parts), "find", {"Plain": Plain})
    assert type(error) is Plain
    assert vars(error) == {"said": 2}


# --- what is logged, and what is told ---------------------------------------------------------------------------------


class Failing:
    """A service whose methods fail, each in its way."""

    def __init__(self, *, tells_details: bool = False) -> None:
        self.service = Service("demo", errors=[Missing], tells_details=tells_details)
        self.service.method(self.find)
        self.service.method(self.find, name="find_more", raises=[Plain])
        self.service.method(self.find_all)
        self.service.method(self.lie)

    def find(self, what: str) -> None:
        errors: dict[str, Exception] = {
            "missing": Missing("x", similar=[]),
            "worse": Worse("x", similar=[]),
            "plain": Plain("secret"),
            "untellable": Missing(object(), similar=[]),  # type: ignore[arg-type]
        }
        raise errors[what]

    def find_all(self, what: str) -> Iterator[int]:
        yield 1
        self.find(what)

    def lie(self) -> int:
        return "not a number"  # type: ignore[return-value]


@pytest.fixture
def client(serve: Serve) -> Iterator[Client]:
    with serve(Failing().service), Client(ADDRESS, errors=[Missing, Plain]) as client:
        yield client


def logged(caplog: pytest.LogCaptureFixture, failed: CallFailed) -> logging.LogRecord:
    """Return what the log has under the reference."""
    (record,) = [record for record in caplog.records if failed.reference in record.getMessage()]
    assert (record.name, record.levelno) == ("localsocket.services", logging.ERROR)
    return record


@pytest.mark.parametrize(
    ("call", "cause"),
    [
        (lambda client: client.call("find", "plain"), "Plain: secret"),
        (lambda client: client.call("find", "untellable"), "Missing: there is no <object"),
        (lambda client: client.call("find", "nonsense"), "KeyError: 'nonsense'"),
        (lambda client: list(client.stream("find_all", "plain")), "Plain: secret"),
        (lambda client: client.call("lie"), "BadResult: 'lie' gave an unexpected result"),
    ],
)
def test_what_is_not_declared_is_found_in_the_log_and_nowhere_else(
    client: Client, caplog: pytest.LogCaptureFixture, call: Any, cause: str
) -> None:
    with pytest.raises(CallFailed) as caught:
        call(client)
    failed = caught.value
    record = logged(caplog, failed)
    assert f"demo.{failed.method} failed for pid" in record.getMessage()
    assert cause in caplog.text
    assert "Traceback" in caplog.text
    assert (failed.message, failed.details) == ("the method failed", "")


def test_each_failure_has_a_reference_of_its_own(client: Client) -> None:
    references = set()
    for _ in range(3):
        with pytest.raises(CallFailed) as caught:
            client.call("find", "plain")
        references.add(caught.value.reference)
    assert len(references) == 3


def test_what_is_declared_is_no_matter_for_the_log(client: Client, caplog: pytest.LogCaptureFixture) -> None:
    with pytest.raises(Missing):
        client.call("find", "missing")
    with pytest.raises(Missing):
        list(client.stream("find_all", "missing"))
    with pytest.raises(Plain):
        client.call("find_more", "plain")
    assert not caplog.records


def test_a_class_derived_from_a_declared_one_crosses_by_its_own_name(client: Client) -> None:
    with pytest.raises(RemoteError) as caught:
        client.call("find", "worse")
    assert caught.value.name == "Worse"


def test_a_service_that_tells_details_sends_the_traceback_and_logs_it_all_the_same(
    serve: Serve, caplog: pytest.LogCaptureFixture
) -> None:
    with serve(Failing(tells_details=True).service), Client(ADDRESS) as client:
        with pytest.raises(CallFailed) as caught:
            client.call("find", "plain")
        assert "Traceback" in caught.value.details
        assert "Plain: secret" in caught.value.details
        logged(caplog, caught.value)


def test_what_fails_in_a_notification_is_logged(client: Client, caplog: pytest.LogCaptureFixture) -> None:
    client.notify("find", "plain")
    client.notify("fin", "plain")
    client.notify("find", 7)

    def logged() -> str:
        return "\n".join(record.getMessage() for record in caplog.records)

    wait_until(lambda: logged().count("\n") == 2)
    texts = logged()
    assert "demo.find failed for pid" in texts
    assert "a notification to service 'demo' was not served: the service 'demo' has no method 'fin'" in texts
    assert "a notification to service 'demo' was not served: 'find' was called with wrong arguments" in texts


def test_a_lost_call_names_its_method_and_the_reason() -> None:
    reason = ClosedByPeer("its answers were awaited")
    error = lost_in_call(OpenCall("find", 1, b"", 0), reason)
    assert isinstance(error, ClosedByPeer)
    assert "calling 'find'" in str(error)
    assert error.__cause__ is reason
    other = BadResult("find", "the result", "odd")
    assert lost_in_call(OpenCall("find", 1, b"", 0), other) is other
