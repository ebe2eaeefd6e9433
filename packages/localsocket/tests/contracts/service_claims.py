"""The claims about every service and its clients: calls, their deadlines, and what goes wrong with them."""

from __future__ import annotations

import contextlib
import datetime
import os
from collections.abc import Callable, Iterator
from typing import Any, Protocol

from contracts.service_ending_claims import ending_claims
from contracts.service_keeping_claims import keeping_claims
from contracts.service_of_claims import ADDRESS, Person, Refused, served, small_limits
from contracts.service_resuming_claims import resuming_claims
from contracts.service_stream_claims import stream_claims
from contracts.service_window_claims import window_claims
from contracts.subjects import ServiceFace
from localsocket.errors import (
    BadArguments,
    BadResult,
    CallFailed,
    DeadlinePassed,
    LocalSocketError,
    NoSuchMethod,
    NotAllowed,
    RemoteError,
    ResultTooLong,
    TooLongToSend,
    UnsuitableMessage,
)
from localsocket.testing import PATIENCE, Background, Contract, raises, wait_until

service_contract: Contract[ServiceFace] = Contract()

_SOON = 0.02
_THREADS = 8
_CALLS = 50


class Typed(Protocol):
    def add(self, a: int, b: int = ...) -> int: ...
    def count(self, to: int) -> Iterator[int]: ...
    def greet(self, person: Person) -> list[str]: ...


# --- calls ------------------------------------------------------------------------------------------------------------


@service_contract.claim
def a_call_gives_what_the_method_gives(face: ServiceFace) -> None:
    with served(face) as (client, _):
        assert client.call("add", 2, 3) == 5
        assert client.call("echo", b"\0" * 50_000) == b"\0" * 50_000
        assert client.call("note", "nothing to give") is None
        assert client.call("peer") == [os.getpid(), os.geteuid()]


@service_contract.claim
def arguments_go_by_position_and_by_name(face: ServiceFace) -> None:
    with served(face) as (client, _):
        assert client.call("add", 2) == client.call("add", a=2) == 3
        assert client.call("add", 2, b=3) == client.call("add", b=3, a=2) == 5
        ada = Person("Ada", friends=[Person("Bob")])
        assert client.call("greet", ada) == "glad to see Ada and 1 friends"
        day = datetime.date(1843, 9, 1)
        assert client.call("greet", ada, when=day, mood="sad") == "sad to see Ada and 1 friends in 1843"


@service_contract.claim
def arguments_that_do_not_fit_are_refused_with_the_path_to_them(face: ServiceFace) -> None:
    misfits: list[tuple[tuple[Any, ...], dict[str, Any], str]] = [
        (("add", "2", 3), {}, "a"),
        (("add", 2), {"b": 2.5}, "b"),
        (("greet", {"name": "Ada", "friends": [{"name": "Bob"}, {"name": 7}]}), {}, "person.friends[1].name"),
        (("greet", {"name": "Ada"}), {"mood": "odd"}, "mood"),
        (("add",), {}, ""),
        (("add", 1, 2, 3), {}, ""),
        (("add", 1), {"c": 2}, ""),
        (("greet", {"name": "Ada"}, None), {}, ""),
    ]
    with served(face) as (client, _):
        for arguments, named, path in misfits:
            misfit = raises(BadArguments, lambda given=arguments, named=named: client.call(*given, **named))  # type: ignore[misc]
            assert (misfit.method, misfit.path) == (arguments[0], path)
        assert client.call("add", 2, 3) == 5


@service_contract.claim
def what_cannot_be_sent_is_refused_before_it_is(face: ServiceFace) -> None:
    with served(face) as (client, of_claims):
        before = of_claims.service.stats().calls
        for unsuitable in (object(), 2**64, {1: {object()}}):
            raises(UnsuitableMessage, lambda value=unsuitable: client.call("echo", value))  # type: ignore[misc]
        assert client.call("add", 2, 3) == 5
        assert of_claims.service.stats().calls == before + 1


@service_contract.claim
def a_method_that_is_not_there_is_told_with_similar_ones(face: ServiceFace) -> None:
    with served(face) as (client, _):
        unknown = raises(NoSuchMethod, lambda: client.call("ad", 1, 2))
        assert (unknown.method, unknown.service, unknown.similar) == ("ad", "contract.service", ("add",))
        raises(NoSuchMethod, lambda: client.call("__init__"))


