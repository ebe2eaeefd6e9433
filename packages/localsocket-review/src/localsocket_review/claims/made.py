"""What the code makes that has to be given back, and who does it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from localsocket_review.analysis.control_flow import Guard
from localsocket_review.analysis.names import Variable
from localsocket_review.analysis.ownership import Fate
from localsocket_review.analysis.sites import Site
from localsocket_review.apis.meaning import Act
from localsocket_review.claims.reviewed_code import Code, Sort
from localsocket_review.model.declarations import ClassInfo, FunctionInfo, FunctionKind
from localsocket_review.model.expressions import Await, Binary, Call, Display, Expression, Name, This, strip_casts, walk
from localsocket_review.model.place import Place
from localsocket_review.model.program import last_word
from localsocket_review.model.statements import Assign, Evaluate, Return, With
from localsocket_review.model.unit import Language

_ENDED_BY = {
    Fate.PARENTED: "has a parent, which deletes it",
    Fate.SMART: "is held by a smart pointer, which deletes it",
    Fate.MANAGED: "is closed by its with statement",
    Fate.CLOSED: "is closed",
    Fate.DELETED: "is deleted",
    Fate.DELETED_LATER: "is deleted when it has disconnected",
}
_ADDING = frozenset(
    {"append", "push_back", "emplace_back", "push_front", "insert", "prepend", "enqueue", "push", "add"}
)
_PASSED_ON = {Fate.RETURNED, Fate.HANDED_ON}


@dataclass(frozen=True, slots=True, eq=False)
class Made:
    """One object: where it is made, of which type, by which function, and what becomes of it."""

    type: str
    place: Place
    function: FunctionInfo | None
    held_by: str
    fates: frozenset[Fate]
    ended: str
    is_dropped: bool = False
    maker: str = ""  # the function that gave it
    kept_in: str = ""  # the container that keeps it
    left_open: Place | None = None  # where the function ends without ending it, though it does elsewhere

    @property
    def is_lost(self) -> bool:
        """Say whether it is certain that nobody ends it: no owner, and nobody else whom it was given to."""
        return not self.ended and not self.fates & _PASSED_ON and (bool(self.held_by) or self.is_dropped)

    def is_called(self, names: set[str]) -> bool:
        """Say whether one of the names is that of the object: its type, what gave it, what holds it."""
        held_by = last_word(self.held_by)
        return bool(names & {self.maker, self.kept_in, self.type, self.held_by, held_by} - {""})


def everything_made(code: Code) -> Iterator[Made]:
    for function in code.program.functions:
        for call in function.calls():
            if call.is_new and call.called_name:
                yield _follow(call, call.called_name, function, code)
    for site in code.facts.calls.sites(Act.CONSTRUCT | Act.ACCEPT | Act.CONNECT | Act.LISTEN):
        kinds = (site.api.returns,) if isinstance(site.api.returns, str) else site.api.returns
        kind = next(filter(_is_socket, kinds), kinds[0])
        is_python = site.function.unit.language is Language.PYTHON
        if is_python and _is_socket(kind) and site.api.method[:1].islower() | site.api.name.endswith("socket"):
            yield _follow(site.call, last_word(kind), site.function, code)
        elif site.api.act & Act.ACCEPT and kind.endswith("Socket") and kind.startswith("Q"):
            yield _accepted(site.call, kind, site.function, code)
    yield from _by_value(code)
    yield from _descriptors(code)


def _descriptors(code: Code) -> Iterator[Made]:
    """Descriptors of C, closed by their function or by one that it gives them to."""
    names = code.facts.names
    for site in code.facts.calls.sites(Act.CONSTRUCT | Act.ACCEPT):
        holder = code.facts.ownership.holder(site.call, site.function)
        if site.api.returns != "descriptor" or holder is None:
            continue
        function = site.function
        closings = [
            effect.anchor
            for effect in code.facts.effects.of(function, Act.CLOSE)
            if any(names.variable(part, function) == holder for part in walk(effect.anchor))
        ]
        ended = f"is closed in line {closings[0].place.line}" if closings else ""
        is_returned = any(
            isinstance(one, Return) and one.value is not None and names.variable(one.value, function) == holder
            for one in function.statements()
        )
        fates = frozenset({Fate.RETURNED}) if is_returned else frozenset()
        left_open = _leaving(site, holder, closings, code)
        yield Made(
            "descriptor", site.place, function, holder.path, fates, ended, maker=site.api.method, left_open=left_open
        )


def _is_failure(guard: Guard, holder: Variable, function: FunctionInfo, code: Code) -> bool:
    """Say whether the guard tells that the holder has nothing: `fd < 0`."""
    test, names = guard.test, code.facts.names
    if not isinstance(test, Binary) or holder not in (
        names.variable(test.left, function),
        names.variable(test.right, function),
    ):
        return False
    return guard.holds is (test.operator in ("<", "<=", "=="))


def _leaving(site: Site, holder: Variable, closings: Sequence[Expression], code: Code) -> Place | None:
    """Return where the function is left with the descriptor open: not where opening it failed."""
    flow, names = code.facts.flow(site.function), code.facts.names
    if flow.is_in_loop(site.call):
        return None  # the next turn begins with another descriptor
    for statement in site.function.statements():
        if not isinstance(statement, Return) or statement.value is None:
            continue
        if any(names.variable(part, site.function) == holder for part in walk(statement.value)):
            continue
        failed = any(_is_failure(guard, holder, site.function, code) for guard in flow.guards(statement.value))
        if not failed and flow.can_avoid(site.call, closings, statement.value):
            return statement.place
    return None


def _follow(call: Call, kind: str, function: FunctionInfo, code: Code) -> Made:
    fates = code.facts.ownership.fates(call, function)
    holder = code.facts.ownership.holder(call, function) or _first_of_pair(call, function, code)
    ended = next((words for fate, words in _ENDED_BY.items() if fate in fates), "")
    if not ended and holder is not None and isinstance(holder.owner, ClassInfo):
        ended = _deleted_as_element(holder.path, code)
    container = _container_of(call, holder, function, code)
    if container is not None and not ended and fates & _PASSED_ON == {Fate.HANDED_ON}:
        ended = _deleted_with(container, code)
        fates = fates - {Fate.HANDED_ON}
    if not ended and holder is not None and function.unit.language is Language.PYTHON:
        ended, is_passed_on = _closed_by_holder(holder, function, code)
        fates = fates | {Fate.HANDED_ON} if is_passed_on else fates
    if call.is_new and call.called_name.startswith("Q") and any(isinstance(one, This) for one in call.arguments):
        ended = ended or _ENDED_BY[Fate.PARENTED]
    if call.is_new and not ended and code.facts.releases.is_released(call, function):
        fates = fates | {Fate.HANDED_ON}  # something that is given it may delete it
    is_dropped = any(isinstance(one, Evaluate) and one.value is call for one in function.statements())
    path = holder.path if holder is not None else ""
    return Made(
        kind,
        call.place,
        function,
        path,
        frozenset(fates),
        ended,
        is_dropped,
        call.called_name,
        container.path if container is not None else "",
    )


def _first_of_pair(call: Call, function: FunctionInfo, code: Code) -> Variable | None:
    """`connection, _ = server.accept()`."""
    for statement in function.statements():
        match statement:
            case Assign(target=Display(items=items), value=value) if value is not None and _is_made_by(value, call):
                api = code.facts.calls.api_of(call, function)
                kinds = api.returns if api is not None and not isinstance(api.returns, str) else ()
                at = next((number for number, kind in enumerate(kinds) if _is_socket(kind)), 0)
                return code.facts.names.variable(items[min(at, len(items) - 1)], function)
    return None


def _is_made_by(value: Expression, call: Call) -> bool:
    inner = strip_casts(value)
    return inner is call or (isinstance(inner, Await) and strip_casts(inner.value) is call)


def _closed_by_holder(holder: Variable, function: FunctionInfo, code: Code) -> tuple[str, bool]:
    """Say how the variable's socket is closed in its function, and whether it is given to somebody else there."""
    names = code.facts.names
    for statement in function.statements():
        if isinstance(statement, With):
            for context, _ in statement.items:
                if any(names.variable(part, function) == holder for part in walk(context)):
                    return _ENDED_BY[Fate.MANAGED], False
    is_passed_on = False
    for call in function.calls():
        if (
            call.receiver is not None
            and names.variable(call.receiver, function) == holder
            and call.called_name == "close"
        ):
            return _ENDED_BY[Fate.CLOSED], False
        given = (*call.arguments, *call.keywords.values())
        is_passed_on = is_passed_on or any(
            names.variable(part, function) == holder for one in given for part in walk(one)
        )
    returned = [one.value for one in function.statements() if isinstance(one, Return) and one.value is not None]
    return "", is_passed_on or any(names.variable(part, function) == holder for one in returned for part in walk(one))


