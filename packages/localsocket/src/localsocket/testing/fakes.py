"""Stand-ins for services that others serve: each call is held to the interface, and answered as the test says."""

from __future__ import annotations

import inspect
import itertools
import sys
import threading
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from types import ModuleType
from typing import Any, NamedTuple, get_args

from localsocket.keywords import similar_names
from localsocket.services.description import MethodDescription, ServiceDescription
from localsocket.services.remote import Remote
from localsocket.services.schema import streamed_type, type_hints
from localsocket.services.service import Service
from localsocket.showing import did_you_mean
from localsocket.tools.stub import stub_of

_numbers = itertools.count(1)


class FakeCall(NamedTuple):
    """A call that a fake has received: its arguments by name, with the defaults of those that were left out."""

    method: str
    arguments: dict[str, Any]


class FakeService:
    """A service with the methods of another one, which returns what the test says.

    `of` is a Protocol class as for typed(), or the ServiceDescription that describe() returned. Calls and answers are
    checked against it: a call with wrong arguments is refused as the real service would refuse it, and an answer of the
    wrong type is not sent. `service` is the Service to be served, by serving() or any other way. `calls` lists the
    accepted calls in the order in which they came. `errors` has the exception classes that are sent to the caller, by
    name.

    A class does not say which errors the service declares and which topics it has, so pass `errors`, and `topics`,
    which maps names to the types of messages. A description says both; classes that you do not pass in `errors` are
    generated from it. Methods whose names cannot be attributes are left out.
    """

    def __init__(
        self,
        of: type | ServiceDescription,
        *,
        name: str | None = None,
        errors: Iterable[type[Exception]] = (),
        topics: Mapping[str, Any] | None = None,
    ) -> None:
        self.calls: list[FakeCall] = []
        self._answers: dict[str, object] = {}
        self._lock = threading.Lock()
        told: dict[str, MethodDescription] = {}
        kinds = dict(topics or {})
        declared = [*errors]
        if isinstance(of, ServiceDescription):
            name = of.name if name is None else name
            told = {method.name: method for method in of.methods}
            stub = _imported(stub_of(of))
            kinds = {**_topics_in(stub, of), **kinds}
            given = {kind.__name__ for kind in declared}
            declared += [kind for kind in stub.ERRORS if kind.__name__ not in given]
            of = _protocol_in(stub)
        self.errors = {kind.__name__: kind for kind in declared}
        self.service = Service(name or of.__name__, errors=declared, tells_details=True)
        self._add_all(Remote(of), told)
        self._topics = {topic: self.service.topic(topic, kind) for topic, kind in kinds.items()}

    def answer(self, method: str, answer: object) -> None:
        """Make `method` answer this from now on.

        A function is called with the arguments of each call, and returns the answer or raises it. An exception is
        raised. For a method that streams, the answer is its items. Anything else is the result. Until a test has set an
        answer, the method fails, and `details` of CallFailed says why.
        """
        if method not in self._streams:
            raise self._no_such(method)
        with self._lock:
            self._answers[method] = answer

    def publish(self, topic: str, message: object) -> None:
        """Publish a message; it is checked against the topic's type."""
        if topic not in self._topics:
            raise self._no_such(topic, "topic", self._topics)
        self._topics[topic].publish(message)

    # ------------------------------------------------------------------------------------------------------------------

    def _add_all(self, remote: Remote, told: Mapping[str, MethodDescription]) -> None:
        self._streams: dict[str, bool] = {}
        for each in _all_parts(remote):
            for name, function in each.functions.items():
                method = f"{each.prefix}{name}"
                self._streams[method] = each.is_stream(name)
                about = told.get(method)
                self.service.method(
                    self._stand_in(method, function),
                    name=method,
                    idempotent=about is not None and about.idempotent,
                    read_only=about is not None and about.read_only,
                )

    def _stand_in(self, method: str, function: Callable[..., object]) -> Callable[..., Any]:
        """Return a plain function that is called as `function` is, without its `self`."""
        signature = inspect.signature(function)
        signature = signature.replace(parameters=list(signature.parameters.values())[1:])
        hints = type_hints(method, function)
        is_stream, kind = streamed_type(hints.get("return", Any))
        hints["return"] = Iterator[kind] if is_stream else kind  # type: ignore[valid-type] # what is there as a value

        def stand_in(*arguments: Any, **named: Any) -> Any:
            bound = signature.bind(*arguments, **named)
            bound.apply_defaults()
            given = self._answer_to(FakeCall(method, dict(bound.arguments)), arguments, named)
            return iter(given) if is_stream else given

        stand_in.__name__ = function.__name__
        stand_in.__doc__ = inspect.getdoc(function)
        stand_in.__annotations__ = hints
        stand_in.__signature__ = signature  # type: ignore[attr-defined] # which inspect.signature() looks for
        return stand_in

    def _answer_to(self, call: FakeCall, arguments: tuple[Any, ...], named: dict[str, Any]) -> Any:
        with self._lock:
            self.calls.append(call)
            if call.method not in self._answers:
                raise NotImplementedError(f"no test has said what it should answer: fake.answer({call.method!r}, ...)")
            answer = self._answers[call.method]
        if isinstance(answer, BaseException):
            raise answer
        return answer(*arguments, **named) if callable(answer) else answer

    def _no_such(self, name: str, what: str = "method", known: Collection[str] | None = None) -> ValueError:
        hint = did_you_mean(similar_names(name, self._streams if known is None else known))
        return ValueError(f"the service {self.service.name!r} has no {what} {name!r}{hint}")


def _all_parts(remote: Remote) -> Iterator[Remote]:
    yield remote
    for part in remote.parts.values():
        yield from _all_parts(part)


def _imported(text: str) -> ModuleType:
    """Return the module that a stub is, which may be imported whatever the service says of itself."""
    module = ModuleType(f"localsocket_fake_{next(_numbers)}")
    sys.modules[module.__name__] = module  # where its classes look for the types of their fields
    exec(compile(text, f"<{module.__name__}>", "exec"), vars(module))  # noqa: S102 # written by stub_of()
    return module


def _protocol_in(stub: ModuleType) -> type:
    """Return the class with the methods, which a stub defines behind those of its parts."""
    *_, found = (each for each in vars(stub).values() if _is_defined_in(stub, each) and each._is_protocol)
    assert isinstance(found, type)
    return found


def _is_defined_in(stub: ModuleType, thing: Any) -> bool:
    return inspect.isclass(thing) and thing.__module__ == stub.__name__ and hasattr(thing, "_is_protocol")


def _topics_in(stub: ModuleType, service: ServiceDescription) -> dict[str, Any]:
    """Return the types of messages, as the functions say that subscribe to them."""
    kinds: dict[str, Any] = {}
    for topic in service.topics:
        name = "subscribe_" + "".join(letter if letter.isalnum() else "_" for letter in topic.name)
        if (subscribe := getattr(stub, name, None)) is not None:
            (kinds[topic.name],) = get_args(type_hints(name, subscribe)["return"])
    return kinds