@service_contract.claim
def a_proxy_has_every_method_as_its_own(face: ServiceFace) -> None:
    with served(face) as (client, _):
        assert client.proxy.add(2, b=3) == 5
        assert client.proxy.deep.sea.add(2, 3) == 5
        assert list(client.proxy.count(3)) == [0, 1, 2]
        raises(NoSuchMethod, lambda: client.proxy.deep.add(2, 3))


@service_contract.claim
def a_typed_proxy_checks_what_comes_back(face: ServiceFace) -> None:
    with served(face) as (client, _):
        typed = client.typed(Typed)
        assert typed.add(2, 3) == 5
        assert list(typed.count(3)) == [0, 1, 2]
        wrong = raises(BadResult, lambda: typed.greet(Person("Ada")))
        assert (wrong.method, wrong.path) == ("greet", "the result")
        raises(AttributeError, lambda: typed.lie())  # type: ignore[attr-defined]


@service_contract.claim
def a_notification_is_served_and_not_answered(face: ServiceFace) -> None:
    with served(face) as (client, of_claims):
        client.notify("note", "first")
        client.notify("fail", "unknown")
        client.notify("nonsense", 1, 2, 3)
        client.notify("add", "no number")
        client.notify("count", 3)
        client.notify("note", what="last")
        of_claims.diary.wait_for("first", "last")
        assert client.call("add", 2, 3) == 5
        wait_until(lambda: of_claims.service.stats().active_calls == 0, "nothing to be under way")


@service_contract.claim
def a_service_tells_what_can_be_called(face: ServiceFace) -> None:
    with served(face) as (client, _):
        told = client.describe()
        assert (told.name, told.version) == ("contract.service", "1.5")
        assert told.documentation == "What the claims are about."
        methods = {method.name: method for method in told.methods}
        add, count = methods["add"], methods["count"]
        assert add.signature == "add(a: int, b: int = 1) -> int"
        assert add.documentation == "Add two numbers.\n\nThe second is 1 unless it is given."
        assert [(each.name, each.type, each.default) for each in add.parameters] == [
            ("a", "int", None),
            ("b", "int", "1"),
        ]
        assert (add.kind, add.idempotent) == ("call", False)
        assert (count.kind, count.returns) == ("stream", "int")
        assert methods["deep.sea.add"].idempotent
        topics = {topic.name: (topic.type, topic.policy) for topic in told.topics}
        assert [each.schema for each in add.parameters] == [{"type": "integer"}, {"type": "integer", "default": 1}]
        assert (count.schema, methods["older"].schema) == ({"type": "integer"}, {"$ref": "#/$defs/Person"})
        (person,) = told.types
        assert [(each.name, each.type) for each in person.fields] == [
            ("name", "str"),
            ("age", "int"),
            ("friends", "list[Person]"),
        ]
        assert person.schema["properties"]["age"] == {"type": "integer", "default": 0}
        (refused,) = told.errors
        assert [(each.name, each.type) for each in refused.attributes] == [("what", "str"), ("times", "int")]
        assert told.raises == ["Refused"]
        assert topics == {
            "latest": ("int", "drop_oldest"),
            "all_or_none": ("int", "disconnect"),
            "every": ("int", "block"),
        }


# --- who may, and what goes wrong -------------------------------------------------------------------------------------


@service_contract.claim
def a_declared_error_is_raised_again_as_itself(face: ServiceFace) -> None:
    with served(face) as (client, _), face.connect(ADDRESS) as stranger:
        refused = raises(Refused, lambda: client.call("fail", "refused"))
        assert (str(refused), refused.what, refused.times) == ("entry was refused 3 times", "entry", 3)
        unknown = raises(RemoteError, lambda: stranger.call("fail", "refused"))
        assert (unknown.method, unknown.name) == ("fail", "Refused")
        assert (unknown.arguments, unknown.attributes["times"]) == (("entry was refused 3 times",), 3)


@service_contract.claim
def any_other_error_tells_no_more_than_where_to_look(face: ServiceFace) -> None:
    with served(face) as (client, _):
        for how in ("unknown", "untellable"):
            failed = raises(CallFailed, lambda how=how: client.call("fail", how))  # type: ignore[misc]
            assert failed.method == "fail"
            assert failed.reference in str(failed)
            assert len(failed.reference) >= 8
            assert not failed.details
            assert "secret" not in str(failed)
        assert client.call("add", 2, 3) == 5


