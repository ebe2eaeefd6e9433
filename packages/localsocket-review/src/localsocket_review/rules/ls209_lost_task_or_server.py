"""LS209: a task that nobody holds, a server that nobody closes, a socket file that stays."""

from __future__ import annotations

from collections.abc import Iterator

from localsocket_review.analysis.facts import Facts
from localsocket_review.analysis.ownership import Fate, is_released
from localsocket_review.analysis.sites import Site
from localsocket_review.analysis.texts import HoleKind
from localsocket_review.apis.meaning import Act
from localsocket_review.findings import Finding, Severity
from localsocket_review.model.declarations import ClassInfo, FunctionInfo, FunctionKind
from localsocket_review.model.expressions import Call, Expression, Name, walk
from localsocket_review.model.place import Place
from localsocket_review.model.statements import Assign, Evaluate, Loop, Return, contains
from localsocket_review.model.unit import Language
from localsocket_review.rules.rule import Example, Rule

_CLOSING = frozenset({"close", "stop", "shutdown", "aclose", "__exit__", "__aexit__", "__del__", "terminate", "quit"})
_CALLING_LATER = frozenset({"call_soon", "call_later", "call_at", "call_soon_threadsafe", "add_signal_handler"})
# asyncio does from Python 3.13 on.
_REMOVING_THEMSELVES = ("multiprocessing", "localsocket", "zmq", "asyncio", "Q")


def check(facts: Facts) -> Iterator[Finding]:
    for function in facts.functions(Language.PYTHON):
        if not facts.subject.concerns(function.unit):
            continue
        yield from _lost_tasks(facts, function)
        yield from _open_servers(facts, function)
        yield from _files_left(facts, function)


def _lost_tasks(facts: Facts, function: FunctionInfo) -> Iterator[Finding]:
    for statement in function.statements():
        match statement:
            case Evaluate(value=Call() as call):
                pass
            case Assign(target=Name(identifier="_"), value=Call() as call):
                pass
            case Return(value=Call() as call) if _is_called_later(facts, function):
                pass
            case _:
                continue
        if _makes_task(facts, call, function):
            message = "The event loop keeps only a weak reference to a task: this one may be collected before it ends."
            yield RULE.finding(call.place, message, [(call.place, "nothing holds it")])


def _is_called_later(facts: Facts, function: FunctionInfo) -> bool:
    """Say whether this is a lambda that the event loop calls, which drops what it returns."""
    if function.kind is not FunctionKind.LAMBDA:
        return False
    return any(caller.call.called_name in _CALLING_LATER for caller in facts.calls.callers(function))


def _makes_task(facts: Facts, call: Call, function: FunctionInfo) -> bool:
    site = facts.calls.site(call, function)
    if site is not None:
        return bool(site.api.act & Act.MAKE_TASK)
    receiver = call.receiver
    named = getattr(receiver, "identifier", getattr(receiver, "name", ""))
    return call.called_name == "create_task" and named.strip("_") in ("loop", "event_loop", "ioloop")


# --- servers ----------------------------------------------------------------------------------------------------------


def _open_servers(facts: Facts, function: FunctionInfo) -> Iterator[Finding]:
    for site in facts.calls.sites(Act.LISTEN, function):
        if facts.transports.is_network_site(site) or site.api.name.startswith(("Q", "localsocket", "zmq")):
            continue
        for made, where in _made(facts, site):
            fates = facts.ownership.fates(made, where)
            if is_released(fates) or _is_left_to_others(facts, made, where) or not _has_an_end(facts, site, fates):
                continue
            message = (
                "Nothing found here closes this server: it accepts until the process ends, and its name stays taken."
            )
            yield RULE.finding(site.place, message, [(made.place, "made here"), (site.place, "listens here")])
            break


def _made(facts: Facts, site: Site) -> Iterator[tuple[Expression, FunctionInfo]]:
    """Yield what makes the server: the call itself, or that of the socket that listens."""
    if site.api.method != "listen":
        yield site.call, site.function
        return
    receiver = site.call.receiver
    for origin in facts.origins.of(receiver, site.function) if receiver is not None else ():
        if isinstance(origin.expression, Call) and facts.calls.api_of(origin.expression, origin.function) is not None:
            yield origin.expression, origin.function


def _is_left_to_others(facts: Facts, made: Expression, function: FunctionInfo) -> bool:
    return any(map(facts.ownership.is_left_to_others, facts.ownership.holders(made, function)))


