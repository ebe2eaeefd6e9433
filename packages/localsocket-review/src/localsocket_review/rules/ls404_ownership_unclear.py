"""LS404: an object is made by `new`, and nobody is responsible for deleting it."""

from __future__ import annotations

from collections.abc import Iterator

from localsocket_review.analysis.facts import Facts
from localsocket_review.analysis.releases import is_made_on_purpose
from localsocket_review.findings import Finding, Severity
from localsocket_review.model.declarations import ClassInfo
from localsocket_review.model.unit import Language
from localsocket_review.rules.rule import Example, Rule

_PLAIN = "make it a plain variable, or hold it in std::unique_ptr"


def check(facts: Facts) -> Iterator[Finding]:
    for function in facts.functions(Language.CPP):
        if not facts.subject.concerns(function.unit) or function.unit.path.endswith(".c"):
            continue  # in C, `new` is a name like any other
        for call in function.calls():
            if not call.is_new or is_made_on_purpose(call, function) or facts.releases.is_released(call, function):
                continue
            holder = facts.ownership.holder(call, function)
            where = "and nothing keeps it" if holder is None else f"held by `{holder.path}`"
            made = f"{call.template}[]" if call.called_name == "new[]" else call.called_name
            is_object = facts.inference.is_a(call, function, "QObject") or call.called_name.startswith("Q")
            lacks = "has no parent, and nothing was found that" if is_object else "is lost: nothing was found that"
            message = f"This {made} {lacks} deletes it."
            evidence = [(call.place, f"made here, {where}")]
            if holder is not None and isinstance(holder.owner, ClassInfo) and holder.path in holder.owner.members:
                evidence.append((holder.owner.members[holder.path].place, "the member"))
            yield RULE.finding(call.place, message, evidence, repair=RULE.repair if is_object else _PLAIN)


RULE = Rule(
    id="LS404",
    title="ownership unclear: made by new, deleted by nobody",
    severity=Severity.LOW,
    cwe="CWE-401",
    why=(
        "An object without a parent, a smart pointer or a delete stays until the program ends: one more with every "
        "connection, and a socket keeps its descriptor and its buffers as well."
    ),
    repair="give it a parent or a smart pointer, not both; connect disconnected of a socket to its deleteLater",
    unless=(
        "it has a parent, at once or by setParent",
        "a smart pointer holds it",
        "a signal is connected to its deleteLater, or somebody deletes it",
        "a container holds it whose elements are deleted",
        "it is returned, or handed to code that is not seen",
    ),
    examples=(
        Example(
            Language.CPP,
            bad="auto *socket = new QLocalSocket;\nsocket->connectToServer(name);\n",
            good="auto *socket = new QLocalSocket(this);\nsocket->connectToServer(name);\n",
        ),
    ),
    check=check,
)
