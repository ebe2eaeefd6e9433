"""LS109: a command, code, a query or a path is made of what a peer sent."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

from localsocket_review.analysis.definitions import How
from localsocket_review.analysis.facts import Facts
from localsocket_review.analysis.sites import Site
from localsocket_review.apis.meaning import Act
from localsocket_review.findings import Evidence, Finding, Severity
from localsocket_review.model.expressions import Attribute, Binary, Display, Expression, Literal, Name
from localsocket_review.model.statements import Evaluate
from localsocket_review.model.unit import Language
from localsocket_review.rules.rule import Example, Rule, steps_of

# What is done, the role of what it is done with, its weakness, and the words for it.
_KINDS = (
    (Act.RUN_CODE, "code", "CWE-95", "What a peer sent is run as code."),
    (Act.RUN_QUERY, "query", "CWE-89", "A query is built from what a peer sent."),
)


# What says that a command follows, to a shell or an interpreter.
_COMMAND_FOLLOWS: frozenset[object] = frozenset({"-c", b"-c", "/C", "/c", "-e"})


def check(facts: Facts) -> Iterator[Finding]:
    for site in facts.calls.sites(Act.RUN_COMMAND):
        for part in _command_parts(facts, site):
            trace = facts.taint.received(part, site.function)
            if trace is not None:
                evidence = [*steps_of(trace), Evidence(site.place, "run here")]
                message = "A command is built from what a peer sent."
                yield RULE.finding(site.place, message, evidence, cwe="CWE-78")
                break
    for act, role, cwe, message in _KINDS:
        for site in facts.calls.sites(act):
            argument = site.argument(role)
            trace = facts.taint.received(argument, site.function) if argument is not None else None
            if trace is not None:
                yield RULE.finding(site.place, message, [*steps_of(trace), (site.place, "used here")], cwe=cwe)
    for site in facts.calls.sites(Act.OPEN_PATH):
        yield from _paths(facts, site)


def _paths(facts: Facts, site: Site) -> Iterator[Finding]:
    for argument in (site.argument("path"), site.argument("other_path")):
        trace = facts.taint.received_path(argument, site.function) if argument is not None else None
        if trace is not None:
            message = "A peer chooses which file is used."
            yield RULE.finding(site.place, message, [*steps_of(trace), (site.place, "used here")], cwe="CWE-22")
            return


def _command_parts(facts: Facts, site: Site) -> Iterator[Expression]:
    """Yield what decides which program runs, or what a shell reads; a list's later items are mere arguments."""
    arguments = site.arguments_from("command")
    if not arguments:
        return
    words: list[Expression] = []
    for argument in arguments:
        words.extend(_items(facts, argument, site))
    if not words:  # an empty list, which is filled elsewhere
        return
    yield words[0]
    shell = site.call.keywords.get("shell")
    through_shell = isinstance(shell, Literal) and bool(shell.value)
    for word, following in itertools.pairwise(words):
        if through_shell or not _COMMAND_FOLLOWS.isdisjoint(_texts_of(facts, word, site)):
            yield following


def _texts_of(facts: Facts, word: Expression, site: Site) -> set[object]:
    """Return what a word of a command is, written here or behind a name: `SHELL`, `-c`."""
    if isinstance(word, Literal):
        return {word.value}
    known = facts.values.texts(word, site.function) if isinstance(word, (Name, Attribute)) else ()
    return {text.literal for text in known}


def _items(facts: Facts, argument: Expression, site: Site) -> list[Expression]:
    """Return the words of a command, also of one that a variable holds as a list."""
    if isinstance(argument, Display):
        return list(argument.items)
    start, streamed = _streamed(argument)
    if streamed:
        return [*(_items(facts, start, site) if isinstance(start, Name) else ()), *streamed]
    if isinstance(argument, Name):
        return _words_held(facts, argument, site) or _streamed_into(facts, argument, site) or [argument]
    return [argument]


def _words_held(facts: Facts, words: Name, site: Site) -> list[Expression]:
    """Return the words of a list as it was made and added to: `words = ["sh"]`, `words.append(text)`."""
    definitions = sorted(facts.definitions.at(words, site.function), key=lambda one: one.place)
    if not any(one.how is How.VALUE and isinstance(one.value, Display) for one in definitions):
        return []
    found: list[Expression] = []
    for definition in definitions:
        value = definition.value
        if isinstance(value, Display):
            found.extend(value.items)
        elif value is not None and definition.how in (How.ADDED, How.EXTENDED):
            found.append(value)
    return found


def _streamed(expression: Expression) -> tuple[Expression, list[Expression]]:
    """`QStringList() << "-c" << text`: where it begins, and what is added."""
    added: list[Expression] = []
    while isinstance(expression, Binary) and expression.operator == "<<":
        added.insert(0, expression.right)
        expression = expression.left
    return expression, added


def _streamed_into(facts: Facts, words: Name, site: Site) -> list[Expression]:
    variable = facts.names.variable(words, site.function)
    found: list[Expression] = []
    for statement in site.function.statements():
        if isinstance(statement, Evaluate):
            start, added = _streamed(statement.value)
            if added and facts.names.variable(start, site.function) == variable:
                found.extend(added)
    return found


RULE = Rule(
    id="LS109",
    title="command, code, query or path made of received data",
    severity=Severity.HIGH,
    cwe="CWE-78",
    why=(
        "Whoever can connect chooses the text. In a shell, an interpreter, a query or a path it does more than was "
        "meant: it runs other commands, reads other rows, leaves the directory."
    ),
    repair="look the request up in a fixed table, and pass data as a separate argument, never as part of a string",
    unless=(
        "the text is quoted with shlex.quote",
        "the data is a separate argument in a list, without a shell",
        "the request only chooses from a fixed table",
        "the text was compared with the allowed ones",
        "a name with a separator or two dots in it was refused before",
    ),
    examples=(
        Example(
            Language.PYTHON,
            bad='name = connection.recv(100).decode()\nos.system("ls " + name)\n',
            good='name = connection.recv(100).decode()\nsubprocess.run(["ls", "--", name])\n',
        ),
        Example(
            Language.CPP,
            bad='QString name = socket->readAll();\nsystem(qPrintable("ls " + name));\n',
            good='QString name = socket->readAll();\nQProcess::execute("ls", {"--", name});\n',
        ),
    ),
    check=check,
    follows_data=True,
)
