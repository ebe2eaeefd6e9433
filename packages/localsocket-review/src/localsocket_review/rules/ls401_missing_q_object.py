"""LS401: a class uses Qt's meta-object system without Q_OBJECT."""

from __future__ import annotations

from collections.abc import Iterator

from localsocket_review.analysis.facts import Facts
from localsocket_review.findings import Finding, Severity
from localsocket_review.model.declarations import ClassInfo
from localsocket_review.model.expressions import Cast, Name
from localsocket_review.model.place import Place
from localsocket_review.model.unit import Language
from localsocket_review.rules.rule import Example, Rule


def check(facts: Facts) -> Iterator[Finding]:
    for found in facts.classes(Language.CPP):
        if found.body is None or found.macros:
            continue
        need = next(_needs(facts, found), None)
        if need is None:
            continue
        place, what = need
        message = f"{found.name} {what}, which needs Q_OBJECT."
        severity = Severity.NOTE if found.is_template else None
        yield RULE.finding(found.place, message, [(found.place, "declared here"), (place, what)], severity=severity)


def _needs(facts: Facts, found: ClassInfo) -> Iterator[tuple[Place, str]]:
    for method in found.all_methods():
        if method.section == "signals":
            yield method.place, f"has the signal {method.name}"
        elif method.section.endswith("slots"):
            yield method.place, f"has the slot {method.name}"
    if "QObject" not in facts.inference.class_lineage(found)[1:]:
        return
    for method in found.all_methods():
        if "Q_INVOKABLE" in _code_of(found, method.declared_at or method.place):
            yield method.place, f"lets {method.name} be invoked by name"
        for call in method.calls() if method.body is not None else ():
            if isinstance(call.function, Name) and call.called_name == "tr" and not _translates_itself(found):
                yield call.place, "translates with tr()"
    for function in facts.functions(Language.CPP):
        for expression in function.expressions():
            match expression:
                case Cast(kind="qobject_cast", type=wanted) if wanted.rstrip("*& ").endswith(found.name):
                    yield expression.place, "is asked for by qobject_cast"
    for connection in facts.connections.all:
        if connection.by_text and any(target.owner is found for target in connection.targets):
            yield connection.place, f"is connected by the text SLOT({connection.slot_name})"


def _translates_itself(found: ClassInfo) -> bool:
    """Say whether Q_DECLARE_TR_FUNCTIONS gives the class a tr() of its own."""
    return "Q_DECLARE_TR_FUNCTIONS" in _code_of(found, found.place)


def _code_of(found: ClassInfo, place: Place) -> str:
    return found.unit.code[found.unit.span(place.line, place.end_line)]


RULE = Rule(
    id="LS401",
    title="Q_OBJECT missing where the meta-object system is used",
    severity=Severity.MEDIUM,
    cwe=None,
    why=(
        "moc reads only classes with Q_OBJECT. Without it signals have no code, slots are not found by name, "
        "qobject_cast sees the base class, and tr() looks in the base's translations."
    ),
    repair="write Q_OBJECT as the first line of the class, in a file that moc reads",
    unless=(
        "the class uses nothing of the meta-object system",
        "Q_DECLARE_TR_FUNCTIONS gives it a tr() of its own",
        "a template cannot have Q_OBJECT: a note only",
    ),
    examples=(
        Example(
            Language.CPP,
            bad="class Server : public QObject {\nsignals:\n    void stopped();\n};\n",
            good="class Server : public QObject {\n    Q_OBJECT\nsignals:\n    void stopped();\n};\n",
        ),
    ),
    check=check,
)