@service_contract.claim
def a_service_may_tell_the_details(face: ServiceFace) -> None:
    with served(face, tells_details=True) as (client, _):
        assert "KeyError: 'a secret'" in raises(CallFailed, lambda: client.call("fail", "unknown")).details


@service_contract.claim
def a_result_of_another_type_is_the_services_failure(face: ServiceFace) -> None:
    with served(face) as (client, _):
        raises(CallFailed, lambda: client.call("lie"))
        assert client.call("add", 2, 3) == 5


@service_contract.claim
def a_method_is_called_by_whom_it_allows(face: ServiceFace) -> None:
    with served(face) as (client, _):
        assert raises(NotAllowed, lambda: client.call("forbidden", 1, 2)).method == "forbidden"
        raises(CallFailed, lambda: client.call("unclear", 1, 2))
        assert client.call("add", 2, 3) == 5


@service_contract.claim
def a_message_that_is_too_long_costs_no_more_than_its_call(face: ServiceFace) -> None:
    few, many = small_limits(message=1000), small_limits(message=5000)
    with served(face, {"limits": few}, limits=many) as (client, _):
        too_long = raises(TooLongToSend, lambda: client.call("echo", bytes(5000)))
        assert too_long.limit == 5000
        calls: list[tuple[str, Callable[[], object]]] = [
            ("echo", lambda: client.call("echo", bytes(4000))),
            ("lines", lambda: list(client.stream("lines", 2, 4000))),
        ]
        for method, call in calls:
            too_long_here = raises(ResultTooLong, call)
            assert (too_long_here.method, too_long_here.limit) == (method, 1000)
            assert too_long_here.length > 4000
            assert "but this client accepts at most 1000; raise limits=CallLimits(message=...)" in str(too_long_here)
            assert isinstance(too_long_here, CallFailed)
        assert client.call("echo", bytes(900)) == bytes(900)


@service_contract.claim
def an_error_that_is_too_long_costs_no_more_than_its_call(face: ServiceFace) -> None:
    few, many = small_limits(message=1000), small_limits(message=5000)
    with served(face, {"limits": few}, limits=many) as (client, _):
        raises(LocalSocketError, lambda: client.call("greet", Person("Ada"), mood="x" * 4000))
        raises(LocalSocketError, lambda: client.call("x" * 4000))
        assert client.call("add", 2, 3) == 5


# --- tracing ----------------------------------------------------------------------------------------------------------


class _Traced:
    """A tracer of one side: notes what it surrounds, and what came along."""

    def __init__(self) -> None:
        self.notes: list[str] = []

    @contextlib.contextmanager
    def calling(self, service: str, method: str) -> Iterator[dict[str, str]]:
        yield {"traceparent": f"{service}/{method} {len(self.notes)}"}
        self.notes.append(f"{service}/{method} {len(self.notes)}")

    @contextlib.contextmanager
    def serving(self, service: str, method: str, carrier: dict[str, str]) -> Iterator[None]:
        yield
        self.notes.append(carrier["traceparent"])


@service_contract.claim
def what_a_tracer_sends_along_arrives_with_the_call(face: ServiceFace) -> None:
    calling, serving = _Traced(), _Traced()
    with served(face, {"tracing": calling}, tracing=serving) as (client, of_claims):
        assert client.call("add", 2, 3) == 5
        assert client.within(PATIENCE).proxy.add(2, 3) == 5
        assert client.start("add", 2, b=3).result() == 5
        assert list(client.stream("count", 3)) == [0, 1, 2]
        client.notify("note", "noted")
        of_claims.diary.wait_for("noted")
        wait_until(lambda: len(serving.notes) == 5, "the notification to be traced")
    methods = ["add", "add", "add", "count", "note"]
    assert calling.notes == serving.notes == [f"contract.service/{name} {each}" for each, name in enumerate(methods)]


# --- many at once -----------------------------------------------------------------------------------------------------


