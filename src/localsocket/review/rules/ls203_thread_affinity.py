"""LS203: a Qt socket or server is used on another thread than the one that it belongs to."""

from __future__ import annotations

from collections.abc import Iterator

from localsocket.review.analysis.definitions import Definition, How
from localsocket.review.analysis.facts import Facts
from localsocket.review.analysis.names import Variable
from localsocket.review.analysis.threads import Worker
from localsocket.review.findings import Finding, Severity
from localsocket.review.model.declarations import ClassInfo, FunctionInfo
from localsocket.review.model.expressions import Call, This
from localsocket.review.model.place import Place
from localsocket.review.model.unit import Language
from localsocket.review.rules.rule import Example, Rule

_SOCKETS = ("QLocalSocket", "QLocalServer", "QAbstractSocket", "QTcpServer")
_FROM_ANY_THREAD = frozenset({"deleteLater", "connect", "disconnect", "moveToThread", "thread", "objectName"})


def check(facts: Facts) -> Iterator[Finding]:
    for worker in facts.threads.workers:
        for function in facts.threads.reachable(worker.function):
            yield from _foreign_uses(facts, function, worker)
    for found in facts.classes(derived_from="QThread"):
        yield from _inside_thread_class(facts, found)


def _foreign_uses(facts: Facts, function: FunctionInfo, worker: Worker) -> Iterator[Finding]:
    """Find the sockets that a worker uses and that were made before it ran."""
    reported: set[Variable] = set()
    for call in function.calls():
        receiver = call.receiver
        if receiver is None or call.called_name in _FROM_ANY_THREAD:
            continue
        if not facts.inference.is_a(receiver, function, *_SOCKETS):
            continue
        variable = facts.names.variable(receiver, function)
        if variable is None or variable in reported:
            continue
        made = _made_elsewhere(facts, variable, call, function, worker)
        if made is not None:
            reported.add(variable)
            message = f"{variable.path} belongs to the thread that made it, and {worker.label} uses it on another."
            evidence = [(made, "made here"), (worker.place, "this thread begins here"), (call.place, "used here")]
            yield RULE.finding(call.place, message, evidence)


def _made_elsewhere(
    facts: Facts, variable: Variable, use: Call, function: FunctionInfo, worker: Worker
) -> Place | None:
    """Return where the object was made, if that is never on the worker's own thread."""
    own = set(facts.threads.reachable(worker.function))
    if _is_moved(facts, variable):
        return None
    if isinstance(variable.owner, ClassInfo):
        member = variable.owner.members.get(variable.path)
        by_value = member is not None and member.type and "*" not in member.type and "<" not in member.type
        if member is not None and by_value and member.default is None and variable.owner.unit.language is Language.CPP:
            return member.place
    receiver = use.receiver
    definitions = facts.definitions.at(receiver, function) if receiver is not None else []
    made = [found for found in definitions if found.how is not How.DECLARED or _makes_object(found)]
    if not made:
        return None
    outside = [place for one in made if (place := _outside(facts, one, own)) is not None]
    return outside[0] if len(outside) == len(made) else None


def _outside(facts: Facts, made: Definition, own: set[FunctionInfo]) -> Place | None:
    if made.how is How.PARAMETER and made.parameter is not None:
        callers = [site for site in facts.calls.callers(made.function) if site.caller not in own]
        return callers[0].call.place if callers and made.function in own and _is_entry(facts, made.function) else None
    return made.place if made.function not in own else None


def _is_entry(facts: Facts, function: FunctionInfo) -> bool:
    return any(worker.function is function for worker in facts.threads.workers)


def _makes_object(declared: Definition) -> bool:
    """Say whether a declaration without a value makes an object, as `QLocalSocket socket;` does."""
    return "*" not in declared.function.declared_types().get(declared.variable.path, "*")


def _is_moved(facts: Facts, variable: Variable) -> bool:
    """Say whether the object was moved to another thread on purpose."""
    return any(
        call.called_name == "moveToThread"
        and call.receiver is not None
        and facts.names.variable(call.receiver, function) == variable
        for function in facts.program.functions
        for call in function.calls()
    )


def _inside_thread_class(facts: Facts, found: ClassInfo) -> Iterator[Finding]:
    for method in found.all_methods():
        for call in method.calls() if method.body is not None else ():
            to_itself = call.called_name == "moveToThread" and any(isinstance(one, This) for one in call.arguments)
            if to_itself and isinstance(call.receiver, This | None):
                message = f"{found.name} moves itself into the thread that it controls, whose run() its slots wait for."
                yield RULE.finding(call.place, message, [(found.place, "a QThread"), (call.place, "moved here")])
    for run in found.methods.get("run", []):
        for function in facts.threads.reachable(run) if run.body is not None else ():
            if function.owner is not found:
                continue
            for call in function.calls():
                if _is_child_of_thread(facts, call, function):
                    message = (
                        f"{call.called_name} is made on the new thread with a parent of another: "
                        f"{found.name} itself belongs to the thread that made it."
                    )
                    yield RULE.finding(call.place, message, [(run.place, "runs here"), (call.place, "made here")])


def _is_child_of_thread(facts: Facts, call: Call, function: FunctionInfo) -> bool:
    is_this = any(isinstance(argument, This) for argument in (*call.arguments, *call.keywords.values()))
    return is_this and facts.inference.is_a(call, function, *_SOCKETS) and call.called_name[:1].isupper()


RULE = Rule(
    id="LS203",
    title="Qt socket used on a thread that it does not belong to",
    severity=Severity.HIGH,
    cwe="CWE-366",
    why=(
        "A QObject belongs to the thread that made it, and its notifiers and buffers are touched by that thread's "
        "event loop. A QThread object belongs to the thread that made it as well, and only run() is on the new one. "
        'Used across, it prints "Cannot create children for a parent that is in a different thread", loses data, or '
        "crashes, and write() still succeeds."
    ),
    repair="make the socket inside run(), or move a worker object that owns it with moveToThread()",
    unless=("the socket is made inside run()", "a worker object that owns it is moved to the thread"),
    examples=(
        Example(
            Language.CPP,
            bad=(
                "Reader::Reader() : m_socket(new QLocalSocket) {}\n"
                "void Reader::run() { m_socket->connectToServer(name); }\n"
            ),
            good="void Reader::run() { QLocalSocket socket; socket.connectToServer(name); exec(); }\n",
        ),
        Example(
            Language.PYTHON,
            bad=(
                "def __init__(self):\n"
                "    self.socket = QLocalSocket()\n"
                "\n"
                "def run(self):\n"
                "    self.socket.connectToServer(name)\n"
            ),
            good="def run(self):\n    socket = QLocalSocket()\n    socket.connectToServer(name)\n",
        ),
    ),
    check=check,
)
