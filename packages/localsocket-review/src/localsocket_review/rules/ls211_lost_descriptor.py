"""LS211: a function returns, and nothing has the descriptor any more that it opened."""

from __future__ import annotations

from collections.abc import Iterator

from localsocket_review.analysis.descriptor_walks import LostBy
from localsocket_review.analysis.facts import Facts
from localsocket_review.analysis.lost_descriptors import Lost
from localsocket_review.findings import Finding, Severity
from localsocket_review.model.unit import Language
from localsocket_review.rules.rule import Example, Rule

_IN_LOOP = "close it on every path to the next round, also where a read or a check has failed"


def check(facts: Facts) -> Iterator[Finding]:
    for function in facts.functions(Language.CPP):
        for lost in facts.lost_descriptors.of(function):
            if not facts.transports.is_network(lost.opened, function):
                yield _finding(lost)


def _finding(lost: Lost) -> Finding:
    opened = (lost.opened.place, f"{lost.opened.called_name}() opened here")
    if lost.kind is LostBy.AGAIN:
        message = (
            f"Each round opens another descriptor as {lost.name!r}, and one path to the next round does not close it."
        )
        return RULE.finding(lost.place, message, [opened], repair=_IN_LOOP)
    if lost.kind is LostBy.FREE:
        message = f"This frees the structure with {lost.name!r} open; nothing can close the descriptor afterwards."
        return RULE.finding(lost.place, message, [opened, (lost.place, "freed here")])
    message = f"The function ends here with {lost.name!r} open; nothing can close the descriptor afterwards."
    return RULE.finding(lost.place, message, [opened, (lost.place, "lost here")])


RULE = Rule(
    id="LS211",
    title="descriptor lost on an error path",
    severity=Severity.LOW,
    cwe="CWE-775",
    why=(
        "A descriptor whose number is lost stays open until the program ends. This usually happens on error "
        "paths: each failure leaks one descriptor, and a peer that can cause failures can use up all of them. "
        "Then accept() fails, and the server refuses everybody."
    ),
    repair="close it before this return: one label at the end of the function, which all errors go to, does it once",
    unless=(
        "the descriptor is stored, returned, or given to a function that keeps or closes it",
        "it is closed at a label that the error goes to",
        "it was not opened on that path",
        "its variable closes it, by a class or the cleanup attribute",
        "the program ends there",
        "it holds a lock, for as long as the program runs",
    ),
    examples=(
        Example(
            Language.CPP,
            bad=(
                "int fd = socket(AF_UNIX, SOCK_STREAM, 0);\n"
                "if (connect(fd, (struct sockaddr *)&address, sizeof address) < 0)\n    return -1;\nreturn fd;\n"
            ),
            good=(
                "int fd = socket(AF_UNIX, SOCK_STREAM, 0);\n"
                "if (connect(fd, (struct sockaddr *)&address, sizeof address) < 0) {\n"
                "    close(fd);\n    return -1;\n}\n"
                "return fd;\n"
            ),
        ),
    ),
    check=check,
)