def _accepted(call: Call, kind: str, function: FunctionInfo, code: Code) -> Made:
    """What nextPendingConnection() gives is the server's child."""
    made = _follow(call, kind, function, code)
    return Made(kind, call.place, function, made.held_by, made.fates | {Fate.HANDED_ON}, made.ended, maker=made.maker)


def _deleted_as_element(path: str, code: Code) -> str:
    deleted = any(
        isinstance(argument, Name) and argument.identifier == path
        for call, _ in (*code.calls_of("delete"), *code.calls_of("qDeleteAll"))
        for argument in call.arguments
    )
    return "is deleted" if deleted else ""


def _container_of(call: Call, holder: Variable | None, function: FunctionInfo, code: Code) -> Variable | None:
    """Return the variable that keeps the object among others: `sockets.append(socket)`, `m_sockets << socket`."""
    names = code.facts.names
    for expression in function.expressions():
        match expression:
            case Call(arguments=arguments) if expression is not call and expression.called_name in _ADDING:
                keeper, given = expression.receiver, arguments
            case Binary(operator="<<", left=left, right=right):
                keeper, given = left, (right,)
            case _:
                continue
        is_given = any(one is call or (holder is not None and names.variable(one, function) == holder) for one in given)
        container = names.variable(keeper, function) if is_given and keeper is not None else None
        if container is not None:
            return container
    return None