def _has_an_end(facts: Facts, site: Site, fates: set[Fate]) -> bool:
    """Say whether what uses the server ends before the process does: a function that returns, a class that closes."""
    function = site.function
    is_of_asyncio = site.api.name.startswith("asyncio")
    if function.kind is FunctionKind.MODULE:
        return False
    if Fate.MEMBER in fates:
        return is_of_asyncio or (function.owner is not None and _is_used_up(facts, function.owner))
    ends = facts.flow(function).can_avoid(site.call, [])
    return ends and (is_of_asyncio or any(facts.calls.sites(Act.ACCEPT, function)))


def _is_used_up(facts: Facts, owner: ClassInfo) -> bool:
    """Say whether a class can be closed, or stops accepting by itself."""
    if not _CLOSING.isdisjoint(owner.methods):
        return True
    methods = [method for method in owner.all_methods() if method.body is not None]
    accepted = [site for method in methods for site in facts.calls.sites(Act.ACCEPT, method)]
    return bool(accepted) and all(map(_is_counted, accepted))


def _is_counted(site: Site) -> bool:
    """Say whether a loop over something accepts, and so only so many times."""
    loops = (one for one in site.function.statements() if isinstance(one, Loop) and one.iterable is not None)
    return any(contains(loop.body, site.call) for loop in loops)


# --- files ------------------------------------------------------------------------------------------------------------


def _files_left(facts: Facts, function: FunctionInfo) -> Iterator[Finding]:
    """A server that is closed in order, but whose file is never removed."""
    for site in facts.calls.sites(Act.BIND, function):
        address = site.argument("endpoint")
        if address is None or facts.transports.is_network_site(site) or site.api.name.startswith(_REMOVING_THEMSELVES):
            continue
        if not _is_local(facts, site) or not _is_path(facts, address, function) or any(_removals(facts, function)):
            continue
        closed = _closed_at(facts, site)
        if closed is not None:
            message = "The server is closed, and its socket file stays: the next bind fails until somebody removes it."
            evidence = [(site.place, "made here"), (closed, "closed here")]
            yield RULE.finding(
                site.place,
                message,
                evidence,
                repair="remove the file while the server still listens, if it is the one that you bound; then close",
            )


def _is_local(facts: Facts, site: Site) -> bool:
    """Say whether the socket is made for paths."""
    receiver = site.call.receiver
    made = facts.origins.of(receiver, site.function) if receiver is not None else []
    return any(
        getattr(part, "name", getattr(part, "identifier", "")) == "AF_UNIX"
        for origin in made
        for part in walk(origin.expression)
    )


def _is_path(facts: Facts, address: Expression, function: FunctionInfo) -> bool:
    texts = facts.values.endpoint(address, function)
    return bool(texts) and not any(
        text.beginning.startswith("\0") or text.has(HoleKind.PRIVATE) or text.literal == "" for text in texts
    )


def _removals(facts: Facts, function: FunctionInfo) -> Iterator[Place]:
    """Yield where this file removes anything: with what is taken for the socket's own."""
    for site in facts.calls.sites(Act.REMOVE):
        if site.function.unit is function.unit:
            yield site.place
    for other in function.unit.every_function():
        for call in other.calls():
            if call.called_name in ("unlink", "remove", "rmtree", "TemporaryDirectory", "removeServer", "cleanup"):
                yield call.place


def _closed_at(facts: Facts, site: Site) -> Place | None:
    receiver = site.call.receiver
    variable = facts.names.variable(receiver, site.function) if receiver is not None else None
    if variable is None:
        return None
    for other in site.function.unit.every_function():
        if site.function.name in ("main", "") and other is site.function:
            continue
        for call in other.calls():
            receiver = call.receiver if call.called_name == "close" else None
            if receiver is not None and facts.names.variable(receiver, other) == variable:
                return call.place
    return None


RULE = Rule(
    id="LS209",
    title="task, server or socket file left behind",
    severity=Severity.LOW,
    cwe="CWE-404",
    why=(
        "asyncio holds tasks weakly: one that nobody else holds may be collected in the middle of its work, without a "
        "word. A server that nobody closes keeps its descriptor and its name, and a socket file that stays makes the "
        "next bind fail."
    ),
    repair="keep the task until it has ended, and close the server in a with statement",
    unless=(
        "the task is kept, awaited or made by a task group",
        "a with statement, close() or serve_forever() ends the server",
        "the function serves for ever",
        "the file is removed, or its directory is temporary",
    ),
    examples=(
        Example(
            Language.PYTHON,
            bad="asyncio.create_task(serve(reader, writer))\n",
            good=(
                "task = asyncio.create_task(serve(reader, writer))\ntasks.add(task)\n"
                "task.add_done_callback(tasks.discard)\n"
            ),
        ),
    ),
    check=check,
)
