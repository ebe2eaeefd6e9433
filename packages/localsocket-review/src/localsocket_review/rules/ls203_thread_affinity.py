"""LS203: a Qt socket or server is used on another thread than the one that it belongs to."""

from __future__ import annotations

from collections.abc import Iterator

from localsocket_review.analysis.definitions import Definition, How
from localsocket_review.analysis.facts import Facts
from localsocket_review.analysis.names import Variable
from localsocket_review.analysis.threads import Worker
from localsocket_review.apis.meaning import Act
from localsocket_review.findings import Finding, Severity
from localsocket_review.model.declarations import ClassInfo, FunctionInfo, FunctionKind
from localsocket_review.model.expressions import Attribute, Call, Expression, Literal, Name, This, dotted, strip_casts
from localsocket_review.model.place import Place
from localsocket_review.model.unit import Language
from localsocket_review.rules.rule import Example, Rule

_SOCKETS = ("QLocalSocket", "QLocalServer", "QAbstractSocket", "QTcpServer")
_USING = Act.LISTEN | Act.CONNECT | Act.SEND | Act.RECEIVE | Act.WAIT
_MOST_NAMES = 4
_FROM_ANY_THREAD = frozenset({"deleteLater", "connect", "disconnect", "moveToThread", "thread", "objectName"})


def check(facts: Facts) -> Iterator[Finding]:
    for worker in facts.threads.workers:
        for function in facts.threads.reachable(worker.function):
            yield from _foreign_uses(facts, function, worker)
    for function in facts.functions():
        yield from _called_after_move(facts, function)
        yield from _given_to_moved(facts, function)
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
        named = _stands_for(facts, receiver, function)
        variable = facts.names.variable(named, function)
        if variable is None or variable in reported:
            continue
        made = _made_elsewhere(facts, variable, named, function, worker)
        if made is not None:
            reported.add(variable)
            message = f"{variable.path} belongs to the thread that made it, and {worker.label} uses it on another."
            evidence = [(made, "made here"), (worker.place, "this thread begins here"), (call.place, "used here")]
            yield RULE.finding(call.place, message, evidence)


def _stands_for(facts: Facts, used: Expression, function: FunctionInfo) -> Expression:
    """Return what a local variable is but another name of: `socket = self.socket`, `auto &socket = *m_socket`."""
    for _ in range(_MOST_NAMES):
        definitions = facts.definitions.at(used, function) if isinstance(used, Name) else []
        values = [
            strip_casts(one.value)
            for one in definitions
            if one.how is How.VALUE and one.value is not None and one.function is function  # names of its own
        ]
        if len(definitions) != 1 or not values or not isinstance(values[0], (Name, Attribute)):
            break
        used = values[0]
    return used


def _made_elsewhere(
    facts: Facts, variable: Variable, used: Expression, function: FunctionInfo, worker: Worker
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
    definitions = facts.definitions.at(used, function)
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
        call.receiver is not None and facts.names.variable(call.receiver, function) == variable
        for call, function in facts.program.calls_named("moveToThread")
    )


def _called_after_move(facts: Facts, function: FunctionInfo) -> Iterator[Finding]:
    """An object is given to a thread, and called directly from this one, where it uses its sockets."""
    for move in function.calls():
        if move.called_name != "moveToThread" or move.receiver is None:
            continue
        moved = facts.names.variable(move.receiver, function)
        for call in function.calls() if moved is not None else ():
            is_same = call.receiver is not None and facts.names.variable(call.receiver, function) == moved
            if not is_same or not facts.flow(function).may_follow(move, call):
                continue
            site = facts.calls.site(call, function)
            if site is not None and site.api.act & _USING and facts.inference.is_a(move.receiver, function, *_SOCKETS):
                message = f"{call.called_name}() is called here, but the object was moved to another thread."
                yield RULE.finding(call.place, message, [(move.place, "moved here"), (call.place, "called here")])
                break
            used = next((found for one in facts.calls.callees(call, function) for found in _uses(facts, one)), None)
            if used is not None:
                message = f"{call.called_name}() runs on this thread, but uses a socket of an object that was moved."
                evidence = [(move.place, "moved here"), (call.place, "called here"), (used, "uses the socket")]
                yield RULE.finding(call.place, message, evidence)
                break