def _deleted_with(container: Variable, code: Code) -> str:
    """Say how what a container keeps is deleted, if some function that sees it deletes anything."""
    for function in code.program.functions:
        deletes = [call for call in function.calls() if call.called_name in ("delete", "qDeleteAll", "deleteLater")]
        sees = any(code.facts.names.variable(one, function) == container for one in function.expressions())
        if sees and deletes:
            return f"is deleted with all of {container.path}"
    return ""


def _is_socket(kind: str) -> bool:
    return last_word(kind).lower() in {"socket", "localsocket", "localserver", "streamwriter", "connection", "listener"}


def _by_value(code: Code) -> Iterator[Made]:
    """Objects of C++ that end with their scope."""
    for function in code.program.functions:
        if function.unit.language is Language.PYTHON or function.kind is FunctionKind.CLASS_BODY:
            continue
        for statement in function.statements():
            if isinstance(statement, Assign) and isinstance(statement.target, Name):
                kind = code.facts.inference.canonical(statement.type, function.unit)
                if _is_object(statement.type, kind, code):
                    yield Made(
                        kind, statement.place, function, statement.target.identifier, frozenset(), "ends with its scope"
                    )
    for entity in code.of_sort(Sort.MEMBER):
        if entity.owner is not None and entity.unit.language is Language.CPP:
            written = entity.owner.members[entity.name].type
            kind = code.facts.inference.canonical(written, entity.unit)
            if _is_object(written, kind, code):
                owner = next(iter(entity.owner.all_methods()), None)
                yield Made(kind, entity.place, owner, entity.name, frozenset(), f"ends with its {entity.owner.name}")


def _is_object(written: str, kind: str, code: Code) -> bool:
    is_value = bool(written) and not any(mark in written for mark in "*&<[")
    return is_value and (kind.startswith(("QLocal", "QTcp", "QThread")) or code.program.class_named(kind) is not None)
