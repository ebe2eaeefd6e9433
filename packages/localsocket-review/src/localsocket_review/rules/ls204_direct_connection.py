"""LS204: a slot runs on the sender's thread, or after the object that it uses has gone."""

from __future__ import annotations

from collections.abc import Iterator

from localsocket_review.analysis.connections import SignalConnection
from localsocket_review.analysis.facts import Facts
from localsocket_review.analysis.names import Variable
from localsocket_review.findings import Finding, Severity
from localsocket_review.model.declarations import ClassInfo, FunctionInfo
from localsocket_review.model.expressions import (
    Attribute,
    Call,
    Expression,
    Lambda,
    Literal,
    Name,
    This,
    Unary,
    dotted,
    strip_casts,
)
from localsocket_review.model.place import Place
from localsocket_review.model.unit import Language
from localsocket_review.rules.rule import Example, Rule

# A context decides two things: when the connection ends, and on which thread the slot runs.
_ACROSS = (
    "leave the connection's type to Qt: the slot then runs in the receiver's thread, which must have an event loop"
)
_OF_THREAD = (
    "pass the socket or a worker as context, not the QThread, which lives in the thread that made it; "
    "disconnect before the thread object is destroyed"
)


def check(facts: Facts) -> Iterator[Finding]:
    for connection in facts.connections.all:
        if connection.function.unit.language is not Language.CPP:
            continue
        if connection.kind == "DirectConnection":
            yield from _across_threads(facts, connection)
        elif connection.context is None and isinstance(connection.slot, Lambda):
            if not facts.subject.concerns(connection.function.unit):
                continue
            yield from _without_context(facts, connection, connection.slot)


def _across_threads(facts: Facts, connection: SignalConnection) -> Iterator[Finding]:
    place = _other_thread(facts, connection.sender, connection) or (
        _other_thread(facts, connection.context, connection) if connection.context is not None else None
    )
    if place is not None and not _is_same(connection.sender, connection.context):
        message = "A direct connection runs the slot on the sender's thread, which is not that of the receiver."
        evidence = [(place, "has a thread of its own"), (connection.place, "connected directly here")]
        yield RULE.finding(connection.place, message, evidence, repair=_ACROSS, cwe="CWE-366")


def _other_thread(facts: Facts, end: Expression, connection: SignalConnection) -> Place | None:
    """Return what tells that an end of the connection lives on, or emits from, a thread of its own."""
    function = connection.function
    end = strip_casts(end)
    worker = facts.threads.worker_of(function)
    if isinstance(end, This):
        owner = function.owner
        moved = _moved_class(facts, owner.name) if owner is not None else None
        return moved or (worker.place if worker is not None else None)
    type_name = facts.inference.type_of(end, function)
    known = facts.program.class_named(type_name, function.unit) if type_name else None
    if known is not None and facts.threads.is_thread(known):
        return known.place
    variable = facts.names.variable(end, function)
    for call, other in facts.program.calls_named("moveToThread"):
        given = call.receiver
        if variable is not None and given is not None and facts.names.variable(given, other) == variable:
            return call.place
    return _moved_class(facts, type_name) if known is not None else None


def _moved_class(facts: Facts, name: str) -> Place | None:
    """Return where an object of the class is given to a thread."""
    for call, function in facts.program.calls_named("moveToThread"):
        if call.receiver is not None and facts.inference.type_of(call.receiver, function) == name:
            return call.place
    return None


def _is_same(sender: Expression, context: Expression | None) -> bool:
    if context is None:
        return False
    return isinstance(strip_casts(context), This) and isinstance(strip_casts(sender), This)


# --- lambdas that nobody disconnects ----------------------------------------------------------------------------------


def _without_context(facts: Facts, connection: SignalConnection, slot: Lambda) -> Iterator[Finding]:
    sender = dotted(strip_casts(connection.sender))
    captured = _captured(facts, connection, slot)
    others = [name for name in captured if name != sender]
    if not others or isinstance(strip_casts(connection.sender), This) or _goes_first(facts, connection):
        return
    message = f"The lambda uses {_listed(others)} without a context object: it stays connected when that is destroyed."
    evidence = [(connection.place, "connected without a context"), (slot.place, "used in here")]
    owner = connection.function.owner
    is_thread = "this" in others and owner is not None and facts.threads.is_thread(owner)
    repair = _OF_THREAD if is_thread else RULE.repair
    yield RULE.finding(connection.place, message, evidence, repair=repair, cwe="CWE-416")


