"""Calls in OpenTelemetry: one trace over both sides, what failed in it, and nothing of it where nobody asked."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import ExitStack
from typing import Any, TypeAlias

import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor, SpanExportResult
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode

import localsocket
from localsocket import aio
from localsocket.errors import CallFailed, DeadlinePassed
from localsocket.otel import OpenTelemetryTracing
from localsocket.testing import PATIENCE, wait_until

ADDRESS = "otel.demo"


class NotFound(Exception):
    pass


class Spans(InMemorySpanExporter):
    """The spans that have ended, in a trace of their own for each test."""

    def __init__(self) -> None:
        super().__init__()
        self._changed = threading.Condition()
        self.provider = TracerProvider(shutdown_on_exit=False)
        self.provider.add_span_processor(SimpleSpanProcessor(self))
        self.tracing = OpenTelemetryTracing(self.provider)
        self.tracer = self.provider.get_tracer("test")

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        with self._changed:
            done = super().export(spans)
            self._changed.notify_all()
            return done

    def wait_for(self, count: int) -> dict[tuple[str, SpanKind], ReadableSpan]:
        """Wait until so many have ended, which are to be all of them, and return them by name and kind."""
        with self._changed:
            assert self._changed.wait_for(lambda: len(self.get_finished_spans()) >= count, PATIENCE), self.names()
            found = {(span.name, span.kind): span for span in self.get_finished_spans()}
        assert len(found) == len(self.get_finished_spans()) == count, self.names()
        return found

    def names(self) -> list[str]:
        return [f"{span.kind.name} {span.name}" for span in self.get_finished_spans()]


@pytest.fixture
def spans() -> Iterator[Spans]:
    spans = Spans()
    yield spans
    spans.provider.shutdown()


class Demo:
    """A service with one function of each kind; what it sees of the tracing is in `carriers`."""

    def __init__(self, spans: Spans, tracing: OpenTelemetryTracing | None) -> None:
        self.spans = spans
        self.carriers: list[dict[str, str]] = []
        self.closed = threading.Event()
        self.service = localsocket.Service(ADDRESS, errors=[NotFound], tracing=tracing)

    def plain(self, word: str) -> str:
        return self._answer(word)

    async def coroutine(self, word: str) -> str:
        await asyncio.sleep(0)
        return self._answer(word)

    def generator(self, words: list[str]) -> Iterator[str]:
        try:
            for word in words:
                yield self._answer(word)
        finally:
            self.closed.set()

    async def async_generator(self, words: list[str]) -> AsyncIterator[str]:
        try:
            for word in words:
                yield self._answer(word)
        finally:
            self.closed.set()

    async def sleep(self) -> None:
        try:
            await asyncio.sleep(PATIENCE)
        finally:
            self.closed.set()

    def _answer(self, word: str) -> str:
        self.carriers.append(localsocket.current_call().answer.body.carrier)
        if word == "declared":
            raise NotFound(word)
        if word == "undeclared":
            raise ValueError(word)
        with self.spans.tracer.start_as_current_span(word):
            return word.upper()


Serve: TypeAlias = Callable[..., Demo]
Talk: TypeAlias = Callable[..., Any]


@pytest.fixture(params=["plain", "coroutine", "plain in threads"])
def serve(request: pytest.FixtureRequest, spans: Spans) -> Iterator[Serve]:
    """Serve a Demo, whose methods `one` and `many` are of the kind that the test is for."""
    with ExitStack() as serving:

        def begin(*, traced: bool = True) -> Demo:
            demo = Demo(spans, spans.tracing if traced else None)
            is_async = request.param == "coroutine"
            demo.service.method(demo.coroutine if is_async else demo.plain, name="one")
            demo.service.method(demo.async_generator if is_async else demo.generator, name="many")
            if request.param != "plain":
                demo.service.method(demo.sleep)
            serving.enter_context(localsocket.ServerThread(ADDRESS, demo.service))
            return demo

        yield begin


@pytest.fixture(params=["blocking", "aio"])
def talk(request: pytest.FixtureRequest, spans: Spans) -> Talk:
    """Have a client do what `on_blocking` or `on_aio` does, depending on the face."""

    def on_face(
        on_blocking: Callable[[localsocket.Client], Any],
        on_aio: Callable[[aio.Client], Awaitable[Any]],
        *,
        traced: bool = True,
    ) -> Any:
        tracing = spans.tracing if traced else None
        if request.param == "blocking":
            client = localsocket.Client(ADDRESS, errors=[NotFound], tracing=tracing)
            try:
                return on_blocking(client)
            finally:
                client.close()

        async def run() -> Any:
            async_client = aio.Client(ADDRESS, errors=[NotFound], tracing=tracing)
            try:
                return await on_aio(async_client)
            finally:
                await async_client.close()

        return asyncio.run(run())

    return on_face


def call(talk: Talk, method: str, *arguments: object, traced: bool = True) -> Any:
    return talk(
        lambda client: client.call(method, *arguments), lambda client: client.call(method, *arguments), traced=traced
    )


def first_of_many(talk: Talk, words: list[str]) -> Any:
    async def take_one(client: aio.Client) -> Any:
        async with client.stream("many", words) as stream:
            return await stream.receive(timeout=PATIENCE)

    def take_one_now(client: localsocket.Client) -> Any:
        with client.stream("many", words) as stream:
            return stream.receive(timeout=PATIENCE)

    return talk(take_one_now, take_one)


def all_of_many(talk: Talk, words: list[str]) -> Any:
    async def take_all(client: aio.Client) -> list[Any]:
        return [word async for word in client.stream("many", words)]

    return talk(lambda client: list(client.stream("many", words)), take_all)


def is_child(child: ReadableSpan, parent: ReadableSpan) -> bool:
    assert child.context is not None
    assert parent.context is not None
    return (
        child.parent is not None
        and child.parent.span_id == parent.context.span_id
        and child.context.trace_id == parent.context.trace_id
    )


def recorded(span: ReadableSpan) -> list[object]:
    return [(event.attributes or {})["exception.type"] for event in span.events]


def test_the_method_the_call_and_what_surrounds_them_are_one_trace(serve: Serve, talk: Talk, spans: Spans) -> None:
    serve()
    with spans.tracer.start_as_current_span("around"):
        assert call(talk, "one", "tea") == "TEA"
    found = spans.wait_for(4)
    called = found[f"{ADDRESS}/one", SpanKind.CLIENT]
    served = found[f"{ADDRESS}/one", SpanKind.SERVER]
    assert is_child(called, found["around", SpanKind.INTERNAL])
    assert is_child(served, called)
    assert is_child(found["tea", SpanKind.INTERNAL], served)
    for span in (called, served):
        assert span.status.status_code is StatusCode.UNSET
        assert dict(span.attributes or {}) == {
            "rpc.system": "localsocket",
            "rpc.service": ADDRESS,
            "rpc.method": "one",
        }


@pytest.mark.parametrize(
    ("word", "raised", "at_the_service", "at_the_caller"),
    [
        ("undeclared", CallFailed, "ValueError", "localsocket.errors.CallFailed"),
        ("declared", NotFound, f"{__name__}.NotFound", f"{__name__}.NotFound"),
    ],
)
def test_an_error_is_recorded_on_both_sides(
    serve: Serve,
    talk: Talk,
    spans: Spans,
    word: str,
    raised: type[Exception],
    at_the_service: str,
    at_the_caller: str,
) -> None:
    serve()
    with pytest.raises(raised):
        call(talk, "one", word)
    found = spans.wait_for(2)
    called, served = found[f"{ADDRESS}/one", SpanKind.CLIENT], found[f"{ADDRESS}/one", SpanKind.SERVER]
    assert called.status.status_code is served.status.status_code is StatusCode.ERROR
    assert recorded(served) == [at_the_service]
    assert recorded(called) == [at_the_caller]


def test_a_stream_is_one_span_of_the_service_until_its_end(serve: Serve, talk: Talk, spans: Spans) -> None:
    serve()
    assert all_of_many(talk, ["tea", "rice"]) == ["TEA", "RICE"]
    found = spans.wait_for(4)
    served = found[f"{ADDRESS}/many", SpanKind.SERVER]
    assert is_child(served, found[f"{ADDRESS}/many", SpanKind.CLIENT])
    for word in ("tea", "rice"):
        item = found[word, SpanKind.INTERNAL]
        assert is_child(item, served)
        assert (item.end_time or 0) <= (served.end_time or 0)
    assert served.status.status_code is StatusCode.UNSET


def test_a_stream_that_is_left_is_no_error(serve: Serve, talk: Talk, spans: Spans) -> None:
    demo = serve()
    endless = ["tea", *(f"word {number} {'.' * 1000}" for number in range(700))]
    assert first_of_many(talk, endless) == "TEA"
    assert demo.closed.wait(PATIENCE)

    def served() -> list[ReadableSpan]:
        return [span for span in spans.get_finished_spans() if span.kind is SpanKind.SERVER]

    wait_until(served)
    assert [(span.name, span.status.status_code, recorded(span)) for span in served()] == [
        (f"{ADDRESS}/many", StatusCode.UNSET, [])
    ]


def test_a_stream_that_fails_records_the_error(serve: Serve, talk: Talk, spans: Spans) -> None:
    serve()
    with pytest.raises(NotFound):
        all_of_many(talk, ["tea", "declared"])
    served = spans.wait_for(3)[f"{ADDRESS}/many", SpanKind.SERVER]
    assert served.status.status_code is StatusCode.ERROR
    assert recorded(served) == [f"{__name__}.NotFound"]


def test_a_notification_is_traced(serve: Serve, talk: Talk, spans: Spans) -> None:
    serve()
    talk(lambda client: client.notify("one", "tea"), lambda client: client.notify("one", "tea"))
    found = spans.wait_for(3)
    assert is_child(found[f"{ADDRESS}/one", SpanKind.SERVER], found[f"{ADDRESS}/one", SpanKind.CLIENT])


def test_calls_that_are_started_together_are_siblings(serve: Serve, talk: Talk, spans: Spans) -> None:
    serve()

    async def start_both(client: aio.Client) -> list[str]:
        return [await pending for pending in [client.start("one", "tea"), client.start("one", "rice")]]

    def start_both_now(client: localsocket.Client) -> list[str]:
        return [pending.result() for pending in [client.start("one", "tea"), client.start("one", "rice")]]

    with spans.tracer.start_as_current_span("around"):
        assert talk(start_both_now, start_both) == ["TEA", "RICE"]
    ended = spans.get_finished_spans()
    (around,) = (span for span in ended if span.name == "around")
    called = [span for span in ended if span.kind is SpanKind.CLIENT]
    served = [span for span in ended if span.kind is SpanKind.SERVER]
    assert len(called) == len(served) == 2
    assert all(is_child(span, around) for span in called)
    assert {span.parent.span_id for span in served if span.parent} == {
        span.context.span_id for span in called if span.context
    }


@pytest.mark.parametrize("serve", ["coroutine"], indirect=True)
def test_a_call_that_is_too_late_is_an_error_of_the_caller(serve: Serve, talk: Talk, spans: Spans) -> None:
    demo = serve()

    def is_closed_there() -> bool:
        with pytest.raises(DeadlinePassed):
            talk(lambda client: client.call("sleep", timeout=0.05), lambda client: client.call("sleep", timeout=0.05))
        return demo.closed.is_set()

    wait_until(is_closed_there)  # in a slow moment it has not begun when its time is over
    called = [span for span in spans.get_finished_spans() if span.kind is SpanKind.CLIENT]
    assert called
    assert all(recorded(span) == ["localsocket.errors.DeadlinePassed"] for span in called)


def test_nothing_is_carried_for_a_client_without_tracing(serve: Serve, talk: Talk, spans: Spans) -> None:
    demo = serve()
    with spans.tracer.start_as_current_span("around"):
        assert call(talk, "one", "tea", traced=False) == "TEA"
        assert call(talk, "one", "rice") == "RICE"
    assert demo.carriers[0] == {}
    assert set(demo.carriers[1]) == {"traceparent"}
    served = [span for span in spans.get_finished_spans() if span.kind is SpanKind.SERVER]
    assert served[0].parent is None
    assert served[1].parent is not None


def test_a_service_without_tracing_is_called_all_the_same(serve: Serve, talk: Talk, spans: Spans) -> None:
    serve(traced=False)
    assert call(talk, "one", "tea") == "TEA"
    found = spans.wait_for(2)
    assert set(found) == {(f"{ADDRESS}/one", SpanKind.CLIENT), ("tea", SpanKind.INTERNAL)}
    assert found["tea", SpanKind.INTERNAL].parent is None


def test_without_tracing_nothing_of_opentelemetry_is_loaded() -> None:
    program = """\
import sys
import localsocket
service = localsocket.Service("otel.unloaded")
with localsocket.ServerThread("otel.unloaded", service), localsocket.Client("otel.unloaded") as client:
    client.describe()
sys.exit(any(name.partition(".")[0] == "opentelemetry" for name in sys.modules))
"""
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


def test_the_providers_default_is_the_global_one(monkeypatch: pytest.MonkeyPatch, spans: Spans) -> None:
    monkeypatch.setattr(trace, "_TRACER_PROVIDER", spans.provider)
    with OpenTelemetryTracing().calling("service", "method") as carrier:
        assert trace.get_current_span().get_span_context().is_valid
    assert set(carrier) == {"traceparent"}
    assert spans.names() == ["CLIENT service/method"]