def _given_to_moved(facts: Facts, function: FunctionInfo) -> Iterator[Finding]:
    """An object on a thread of its own has, in its slots, a socket that stayed where it was made."""
    for move in function.calls():
        if move.called_name != "moveToThread" or move.receiver is None:
            continue
        type_name = facts.inference.type_of(move.receiver, function)
        moved = facts.program.class_named(type_name, function.unit) if type_name else None
        for member in moved.members if moved is not None else ():
            variable = Variable(moved, member) if moved is not None else None
            given = None if variable is None else _given_socket(facts, variable)
            if variable is None or given is None or _is_moved(facts, variable):
                continue
            used = next(_uses_in(facts, variable, _slots(facts, variable, move.receiver, function)), None)
            if used is not None:
                message = f"{member} belongs to the thread that made it, and {type_name} was moved away without it."
                evidence = [(given, "given here"), (move.place, "moved here"), (used.place, "used here")]
                yield RULE.finding(used.place, message, evidence)


def _given_socket(facts: Facts, variable: Variable) -> Place | None:
    """Return where the member gets its socket, if that always comes from outside."""
    definitions = [one for one in facts.definitions.everywhere(variable) if one.variable == variable]
    given = [one for one in definitions if one.value is not None and not isinstance(one.value, Literal)]
    if not given or not all(_is_parameter(one) for one in given):
        return None
    first = given[0]
    is_socket = first.value is not None and facts.inference.is_a(first.value, first.function, *_SOCKETS)
    return first.place if is_socket else None


def _is_parameter(made: Definition) -> bool:
    value = strip_casts(made.value) if made.value is not None else None
    names = {parameter.name for parameter in made.function.parameters}
    return made.how is How.VALUE and isinstance(value, Name) and value.identifier in names


def _slots(facts: Facts, variable: Variable, moved: Expression, function: FunctionInfo) -> Iterator[FunctionInfo]:
    """Yield the methods of the class that run on the object's thread: its slots, and what is invoked of it by name."""
    for connection in facts.connections.all:
        for slot in connection.targets if "Direct" not in connection.kind else ():
            if slot.owner is variable.owner and slot.kind is not FunctionKind.LAMBDA:
                yield slot
    object_ = facts.names.variable(moved, function)
    for call in function.calls():
        if call.called_name != "invokeMethod" or len(call.arguments) < 2 or object_ is None:
            continue
        if facts.names.variable(call.arguments[0], function) == object_ and isinstance(variable.owner, ClassInfo):
            name = _name_of(call.arguments[1])
            yield from (one for one in variable.owner.methods.get(name, ()) if one.body is not None)


def _name_of(method: Expression) -> str:
    """Return the name in `"say"`, and in `&Talker::say`."""
    inner = strip_casts(method)
    if isinstance(inner, Literal):
        return str(inner.value)
    return dotted(inner).rpartition(".")[2]


def _uses_in(facts: Facts, variable: Variable, slots: Iterator[FunctionInfo]) -> Iterator[Call]:
    for slot in slots:
        for call in slot.calls():
            is_same = call.receiver is not None and facts.names.variable(call.receiver, slot) == variable
            if is_same and call.called_name not in _FROM_ANY_THREAD:
                yield call


def _uses(facts: Facts, function: FunctionInfo) -> Iterator[Place]:
    for effect in facts.effects.of(function, _USING):
        receiver = effect.site.call.receiver
        if receiver is None or facts.inference.is_a(receiver, effect.site.function, *_SOCKETS):
            yield effect.place


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
        'Used from another thread, it prints "Cannot create children for a parent that is in a different thread", '
        "loses data, or crashes, and write() still succeeds."
    ),
    repair=(
        "make the socket inside run(), or as the child of a worker without a parent, and move the worker with "
        "moveToThread() before either is used"
    ),
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
