"""What users may name is written down in public_names.txt, so that one more name is a decision and not an accident."""

from __future__ import annotations

import ast
import importlib
import inspect
import os
import textwrap
from collections.abc import Iterator
from pathlib import Path

import pytest

WRITTEN_DOWN = Path(__file__).with_name("public_names.txt")

MODULES = [
    "localsocket",
    "localsocket.aio",
    "localsocket.anyio",
    "localsocket.errors",
    "localsocket.otel",
    "localsocket.qt",
    "localsocket.testing",
]
NEEDS = {"localsocket.anyio": "anyio", "localsocket.otel": "opentelemetry"}

# Classes that no public module names, since only public functions make their objects.
GIVEN = {
    "localsocket": [
        "localsocket.blocking.client.Calls",
        "localsocket.blocking.pending_call.PendingCall",
        "localsocket.blocking.pending_call.Stream",
        "localsocket.endpoint.address.Endpoint",
        "localsocket.services.description.MethodDescription",
        "localsocket.services.description.ServiceDescription",
        "localsocket.services.description.TopicDescription",
        "localsocket.services.served_call.ServedCall",
        "localsocket.services.stats.ClientStats",
        "localsocket.services.stats.ServiceStats",
        "localsocket.services.topic.Topic",
        "localsocket.sockets.server.ServerStats",
    ],
    "localsocket.aio": ["localsocket.aio.client.Calls"],
}


def names_of(module_name: str) -> set[str]:
    module = importlib.import_module(module_name)
    public = getattr(module, "__all__", None) or [
        name
        for name, thing in vars(module).items()
        if not name.startswith("_") and getattr(thing, "__module__", None) == module_name
    ]
    things = {name: getattr(module, name) for name in public}
    for path in GIVEN.get(module_name, []):
        home, _, name = path.rpartition(".")
        things[name] = getattr(importlib.import_module(home), name)
    found = set(things)
    for name, thing in things.items():
        if inspect.isclass(thing):
            found |= {f"{name}.{attribute}" for attribute in attributes_of(thing)}
    return found


def attributes_of(kind: type) -> Iterator[str]:
    """Give the public attributes that classes of ours add, those that are set in a method included."""
    for base in kind.__mro__:
        if base.__module__.partition(".")[0] != "localsocket":
            continue
        for name in (*vars(base), *inspect.get_annotations(base), *attributes_set_in(base)):
            if not name.startswith("_") and not hasattr(Exception, name):
                yield name


def attributes_set_in(kind: type) -> Iterator[str]:
    for node in ast.walk(ast.parse(textwrap.dedent(inspect.getsource(kind)))):
        if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store) and ast.unparse(node.value) == "self":
            yield node.attr


def written_down() -> dict[str, set[str]]:
    found: dict[str, set[str]] = {module: set() for module in MODULES}
    for line in WRITTEN_DOWN.read_text(encoding="utf-8").splitlines():
        module, _, name = line.partition(": ")
        found[module].add(name)
    return found


@pytest.fixture(scope="module", autouse=True)
def _write_down_anew() -> None:
    if "UPDATE_PUBLIC_NAMES" in os.environ:
        lines = [f"{module}: {name}\n" for module in MODULES for name in sorted(names_of(module))]
        WRITTEN_DOWN.write_text("".join(lines), encoding="utf-8")


@pytest.mark.long
@pytest.mark.parametrize("module", MODULES)
def test_each_public_name_is_written_down(module: str) -> None:
    pytest.importorskip(NEEDS.get(module, "localsocket"))
    now, before = names_of(module), written_down()[module]
    assert now == before, (
        f"more: {sorted(now - before)}, gone: {sorted(before - now)}. What is not for users begins with an underscore. "
        f"If this is meant: UPDATE_PUBLIC_NAMES=1 pytest {Path(__file__).name}, and look at the difference"
    )


def test_what_one_class_of_ours_calls_on_another_is_no_public_name() -> None:
    """The names by which loops, services and clients once called each other."""
    ours = {
        "LocalServer": "open take_connection release can_accept is_exhausted retry_after_exhaustion begin_watching "
        "end_watching close_in_child",
        "EventLoop": "begin forget watch unwatch watch_readable take_over close_in_child poller",
        "EventSocket": "start on_events finish hand_over take_over close_in_child unsent",
        "LocalSocket": "hand_over take_over close_in_child unsent begin_receiving room_for_bytes take_in take_in_end "
        "end_receiving",
        "Service": "open_session add_session remove_session greeting needs_asyncio table topics tally unknown_method",
        "Client": "begin send_notification connected call_by_proxy core",
    }
    # Where a client is watched by signals, `connected` is one.
    names = {name for module, names in written_down().items() if module != "localsocket.qt" for name in names}
    assert not names & {f"{kind}.{name}" for kind, listed in ours.items() for name in listed.split()}
