"""Data that functions share: where it is used, on which threads, and under which locks."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from localsocket_review.analysis.calls import ProgramCalls
from localsocket_review.analysis.connections import Connections
from localsocket_review.analysis.control_flow import ControlFlow
from localsocket_review.analysis.heritage import Heritage
from localsocket_review.analysis.names import Names
from localsocket_review.analysis.threads import Threads
from localsocket_review.apis.meaning import Act
from localsocket_review.model.declarations import ClassInfo, FunctionInfo, FunctionKind
from localsocket_review.model.expressions import (
    Assignment,
    Attribute,
    Call,
    Expression,
    Name,
    Subscript,
    Unary,
    dotted,
    walk,
)
from localsocket_review.model.place import Place
from localsocket_review.model.program import Program
from localsocket_review.model.statements import Assign, Evaluate, Statement, With, contains

OWN = "the thread that begins the program"
_LOCKERS = ("QMutexLocker", "lock_guard", "unique_lock", "scoped_lock", "shared_lock", "QReadLocker", "QWriteLocker")
_LOCKING = frozenset({"lock", "acquire", "pthread_mutex_lock", "lockForRead", "lockForWrite"})


@dataclass(frozen=True, slots=True)
class DataAccess:
    """One use of a member or a variable of the file."""

    expression: Expression
    function: FunctionInfo
    is_write: bool
    lock: Place | None

    @property
    def place(self) -> Place:
        return self.expression.place


class SharedData:
    """Where what functions may share is used, and on which threads."""

    def __init__(
        self,
        program: Program,
        names: Names,
        calls: ProgramCalls,
        heritage: Heritage,
        connections: Connections,
        threads: Threads,
        flow: Callable[[FunctionInfo], ControlFlow],
    ) -> None:
        self._program = program
        self._names = names
        self._calls = calls
        self._heritage = heritage
        self._connections = connections
        self._threads = threads
        self._flow = flow

    def accesses(self, name: str, owner: ClassInfo | FunctionInfo) -> Iterator[DataAccess]:
        """Yield the uses of a class's member, or of a file's variable where `owner` is the file's own statements.

        Those that make it come before any thread is there, and are left out.
        """
        owners = self._program.lineage(owner) if isinstance(owner, ClassInfo) else (owner,)
        for function in self._program.functions:
            if function.is_constructor or function.kind in (FunctionKind.MODULE, FunctionKind.CLASS_BODY):
                continue
            written = set(_written(function))
            for expression in function.expressions():
                is_name = isinstance(expression, Name | Attribute)
                variable = self._names.variable(expression, function) if is_name else None
                if variable is not None and variable.path == name and variable.owner in owners:
                    yield DataAccess(expression, function, id(expression) in written, lock_around(expression, function))

    def threads_of(self, function: FunctionInfo) -> list[str]:
        """Return the threads on which a function may run, by who calls it."""
        found: dict[str, None] = {}
        seen: set[FunctionInfo] = set()
        entries = {worker.function: worker for worker in self._threads.workers}
        waiting = [function]
        while waiting:
            current = waiting.pop()
            if current in seen:
                continue
            seen.add(current)
            if current in entries:
                label = f"the thread of {entries[current].label}"
                found[label] = None
                if self._is_begun_again(entries[current].place):
                    found[f"another {label.removeprefix('the ')}"] = None
                continue
            if current.kind is FunctionKind.LAMBDA and current.enclosing is not None:
                waiting.append(current.enclosing)  # a slot runs where its connection is made, unless it says otherwise
                continue
            callers = [site.caller for site in self._calls.callers(current)]
            connected = [one.function for one in self._connections.all if current in one.targets]
            if callers or connected:
                waiting.extend((*callers, *connected))
            elif current.kind is FunctionKind.MODULE or self._is_called_from_outside(current):
                found[OWN] = None
        return list(found)

    def _is_begun_again(self, place: Place) -> bool:
        """Say whether the thread is begun in a loop, so that several do the same."""
        return any(
            site.place == place and self._flow(site.function).is_in_loop(site.call)
            for site in self._calls.sites(Act.START_THREAD)
        )

    def _is_called_from_outside(self, function: FunctionInfo) -> bool:
        if function.name == "main" or function.section.startswith(("private slots", "public slots")):
            return True
        return self._heritage.is_given(function) or function.is_constructor


def _written(function: FunctionInfo) -> Iterator[int]:
    """Yield what is assigned to, counted up or changed by an element."""
    for statement in function.statements():
        if isinstance(statement, Assign):
            yield from _targets(statement.target)
    for expression in function.expressions():
        if isinstance(expression, Assignment):
            yield from _targets(expression.target)
        if isinstance(expression, Unary) and expression.operator in ("++", "--"):
            yield from _targets(expression.operand)


def _targets(target: Expression) -> Iterator[int]:
    yield id(target)
    if isinstance(target, Subscript):
        yield id(target.value)


def lock_around(wanted: Expression, function: FunctionInfo) -> Place | None:
    """Return the lock that is held where the expression is evaluated, as far as blocks tell."""
    return _lock_in(function.body or [], wanted)


def _lock_in(body: list[Statement], wanted: Expression) -> Place | None:
    for position, statement in enumerate(body):
        is_guarding = isinstance(statement, With) and any(_sounds_like_lock(one) for one, _ in statement.items)
        if is_guarding and contains([statement], wanted):
            return statement.place
        if _takes_lock(statement) and contains(body[position + 1 :], wanted):
            return statement.place
        for inner in statement.bodies():
            found = _lock_in(inner, wanted)
            if found is not None:
                return found
    return None


def _sounds_like_lock(context: Expression) -> bool:
    return any(
        word in dotted(part).lower()
        for part in walk(context)
        if isinstance(part, Name | Attribute)
        for word in ("lock", "mutex", "semaphore", "condition", "cond")
    )


def _takes_lock(statement: Statement) -> bool:
    match statement:
        case Assign(type=declared):
            return any(locker in declared for locker in _LOCKERS)
        case Evaluate(value=Call() as call):
            return call.called_name in _LOCKING
    return False


def locks_of(function: FunctionInfo) -> list[Place]:
    """Return every place where the function takes a lock."""
    found = [one.place for one in function.statements() if _takes_lock(one)]
    found += [
        one.place
        for one in function.statements()
        if isinstance(one, With) and any(_sounds_like_lock(context) for context, _ in one.items)
    ]
    return found
