"""An overload that should be used: whether it exists, and whether it would change anything."""

from __future__ import annotations

import re
from collections.abc import Sequence

from localsocket_review.apis.qt_overloads import Parameters, as_signature, overloads_of
from localsocket_review.claims.claim import Answer, Claim, Shown, refuted, undecided
from localsocket_review.claims.kinds.kind import ClaimKind, words
from localsocket_review.claims.mentions import Mention
from localsocket_review.claims.reviewed_code import Code, Entity
from localsocket_review.model.declarations import FunctionInfo
from localsocket_review.model.expressions import Call

_THREADS = re.compile(r"\b(?:thread|concurren|race|synchroni|parallel)", re.IGNORECASE)
_SHOWN = 4


def check(claim: Claim, code: Code) -> Answer:
    wanted = [one for one in claim.subjects if one.arguments is not None] or list(claim.subjects)
    known = [subject for subject in wanted if _own(subject, code) or overloads_of(subject.name, subject.qualifier)]
    if not known:
        return _unknown(wanted[0] if wanted else None, code)
    answers = [_of_own(subject, code) if _own(subject, code) else _of_qt(subject, claim, code) for subject in known]
    return next((one for one in answers if one.verdict == "refuted"), answers[0])


def _unknown(subject: Mention | None, code: Code) -> Answer:
    if subject is None:
        return undecided("The review does not say which overload is meant.")
    calls = _calls(subject, code)
    if calls:
        return undecided(f"Neither the files given nor the tables show which overloads {subject.name}() has.", *calls)
    return code.not_there(subject)


def _of_qt(subject: Mention, claim: Claim, code: Code) -> Answer:
    overloads = overloads_of(subject.name, subject.qualifier)
    have = ", ".join(as_signature(owner, subject.name, parameters) for owner, parameters in overloads)
    calls = _calls(subject, code)
    if (
        subject.arguments is not None
        and _is_signature(subject)
        and not any(_fits(subject, one) for _, one in overloads)
    ):
        return refuted(f"Qt has no {subject.text}; it has {have}.", *calls)
    if _THREADS.search(claim.text):
        return refuted(
            f"Every overload works on the same object, which belongs to one thread: {have}. Another overload changes "
            "nothing about threads.",
            *calls,
        )
    if not calls:
        return refuted(f"{subject.name}() is called nowhere; searched: {code.extent}.")
    return undecided(f"It exists: {have}. The code does not say whether it would be better here.", *calls)


def _own(subject: Mention, code: Code) -> list[Entity]:
    return [entity for entity in code.resolve(subject) if isinstance(entity.found, FunctionInfo)]


def _of_own(subject: Mention, code: Code) -> Answer:
    """An overload of a function that the files define."""
    own = _own(subject, code)
    places: list[Shown] = [(entity.place, f"{entity} is here") for entity in own]
    functions = [entity.found for entity in own if isinstance(entity.found, FunctionInfo)]
    have = ", ".join(f"{one.name}({', '.join(part.type or part.name for part in one.parameters)})" for one in functions)
    wanted = [_type_of(part) for part in subject.parameters]
    for function in functions:
        types = tuple(part.type or part.name for part in function.parameters)
        if subject.arguments is None or _match(wanted, [_type_of(one) for one in types]):
            return undecided(f"It exists: {have}. The code does not say whether it would be better here.", *places)
    return refuted(f"There is no {subject.text}; there is {have}.", *places)


def _calls(subject: Mention, code: Code) -> list[Shown]:
    return [(call.place, f"{_written(call)} is called here") for call, _ in code.calls_of(subject.name)[:_SHOWN]]


def _written(call: Call) -> str:
    number = len(call.arguments)
    return f"{call.called_name}() with {number or 'no'} argument{'' if number == 1 else 's'}"


def _is_signature(subject: Mention) -> bool:
    """Say whether the parentheses hold types, as in `read(char *, qint64)`, or nothing, rather than values."""
    return subject.arguments != "" or not overloads_of(subject.name, subject.qualifier)


def _fits(subject: Mention, parameters: Parameters) -> bool:
    wanted = [_type_of(part) for part in subject.parameters]
    required = [part for part in parameters if not part.endswith("?")]
    if not len(required) <= len(wanted) <= len(parameters):
        return False
    return _match(wanted, [_type_of(part.rstrip("?")) for part in parameters[: len(wanted)]])


def _match(wanted: Sequence[str], has: Sequence[str]) -> bool:
    return len(wanted) == len(has) and all(
        one == other or not one or not other for one, other in zip(wanted, has, strict=True)
    )


_INTEGERS = frozenset(
    {"qint64", "int", "qintptr", "quintptr", "size_t", "qsizetype", "long", "longlong", "uint", "int64_t"}
)
_TEXTS = frozenset({"QString", "QByteArray", "QAnyStringView", "QStringView", "QLatin1String"})


def _type_of(parameter: str) -> str:
    """Return the bare type of a parameter, or nothing where a value or a mere name stands for it."""
    text = parameter.partition("=")[0]
    pointer = "*" if "*" in text else ""
    names = [
        word for word in re.findall(r"[A-Za-z_][\w:]*", text) if word not in ("const", "unsigned", "struct", "class")
    ]
    if not names:
        return ""
    first = names[0].rpartition("::")[2]
    if len(names) == 1 and not pointer and "&" not in text and not _is_type(first):
        return ""
    return "integer" if first in _INTEGERS and not pointer else f"{first}{pointer}"


def _is_type(word: str) -> bool:
    return (
        word in _INTEGERS
        or word in _TEXTS
        or word[:1] == "Q"
        or word in ("char", "bool", "void", "double", "float", "OpenMode")
    )


KIND = ClaimKind(
    name="overload",
    title="another overload of a function exists, or should be used",
    complaint=words(
        r"\boverload(?:s|ed|ing)?\b",
        r"\b(?:use|using|(?<!the )(?<!this )(?<!a )(?<!each )call|calling|prefer|switch(?:ing)? to|"
        r"replaced? (?:it )?(?:with|by)|try|should be)\W+(?:the\W+|an?\W+)?(?:\w+\W+){0,3}?(?=<\d+s>)",
        r"\b(?:version|variant|form|signature)\b\W+(?:of|that|which|with|taking)",
    ),
    denial=None,
    check=check,
    knows_missing=True,
    needs_name=True,
    covers=frozenset({"other thread", "no time limit"}),
    rank=0,
    examples=(
        "Use the overload `listen(const QString &name, QThread *thread)`.",
        "The overloaded `read(char *data, qint64 maxSize)` should be used for thread safety.",
        "Use `write(const char *, qint64)` instead.",
    ),
)