@service_contract.claim
def answers_come_in_any_order(face: ServiceFace) -> None:
    with served(face) as (client, of_claims):
        held = [client.start("hold") for _ in range(3)]
        of_claims.diary.wait_for("held", "held", "held")
        assert client.call("add", 2, 3) == 5
        of_claims.gate.set()
        assert [call.result() for call in reversed(held)] == ["released"] * 3


@service_contract.claim
def many_threads_share_one_client(face: ServiceFace) -> None:
    def call_some(thread: int) -> list[int]:
        return [client.call("add", thread * 1000, number) for number in range(_CALLS)]

    with served(face) as (client, of_claims):
        callers = [Background(call_some, thread) for thread in range(_THREADS)]
        for thread, caller in enumerate(callers):
            assert caller.result() == [thread * 1000 + number for number in range(_CALLS)]
        assert of_claims.service.stats().connections == 1


@service_contract.claim
def more_calls_than_the_service_serves_at_once_wait_for_their_turn(face: ServiceFace) -> None:
    with served(face, limits=small_limits(calls=1)) as (client, of_claims):
        before = of_claims.service.stats().calls
        held = client.start("hold")
        of_claims.diary.wait_for("held")
        for timeout in (0, _SOON):
            raises(DeadlinePassed, lambda timeout=timeout: client.call("add", 1, 1, timeout=timeout))  # type: ignore[misc]
        waiting = [Background(client.call, "add", 2, 3) for _ in range(3)]
        for each in waiting:
            each.wait_until_waiting()
        of_claims.gate.set()
        assert [each.result() for each in waiting] == [5] * 3
        assert held.result() == "released"
        assert of_claims.service.stats().calls == before + 4


@service_contract.claim
def a_call_that_is_cancelled_makes_room_for_one_that_waits(face: ServiceFace) -> None:
    with served(face, limits=small_limits(calls=1)) as (client, of_claims):
        held = client.start("hold")
        of_claims.diary.wait_for("held")
        waiting = Background(client.call, "add", 2, 3)
        waiting.wait_until_waiting()
        held.cancel()
        assert waiting.result() == 5


# --- deadlines --------------------------------------------------------------------------------------------------------


@service_contract.claim
def the_deadline_travels_with_the_call(face: ServiceFace) -> None:
    with served(face, {"call_timeout": None}) as (client, _):
        assert client.call("remaining") is None
        assert 90 < client.call("remaining", timeout=100) <= 100
        assert 90 < client.within(100).call("remaining") <= 100
        assert 90 < client.within(100).proxy.remaining() <= 100
        assert 190 < client.within(100).call("remaining", timeout=200) <= 200


@service_contract.claim
def a_late_call_is_cancelled_where_it_is_served(face: ServiceFace) -> None:
    with served(face) as (client, of_claims):

        def is_cancelled_there() -> bool:
            raises(DeadlinePassed, lambda: client.call("hold", timeout=_SOON))
            raises(DeadlinePassed, lambda: client.within(_SOON).proxy.hold())
            return "cancelled" in of_claims.diary.notes

        wait_until(is_cancelled_there)  # in a slow moment it has not begun when its time is over
        raises(DeadlinePassed, lambda: client.call("hold", timeout=0))
        assert client.call("add", 2, 3) == 5
        wait_until(lambda: of_claims.service.stats().active_calls == 0, "nothing to be under way")


@service_contract.claim
def a_result_may_be_waited_for_again(face: ServiceFace) -> None:
    with served(face) as (client, of_claims):
        call = client.start("hold")
        of_claims.diary.wait_for("held")
        raises(TimeoutError, lambda: call.result(timeout=_SOON))
        raises(TimeoutError, lambda: call.result(timeout=0))
        of_claims.gate.set()
        assert call.result(timeout=PATIENCE) == call.result() == "released"
        assert "cancelled" not in of_claims.diary.notes


@service_contract.claim
def cancelling_a_call_cancels_it_where_it_is_served(face: ServiceFace) -> None:
    with served(face) as (client, of_claims):
        call = client.start("hold")
        of_claims.diary.wait_for("held")
        call.cancel()
        of_claims.diary.wait_for("cancelled")
        call.cancel()
        assert client.call("add", 2, 3) == 5


service_contract.include(stream_claims)
service_contract.include(ending_claims)
service_contract.include(keeping_claims)
service_contract.include(window_claims)
service_contract.include(resuming_claims)