def _goes_first(facts: Facts, connection: SignalConnection) -> bool:
    """Say whether the sender is gone before the object and the function's variables are: it is a part of theirs."""
    function, sender = connection.function, strip_casts(connection.sender)
    if _is_addressed(connection.sender):
        variable = facts.names.variable(sender, function)
        return variable is not None and variable.owner in (function, function.owner) and not _is_shared(variable)
    if isinstance(sender, Call) and sender.called_name in ("get", "data") and sender.receiver is not None:
        variable = facts.names.variable(sender.receiver, function)
        return variable is not None and variable.owner is function.owner and not _is_shared(variable)
    if isinstance(sender, Attribute) and _is_form(facts, sender.value, function):
        return True
    made = [origin for origin in facts.origins.of(sender, function) if not isinstance(origin.expression, Literal)]
    return bool(made) and all(
        isinstance(one.expression, Call) and one.expression.is_new and _is_child(facts, one.expression, one.function)
        for one in made
    )


def _is_shared(variable: Variable) -> bool:
    """Say whether the object may live longer: others hold it too, or it is but referred to."""
    member = variable.owner.members.get(variable.path) if isinstance(variable.owner, ClassInfo) else None
    return member is not None and any(shell in member.type for shell in ("shared_ptr", "QSharedPointer", "&"))


def _is_addressed(expression: Expression) -> bool:
    return isinstance(expression, Unary) and expression.operator == "&"


def _is_form(facts: Facts, holder: Expression, function: FunctionInfo) -> bool:
    """Say whether this holds the widgets that Qt's designer laid out, which are children of the object."""
    return facts.inference.type_of(holder, function).startswith("Ui.")


def _is_child(facts: Facts, made: Call, function: FunctionInfo) -> bool:
    """Say whether an object is given a parent that goes with this object or with the function's own variables."""
    for argument in made.arguments:
        given = strip_casts(argument)
        if isinstance(given, This) or (isinstance(given, Attribute) and _is_form(facts, given.value, function)):
            return True
        if _is_addressed(argument):
            variable = facts.names.variable(given, function)
            if variable is not None and variable.owner is function:
                return True
    return False


def _captured(facts: Facts, connection: SignalConnection, slot: Lambda) -> list[str]:
    """Return what the lambda uses of the function around it and of its object, sender excluded or not."""
    found: dict[str, None] = {}
    by_value = {name.strip("&=* ") for name in slot.function.captures}
    uses_object = False
    for part in _inside(slot):
        match part:
            case This():
                uses_object = True
            case Name(identifier=name):
                variable = facts.names.variable(part, slot.function)
                if variable is not None and variable.owner is connection.function and _may_go(facts, part, slot, name):
                    found[name] = None
                elif variable is not None and variable.owner is connection.function.owner:
                    uses_object = True
            case Call(function=Name(identifier=name)) if connection.function.owner is not None:
                uses_object = uses_object or name in connection.function.owner.methods
    if "this" in by_value and not uses_object:
        uses_object = any(isinstance(part, Attribute | Call) for part in _inside(slot))
    return [*(["this"] if uses_object else []), *found]


def _inside(slot: Lambda) -> Iterator[Expression]:
    for part in slot.function.expressions():
        yield part
        if isinstance(part, Lambda):
            yield from _inside(part)


def _may_go(facts: Facts, part: Expression, slot: Lambda, name: str) -> bool:
    """Say whether a captured variable is a pointer or a reference: a copy stays as long as the lambda."""
    function = slot.function.enclosing
    text = function.declared_types().get(name, "") if function is not None else ""
    by_reference = any(capture.strip() in ("&", f"&{name}") for capture in slot.function.captures)
    if "QPointer" in text or "shared_ptr" in text or "QSharedPointer" in text:
        return by_reference
    is_object = facts.inference.is_a(part, slot.function, "QObject") and "*" in (text or "*")
    return by_reference or "*" in text or is_object


def _listed(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


RULE = Rule(
    id="LS204",
    title="direct connection across threads, or lambda without a context",
    severity=Severity.MEDIUM,
    cwe="CWE-416",
    why=(
        "A direct connection runs the slot at once on whichever thread emits, so two threads use the receiver's "
        "members. A lambda connected without a context object is never disconnected: when the signal comes after the "
        "object has gone, it uses what is no longer there."
    ),
    repair=(
        "pass the object that may go first as context, before the lambda, which then runs in the thread of that object"
    ),
    unless=(
        "a context object is named",
        "the lambda uses the sender alone, or copies",
        "the sender is a part of what the lambda uses, and goes first",
        "sender and receiver live on one thread",
    ),
    examples=(
        Example(
            Language.CPP,
            bad="connect(socket, &QLocalSocket::readyRead, [this, socket] { read(socket); });\n",
            good="connect(socket, &QLocalSocket::readyRead, this, [this, socket] { read(socket); });\n",
        ),
    ),
    check=check,
)
