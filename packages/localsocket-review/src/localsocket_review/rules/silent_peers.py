"""Servers that serve one connection after another, and wait without a limit for what each has to say."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from localsocket_review.analysis.facts import Facts
from localsocket_review.analysis.sites import Site
from localsocket_review.apis.meaning import Act
from localsocket_review.model.declarations import FunctionInfo
from localsocket_review.model.expressions import Call, Expression
from localsocket_review.model.place import Place
from localsocket_review.model.statements import Loop, Statement, contains, expressions_in, statements_in

# What ends a wait, or has others wait in the meantime, wherever in the file: then somebody has thought of it.
_LIMITING = frozenset(
    {"SO_RCVTIMEO", "setdefaulttimeout", "setblocking", "O_NONBLOCK", "SOCK_NONBLOCK", "FIONBIO", "MSG_DONTWAIT"}
    | {"select", "selectors", "poll", "ppoll", "pselect", "epoll_wait", "epoll_ctl", "alarm", "setitimer", "wait_for"}
    | {"fork", "gevent", "eventlet", "monkey"}
)
_IN_ANOTHER_FORM = frozenset({"makefile", "dup", "fileno", "detach", "fdopen", "wrap_socket"})
_DEEPEST = 3


@dataclass(frozen=True, slots=True)
class WaitForPeer:
    """Where a loop of all connections waits for one of them."""

    loop: Loop
    accepted: Place
    waits: Place
    by: str


def silent_peers(facts: Facts) -> Iterator[WaitForPeer]:
    """Yield, of each loop that accepts local connections itself, the first wait for a peer that has no limit."""
    for accept in facts.calls.sites(Act.ACCEPT):
        if not accept.api.act & Act.WAIT or accept.function.is_async or facts.transports.is_network_site(accept):
            continue
        loops = [one for one in accept.function.statements() if isinstance(one, Loop) and contains([one], accept.call)]
        if loops and not _is_limited(facts, accept.function):
            found = next(_waits(facts, loops[-1].body, accept.function, accept, ()), None)
            if found is not None:
                yield WaitForPeer(loops[-1], accept.place, *found)


def _waits(
    facts: Facts, body: list[Statement], function: FunctionInfo, accept: Site, way: tuple[FunctionInfo, ...]
) -> Iterator[tuple[Place, str]]:
    """Yield the waits for the accepted connection in these statements, and in the functions that they call."""
    for one in statements_in(body):
        if isinstance(one, Loop) and one.iterable is not None and _is_accepted(facts, one.iterable, function, accept):
            yield one.iterable.place, "the loop over its lines"
    for call in (one for one in expressions_in(body) if isinstance(one, Call)):
        site = facts.calls.site(call, function)
        if site is not None:
            is_wait = site.api.act & Act.RECEIVE and site.socket is not None
            if is_wait and site.socket is not None and _is_accepted(facts, site.socket, function, accept):
                yield call.place, f"{call.called_name}()"
            continue
        for callee in facts.calls.callees(call, function):
            if callee.body and callee not in way and len(way) < _DEEPEST and not _is_limited(facts, callee):
                yield from _waits(facts, callee.body, callee, accept, (*way, callee))


def _is_accepted(facts: Facts, socket: Expression, function: FunctionInfo, accept: Site) -> bool:
    """Say whether this is the connection, or a stream that was made of it."""
    for origin in facts.origins.of(socket, function):
        made = origin.expression
        if made is accept.call:
            return True
        if isinstance(made, Call) and made.called_name in _IN_ANOTHER_FORM:
            source = made.receiver or next(iter(made.arguments), None)
            if source is not None and _is_accepted(facts, source, origin.function, accept):
                return True
    return False


def _is_limited(facts: Facts, function: FunctionInfo) -> bool:
    """Say whether the function's file has a limit for waits; one for the server alone is none for its connections."""
    unit = function.unit
    if not _LIMITING.isdisjoint(unit.identifiers):
        return True
    if "settimeout" not in unit.identifiers:
        return False
    inside = list(unit.every_function())
    servers = {
        facts.names.variable(site.socket, one)
        for one in inside
        for site in facts.calls.sites(Act.ACCEPT, one)
        if site.socket is not None
    }
    limited = {
        facts.names.variable(call.receiver, one)
        for one in inside
        for call in one.calls()
        if call.called_name == "settimeout" and call.receiver is not None
    }
    return None in limited or not limited <= servers
