"""Whether what is made is given back: deleted, closed, or owned by somebody who does it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from localsocket.review.analysis.names import Variable
from localsocket.review.analysis.ownership import Fate
from localsocket.review.apis.meaning import Act
from localsocket.review.claims.claim import Answer, Claim, Shown, refuted, supported, undecided
from localsocket.review.claims.kinds.kind import ClaimKind, words
from localsocket.review.claims.mentions import Mention
from localsocket.review.claims.reviewed_code import Code, Sort
from localsocket.review.model.declarations import ClassInfo, FunctionInfo, FunctionKind
from localsocket.review.model.expressions import Binary, Call, Display, Name, strip_casts, walk
from localsocket.review.model.place import Place
from localsocket.review.model.program import last_word
from localsocket.review.model.statements import Assign, Evaluate, Return, With
from localsocket.review.model.unit import Language

_ENDED_BY = {
    Fate.PARENTED: "has a parent, which deletes it",
    Fate.SMART: "is held by a smart pointer, which deletes it",
    Fate.MANAGED: "is closed by its with statement",
    Fate.CLOSED: "is closed",
    Fate.DELETED: "is deleted",
    Fate.DELETED_LATER: "is deleted when it has disconnected",
}
_RULES = ("LS404", "LS209")
_ADDING = frozenset(
    {"append", "push_back", "emplace_back", "push_front", "insert", "prepend", "enqueue", "push", "add"}
)
_PASSED_ON = {Fate.RETURNED, Fate.HANDED_ON}


@dataclass(frozen=True, slots=True, eq=False)
class _Made:
    """One object: where it is made, of which type, by which function, and what becomes of it."""

    type: str
    place: Place
    function: FunctionInfo | None
    held_by: str
    fates: frozenset[Fate]
    ended: str
    is_dropped: bool = False

    @property
    def is_lost(self) -> bool:
        """Say whether it is certain that nobody ends it: no owner, and nobody else whom it was given to."""
        return not self.ended and not self.fates & _PASSED_ON and (bool(self.held_by) or self.is_dropped)

    def is_about(self, names: set[str]) -> bool:
        owner = self.function.owner.name if self.function is not None and self.function.owner is not None else ""
        function = self.function.name if self.function is not None else ""
        file = self.place.file.rpartition("/")[2]
        return bool(names & {self.type, owner, function, file, self.held_by, last_word(self.held_by)})


def check(claim: Claim, code: Code) -> Answer:
    made = list(_everything_made(code))
    names = {name for subject in claim.subjects for name in _names_of(subject)}
    about = [one for one in made if one.is_about(names)] if names else made
    inside = {name for scope in claim.scopes for name in _names_of(scope)}
    about = [one for one in about if one.is_about(inside)] if inside else about
    if not about:
        return _nothing_made(claim, code, names | inside, made)
    found = {(finding.place.file, finding.place.line) for finding in code.findings(*_RULES)}
    lost = [one for one in about if one.is_lost or (one.place.file, one.place.line) in found]
    unclear = [one for one in about if not one.ended and one not in lost]
    if lost:
        places: list[Shown] = [(one.place, f"{one.type} is made here, and nobody gives it back") for one in lost]
        return supported("Nobody gives it back.", *places) if claim.is_complaint else refuted("It is lost.", *places)
    if unclear:
        shown: list[Shown] = [(one.place, f"{one.type} is made here and handed on") for one in unclear]
        return undecided("It is handed on to code that decides about its end.", *shown)
    held: list[Shown] = [(one.place, f"{one.type} {one.ended}") for one in about]
    reason = (
        f"Each of the {len(about)} objects made has an owner that ends it."
        if len(about) > 1
        else (f"The {about[0].type} {about[0].ended}.")
    )
    return refuted(reason, *held) if claim.is_complaint else supported(reason, *held)


def _nothing_made(claim: Claim, code: Code, names: set[str], made: list[_Made]) -> Answer:
    places = [
        (entity.place, f"{entity} is here, and makes nothing that would have to be given back")
        for subject in claim.subjects
        for entity in code.resolve(subject, claim.scopes)[:1]
    ]
    elsewhere: list[Shown] = [(one.place, f"{one.type} is made here") for one in made[:3]]
    if not made:
        reason = f"Nothing is made with new, and no socket is opened; searched: {code.extent}."
        return refuted(reason, *places) if claim.is_complaint else undecided(reason, *places)
    what = f"No object that {', '.join(sorted(names)) or 'this'} would have to give back is made in the files given."
    return undecided(what, *places, *elsewhere)


def _names_of(subject: Mention) -> Iterator[str]:
    yield subject.name
    if subject.qualifier:
        yield subject.qualifier


def _everything_made(code: Code) -> Iterator[_Made]:
    for function in code.program.functions:
        for call in function.calls():
            if call.is_new and call.called_name:
                yield _made(call, call.called_name, function, code)
    for site in code.facts.calls.sites(Act.CONSTRUCT | Act.ACCEPT | Act.CONNECT | Act.LISTEN):
        kind = site.api.returns if isinstance(site.api.returns, str) else site.api.returns[0]
        is_python = site.function.unit.language is Language.PYTHON
        if is_python and _is_socket(kind) and site.api.method[:1].islower() | site.api.name.endswith("socket"):
            yield _made(site.call, last_word(kind), site.function, code)
        elif not is_python and site.api.act & Act.ACCEPT and kind.endswith("Socket"):
            yield _accepted(site.call, kind, site.function, code)
    yield from _by_value(code)


def _made(call: Call, kind: str, function: FunctionInfo, code: Code) -> _Made:
    fates = code.facts.ownership.fates(call, function)
    holder = code.facts.ownership.holder(call, function) or _first_of_pair(call, function, code)
    ended = next((words for fate, words in _ENDED_BY.items() if fate in fates), "")
    if not ended and holder is not None and isinstance(holder.owner, ClassInfo):
        ended = _deleted_as_element(holder.path, code)
    container = (
        _container_of(call, holder, function, code) if not ended and fates & _PASSED_ON == {Fate.HANDED_ON} else None
    )
    if container is not None:
        ended = _deleted_with(container, code)
        fates = fates - {Fate.HANDED_ON}
    if not ended and holder is not None and function.unit.language is Language.PYTHON:
        ended, is_passed_on = _closed_by_holder(holder, function, code)
        fates = fates | {Fate.HANDED_ON} if is_passed_on else fates
    is_dropped = any(isinstance(one, Evaluate) and one.value is call for one in function.statements())
    path = holder.path if holder is not None else ""
    return _Made(kind, call.place, function, path, frozenset(fates), ended, is_dropped)


def _first_of_pair(call: Call, function: FunctionInfo, code: Code) -> Variable | None:
    """`connection, _ = server.accept()`."""
    for statement in function.statements():
        match statement:
            case Assign(target=Display(items=(first, *_)), value=value) if (
                value is not None and strip_casts(value) is call
            ):
                return code.facts.names.variable(first, function)
    return None


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


def _accepted(call: Call, kind: str, function: FunctionInfo, code: Code) -> _Made:
    """What nextPendingConnection() gives is the server's child."""
    made = _made(call, kind, function, code)
    return _Made(kind, call.place, function, made.held_by, made.fates, made.ended or "is its server's child")


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


