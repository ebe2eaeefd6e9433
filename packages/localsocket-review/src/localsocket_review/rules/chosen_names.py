"""How a program comes to a name that was free when it looked: by a function for that, a file, or a loop that asks."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from localsocket_review.analysis.facts import Facts
from localsocket_review.analysis.sites import Site
from localsocket_review.analysis.texts import Hole, Text, Texts
from localsocket_review.apis.c_library import PATTERN_AT
from localsocket_review.findings_in_tests import is_test_of
from localsocket_review.model.declarations import FunctionInfo
from localsocket_review.model.expressions import Attribute, Call, Expression, Unary, walk
from localsocket_review.model.statements import Branch, Loop, Statement, contains, statements_in
from localsocket_review.model.unit import Language
from localsocket_review.rules.ls105_shared_directory import is_shared_and_predictable

_CHOOSING = frozenset({"mktemp", "tempnam", "tmpnam", "tmpnam_r", "unique_path"})
# What makes a file, which has to be removed before bind: then the name is free again, for others too.
_MAKING = frozenset({"mkstemp", "mkstemps", "mkostemp", "mkostemps"})
_MAKING_OBJECTS = frozenset({"NamedTemporaryFile", "QTemporaryFile"})  # whose name a method or a member gives
_NAMING = frozenset({"name", "fileName"})
_IN_PLACE = frozenset({"mktemp", "tmpnam", "tmpnam_r"}) | _MAKING  # which write the name to what they are given, in C
_ASKING = frozenset({"exists", "lexists", "access", "stat", "lstat", "is_socket", "isfile", "is_file", "faccessat"})
_COUNTING = frozenset({"++", "--"})


@dataclass(frozen=True, slots=True)
class ChosenName:
    """The call that chose or asked for the name, the function where it stands, and what `by` is called that did it."""

    call: Call
    function: FunctionInfo
    by: str

    @property
    def is_asked(self) -> bool:
        return self.by in _ASKING

    @property
    def is_file(self) -> bool:
        return self.by in _MAKING | _MAKING_OBJECTS

    @property
    def directory(self) -> Expression | None:
        """What Python's functions are told to put it in."""
        if self.function.unit.language is not Language.PYTHON or self.is_asked:
            return None
        given = () if self.by in _MAKING_OBJECTS else self.call.arguments[2:3]
        return self.call.keywords.get("dir") or next(iter(given), None)


def chosen_name(facts: Facts, site: Site) -> ChosenName | None:
    """Return what chose the name that is bound: the path is what it gave, wrote to, or asked for until it was free."""
    endpoint = site.argument("endpoint")
    if endpoint is None:
        return None
    texts = facts.values.endpoint(endpoint, site.function)
    return next(
        (
            one
            for ways in (_given(facts, endpoint, texts, site), _written(facts, texts, site), _asked(facts, texts))
            for one in ways
            # What a test gives the program to bind says nothing of what the program chooses.
            if not is_test_of(Path(one.function.unit.path), Path(site.function.unit.path))
        ),
        None,
    )


def _given(facts: Facts, endpoint: Expression, texts: Texts, site: Site) -> Iterator[ChosenName]:
    made = [(part.origin, site.function) for text in texts for part in text.parts if isinstance(part, Hole)]
    made += [(one.expression, one.function) for one in facts.origins.of(endpoint, site.function)]
    for one, function in made:
        if isinstance(one, Call) and one.called_name in _CHOOSING:
            yield ChosenName(one, _function_of(facts, one) or function, one.called_name)
        elif isinstance(one, Call | Attribute):
            yield from _of_file(facts, one, function)


def _function_of(facts: Facts, call: Call) -> FunctionInfo | None:
    return next((one for one in facts.program.functions if any(call is other for other in one.calls())), None)


def _of_file(facts: Facts, named: Call | Attribute, function: FunctionInfo) -> Iterator[ChosenName]:
    """`file.name` of a temporary file, `path` of `fd, path = mkstemp()`."""
    if isinstance(named, Call) and named.called_name in _MAKING and function.unit.language is Language.PYTHON:
        yield ChosenName(named, function, named.called_name)
    holder = named.receiver if isinstance(named, Call) else named.value
    name = named.called_name if isinstance(named, Call) else named.name
    if holder is None or name not in _NAMING:
        return
    for one in facts.origins.of(holder, function):
        if isinstance(one.expression, Call) and one.expression.called_name in _MAKING_OBJECTS:
            yield ChosenName(one.expression, one.function, one.expression.called_name)
    if isinstance(named, Call) and facts.inference.is_a(holder, function, "QTemporaryFile"):
        yield ChosenName(named, function, "QTemporaryFile")


def _written(facts: Facts, texts: Texts, site: Site) -> Iterator[ChosenName]:
    if site.function.unit.language is not Language.CPP:
        return
    for call in site.function.calls():
        if call.called_name not in _IN_PLACE or not call.arguments:
            continue
        is_before = facts.flow(site.function).dominates(call, site.call)
        if is_before and texts & facts.values.texts(call.arguments[0], site.function):
            yield ChosenName(call, site.function, call.called_name)


# --- a loop that asks -------------------------------------------------------------------------------------------------


def _asked(facts: Facts, texts: Texts) -> Iterator[ChosenName]:
    """`while os.path.exists(path): path = another()`, in a directory where others make names too."""
    shared = {text for text in texts if is_shared_and_predictable(text)}
    if not shared:
        return
    for function in facts.program.functions:
        if _ASKING.isdisjoint(function.unit.identifiers):
            continue
        for statement in function.statements():
            if isinstance(statement, Loop):
                yield from _asked_by(facts, statement, function, shared)


def _asked_by(facts: Facts, loop: Loop, function: FunctionInfo, texts: set[Text]) -> Iterator[ChosenName]:
    """Yield what asks in the loop's conditions for a name that the loop makes anew in each round."""
    for call in _conditions(loop):
        path = call.receiver if function.unit.language is Language.PYTHON and not call.arguments else call.arguments[0]
        if path is None or texts.isdisjoint(facts.values.endpoint(path, function)):
            continue
        if _is_made_anew(facts, path, loop, function):
            yield ChosenName(call, function, call.called_name)


def _conditions(loop: Loop) -> Iterator[Call]:
    tests = [loop.test] if loop.test is not None else []
    tests += [one.test for one in statements_in(loop.body) if isinstance(one, Branch)]
    for test in tests:
        for part in walk(test):
            if isinstance(part, Call) and part.called_name in _ASKING and (part.arguments or part.receiver is not None):
                yield part


def _is_made_anew(facts: Facts, path: Expression, loop: Loop, function: FunctionInfo) -> bool:
    """Say whether something that the name is made of is set in the loop: itself, a counter, a buffer."""
    parts = {facts.names.variable(one, function) for one in walk(path)} - {None}
    inside: list[Statement] = [loop]
    set_here = [target for target, _ in function.assignments() if contains(inside, target)]
    set_here += [loop.target] if loop.target is not None else []
    for one in function.expressions():
        if isinstance(one, Unary) and one.operator in _COUNTING and contains(inside, one):
            set_here.append(one.operand)
        if isinstance(one, Call) and one.called_name in PATTERN_AT and contains(inside, one):
            set_here.extend(one.arguments[:1])
    return any(facts.names.variable(one, function) in parts for one in set_here)
