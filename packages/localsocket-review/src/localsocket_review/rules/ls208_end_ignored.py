"""LS208: a loop goes on reading after the peer has closed, or waits and never asks whether it shall stop."""

from __future__ import annotations

from collections.abc import Iterator

from localsocket_review.analysis.facts import Facts
from localsocket_review.analysis.sites import Site
from localsocket_review.analysis.threads import Worker
from localsocket_review.apis.meaning import Act
from localsocket_review.findings import Confidence, Finding, Severity
from localsocket_review.model.declarations import FunctionInfo
from localsocket_review.model.expressions import Attribute, Call, Literal
from localsocket_review.model.place import Place
from localsocket_review.model.statements import Assign, Break, Goto, Loop, Raise, Return, Statement, contains
from localsocket_review.model.unit import Language
from localsocket_review.rules.hang_ups import unasked_hang_ups
from localsocket_review.rules.rule import Example, Rule

_MAKING = Act.CONNECT | Act.CONSTRUCT
_WATCHING = frozenset({"register", "modify", "add_reader", "add_handler"})
_STOP = "check a stop flag in the loop, and end the wait: by a time limit, by another descriptor, or by shutdown()"
_ASK_FOR_HUP = "ask for POLLHUP and POLLERR as well, and close the connection then"
_BLOCKING = Act.ACCEPT | Act.RECEIVE | Act.WAIT


def check(facts: Facts) -> Iterator[Finding]:
    for site in facts.streams.reads(Act.ENDS):
        if not facts.streams.is_own_pair(site):
            yield from _read_again(facts, site.call, site.function, [(site.place, "returns nothing at the end")])
            yield from _called_again(facts, site)
    for site, room in unasked_hang_ups(facts):
        message = "When there is no room nothing is read, and poll reports a peer that hung up again and again."
        yield RULE.finding(site.place, message, [(room, "asked here"), (site.place, "read here")], repair=_ASK_FOR_HUP)
    for function, read in _helpers_that_read(facts):
        for caller in facts.calls.callers(function):
            if not caller.is_handed_on:
                yield from _read_again(facts, caller.call, caller.caller, [(read, "returns nothing at the end")])
    for site in facts.calls.sites(Act.WAIT):
        if site.api.method == "waitForReadyRead" and not facts.transports.is_network_site(site):
            evidence = [(site.place, "says that nothing comes")]
            yield from _read_again(facts, site.call, site.function, evidence)
    for worker in facts.threads.workers:
        yield from _never_stopped(facts, worker)


def _read_again(
    facts: Facts, read: Call, function: FunctionInfo, evidence: list[tuple[Place, str]]
) -> Iterator[Finding]:
    loop = facts.endings.endless(read, function)
    if loop is not None:
        message = (
            f"When the peer has closed, {read.called_name}() returns nothing immediately, and the "
            "loop calls it for ever."
        )
        yield RULE.finding(read.place, message, [*evidence, (loop.place, "this loop goes on")])


def _called_again(facts: Facts, site: Site) -> Iterator[Finding]:
    """A function that is called whenever there is something to read, which the end is, as long as it is watched."""
    watched = _watched_at(facts, site.function)
    if watched is not None and facts.endings.is_unheeded(site.call, site.function):
        message = (
            "The end of the connection can be read for ever: this is called again at once as long as the "
            "connection is watched."
        )
        evidence = [(watched, "watched here"), (site.place, "returns nothing at the end")]
        yield RULE.finding(site.place, message, evidence)


def _watched_at(facts: Facts, function: FunctionInfo) -> Place | None:
    for caller in facts.calls.callers(function):
        if caller.is_handed_on and caller.call.called_name in _WATCHING:
            return caller.call.place
    for connection in facts.connections.of_signal("activated"):
        if function in connection.targets:
            return connection.place
    return None


def _helpers_that_read(facts: Facts) -> Iterator[tuple[FunctionInfo, Place]]:
    """Yield the functions that hand on what a read gave, also when that is nothing."""
    for site in facts.streams.reads(Act.ENDS):
        if "buffer" in site.api.roles or _connects_itself(facts, site):
            continue
        if facts.endings.may_give_nothing(site.call, site.function):
            yield site.function, site.place


def _connects_itself(facts: Facts, site: Site) -> bool:
    """Say whether the function makes the connection that it reads from, anew each time it is called."""
    socket = site.socket
    origins = facts.origins.of(socket, site.function) if socket is not None else []
    made = (facts.calls.site(one.expression, one.function) for one in origins if isinstance(one.expression, Call))
    return any(one is not None and one.function is site.function and one.api.act & _MAKING for one in made)