def _by_value(code: Code) -> Iterator[_Made]:
    """Objects of C++ that end with their scope."""
    for function in code.program.functions:
        if function.unit.language is Language.PYTHON or function.kind is FunctionKind.CLASS_BODY:
            continue
        for statement in function.statements():
            if isinstance(statement, Assign) and isinstance(statement.target, Name):
                kind = code.facts.inference.canonical(statement.type, function.unit)
                if _is_object(statement.type, kind, code):
                    yield _Made(
                        kind, statement.place, function, statement.target.identifier, frozenset(), "ends with its scope"
                    )
    for entity in code.of_sort(Sort.MEMBER):
        if entity.owner is not None and entity.unit.language is Language.CPP:
            written = entity.owner.members[entity.name].type
            kind = code.facts.inference.canonical(written, entity.unit)
            if _is_object(written, kind, code):
                owner = next(iter(entity.owner.all_methods()), None)
                yield _Made(kind, entity.place, owner, entity.name, frozenset(), f"ends with its {entity.owner.name}")


def _is_object(written: str, kind: str, code: Code) -> bool:
    is_value = bool(written) and not any(mark in written for mark in "*&<[")
    return is_value and (kind.startswith(("QLocal", "QTcp", "QThread")) or code.program.class_named(kind) is not None)


KIND = ClaimKind(
    name="leak",
    title="what is made is never deleted or closed",
    complaint=words(
        r"\b(?:memory|resource|descriptor|fd|socket|handle|file descriptor)?[\s-]*leak(?:s|ed|ing|age)?\b",
        r"\bmissing\W+(?:a\W+|the\W+|matching\W+|corresponding\W+)*(?:<delete>|delete|deletion|<deleteLater>|"
        r"<close>|close|free|cleanup|clean-up)",
        r"(?:<delete>|delete|<deleteLater>|<close>)\W+(?:\w+\W+){0,3}?(?:missing|absent)",
        r"(?:never|not|n't)\W+(?:\w+\W+){0,2}?(?:deleted|freed|deallocated|released|closed|destroyed|cleaned|"
        r"disposed|<delete>d?)",
        r"(?:without|no|lacks?)\W+(?:a\W+|any\W+|matching\W+|corresponding\W+|ever\W+|explicit\W+)*"
        r"(?:<delete>|delete|deleting|freeing|closing|releasing|deletion|deallocation|being (?:deleted|freed|"
        r"closed|released))",
        r"(?:should|must|needs? to|has to|have to) (?:\w+ )?(?:be )?(?:deleted?|freed?|released?|" r"closed?)\b",
        r"(?:never|not|n't|fails? to)\W+(?:\w+\W+){0,1}?(?:<delete>|delete|free|release|close)s?\b",
    ),
    denial=words(
        r"(?:is|are|gets?) (?:\w+ly |all |always )?(?:deleted|freed|closed|released|destroyed|cleaned up)",
        r"(?:has|have) (?:a |their |its )?parents?\b",
    ),
    check=check,
    topics=frozenset({"delete", "deleteLater", "free"}),
    rank=2,
    examples=(
        "The `QLocalSocket` objects are allocated with `new` but there is no matching `delete`.",
        "Potential memory leak in `SocketFactory`.",
        "`m_socket` is never deleted.",
        "The socket is never closed.",
        "There are no memory leaks.",
    ),
)