# --- threads that nobody can stop -------------------------------------------------------------------------------------


def _never_stopped(facts: Facts, worker: Worker) -> Iterator[Finding]:
    for function in facts.threads.reachable(worker.function):
        if not facts.subject.concerns(function.unit) or _is_daemon(facts, worker):
            continue
        for statement in function.statements():
            if not isinstance(statement, Loop) or not _is_endless(statement) or _is_left(statement.body, statement):
                continue
            waits = [
                site
                for site in facts.calls.sites(_BLOCKING, function)
                if site.api.act & (Act.ACCEPT | Act.RECEIVE)
                and contains(statement.body, site.call)
                and not facts.transports.is_network_site(site)
            ]
            if waits:
                message = f"The loop of {worker.label} never checks whether to stop: its thread cannot be ended."
                evidence = [(worker.place, "this thread begins here"), (waits[0].place, "waits here")]
                yield RULE.finding(statement.place, message, evidence, confidence=Confidence.MEDIUM, repair=_STOP)


def _is_endless(loop: Loop) -> bool:
    if loop.iterable is not None or loop.step is not None:
        return False
    return loop.test is None or (isinstance(loop.test, Literal) and bool(loop.test.value))


def _is_left(body: list[Statement], loop: Loop) -> bool:
    """Say whether something in the loop leads out of it."""
    for statement in body:
        match statement:
            case Return() | Raise() | Goto():
                return True
            case Break():
                return True
            case Loop():
                if any(_leaves_function(one) for one in statement.bodies()):
                    return True
            case _:
                if any(_is_left(inner, loop) for inner in statement.bodies()):
                    return True
        if any(
            isinstance(one, Call) and one.called_name in ("exit", "_exit", "abort") for one in statement.expressions()
        ):
            return True
    return False


def _leaves_function(body: list[Statement]) -> bool:
    return any(
        isinstance(statement, Return | Raise | Goto) or any(_leaves_function(inner) for inner in statement.bodies())
        for statement in body
    )


def _is_daemon(facts: Facts, worker: Worker) -> bool:
    """Say whether the process ends without waiting for the thread."""
    places = [function for function in facts.program.functions if function.unit.path == worker.place.file]
    if worker.function.unit.language is not Language.PYTHON:
        return any(call.called_name == "detach" for function in places for call in function.calls())
    for function in places:
        for call in function.calls():
            daemon = call.keywords.get("daemon")
            if isinstance(daemon, Literal) and daemon.value:
                return True
        for statement in function.statements():
            target = statement.target if isinstance(statement, Assign) else None
            if isinstance(target, Attribute) and target.name in ("daemon", "daemon_threads"):
                return True
    return False


RULE = Rule(
    id="LS208",
    title="end of the stream ignored, or a loop that cannot be stopped",
    severity=Severity.MEDIUM,
    cwe="CWE-835",
    why=(
        "When the peer has closed, a read no longer waits: it returns nothing, immediately, every time. A loop that "
        "does not end takes a whole processor for every client that has gone. A thread whose loop has no way out "
        "keeps its process from ending."
    ),
    repair="leave the loop when a read returns nothing",
    unless=(
        "an empty result leaves the loop, by break, return, an exception or the loop's own condition",
        "the connection is closed or no longer watched when a read returns nothing",
        "both ends are the program's own, as those that wake a loop",
        "every round has its own connection",
        "the loop goes over the lines of a file object, or reads with readexactly()",
        "(of a function that reads only where there is room) something asks whether the peer has hung up",
        "the thread is a daemon, or its loop asks a flag",
    ),
    examples=(
        Example(
            Language.PYTHON,
            bad="while True:\n    line = await reader.readline()\n    answer(line)\n",
            good="while line := await reader.readline():\n    answer(line)\n",
        ),
        Example(
            Language.CPP,
            bad=(
                "for (;;) {\n    ssize_t count = recv(fd, buffer, sizeof buffer, 0);\n    if (count < 0)\n"
                "        break;\n    use(buffer, count);\n}\n"
            ),
            good=(
                "for (;;) {\n    ssize_t count = recv(fd, buffer, sizeof buffer, 0);\n    if (count <= 0)\n"
                "        break;\n    use(buffer, count);\n}\n"
            ),
        ),
    ),
    check=check,
)
