"""What a function does with the number of bytes that a read or write gives: drops it, measures it, gives it back."""

from __future__ import annotations

from collections.abc import Iterator

from localsocket_review.analysis.facts import Facts
from localsocket_review.analysis.names import Variable
from localsocket_review.analysis.sites import Site
from localsocket_review.model.declarations import FunctionInfo
from localsocket_review.model.expressions import (
    COMPARISONS,
    Await,
    Binary,
    Call,
    Cast,
    Conditional,
    Expression,
    Literal,
    Name,
    Unary,
    strip_casts,
    walk,
)
from localsocket_review.model.statements import (
    Assign,
    Evaluate,
    Return,
)
from localsocket_review.rules.half_sent import assigned_inside, mentions

# What only tells a person of what it is given.
_TELLING = frozenset(
    {
        "print",
        "debug",
        "info",
        "warning",
        "error",
        "log",
        "printf",
        "fprintf",
        "syslog",
        "puts",
        "qDebug",
        "qInfo",
        "qWarning",
        "qCritical",
        "qCDebug",
        "qCInfo",
        "qCWarning",
    }
)


def unused_result(facts: Facts, statement: object, function: FunctionInfo) -> Call | None:
    """Return the call to look at whose result the statement drops, or gives to a variable that is never read."""
    match statement:
        case Evaluate(value=value):
            return _call_of(facts, value, function)
        case Assign(target=Name() as target, value=Expression() as value, operator="="):
            call = _call_of(facts, value, function)
            return call if call is not None and not _is_read(target, function) else None
    return None


def _call_of(facts: Facts, value: Expression, function: FunctionInfo) -> Call | None:
    while isinstance(value, Cast | Await):
        value = value.value
    if not isinstance(value, Call):
        return None
    is_known = value.called_name == "send" or facts.calls.site(value, function) is not None
    return value if is_known else None


def _is_read(target: Name, function: FunctionInfo) -> bool:
    """Say whether a variable is mentioned anywhere but here, where it is assigned, and where it is only told."""
    name = target.identifier
    told = {part for one in _all(function) if _tells(one) for part in walk(one)}
    return any(
        isinstance(one, Name) and one.identifier == name and one is not target and one not in told
        for one in _all(function)
    )


def _tells(expression: Expression) -> bool:
    """Say whether this only tells a person of what it is given."""
    return isinstance(expression, Call) and expression.called_name in _TELLING


def _all(function: FunctionInfo) -> Iterator[Expression]:
    yield from function.expressions()
    for nested in function.nested:
        yield from _all(nested)


def is_given_back(facts: Facts, site: Site) -> bool:
    """Say whether how much was sent is what the function returns: whoever calls it can measure that."""
    function = site.function
    holder = facts.ownership.holder(site.call, function) or assigned_inside(facts, site.call, function)
    returned = [one.value for one in function.statements() if isinstance(one, Return) and one.value is not None]
    return any(
        part is site.call or (holder is not None and facts.names.variable(part, function) == holder)
        for value in returned
        for part in _numbers_of(value)
    )


def _numbers_of(value: Expression) -> Iterator[Expression]:
    """Yield what a result may be, or is made of in another language's dress: `PyLong_FromSsize_t(sent)`."""
    match strip_casts(value):
        case Conditional(then=then, otherwise=otherwise):
            yield from _numbers_of(then)
            yield from _numbers_of(otherwise)
        case Call(arguments=arguments) as made:
            yield made
            for argument in arguments:
                yield from _numbers_of(argument)
        case plain:
            yield plain


def is_asked_for_failure(facts: Facts, site: Site) -> bool:
    """Say whether what the call gives, or the variable that holds it, is compared with a constant."""
    function = site.function
    holder = facts.ownership.holder(site.call, function) or assigned_inside(facts, site.call, function)
    return any(
        isinstance(part, Binary)
        and part.operator in COMPARISONS
        and any(isinstance(strip_casts(side), Literal | Unary) for side in (part.left, part.right))
        and mentions(facts, part, site.call, holder, function)
        for part in function.expressions()
    )


def is_measured(facts: Facts, site: Site) -> bool:
    """Say whether somebody asks how much has come: by comparing, or by counting on with it."""
    function, call = site.function, site.call
    if any(facts.chunks.measures(guard, function) for guard in facts.flow(function).guards(call)):
        return True
    holder = facts.ownership.holder(call, function) or assigned_inside(facts, call, function)
    for statement in function.statements():
        added = statement.value if isinstance(statement, Assign) and statement.operator != "=" else None
        if added is not None and mentions(facts, added, call, holder, function):
            return True
        for root in statement.expressions():
            for part in walk(root):
                if isinstance(part, Binary) and _measures(facts, part, call, holder, function):
                    return True
    return False


def _measures(facts: Facts, part: Binary, call: Call, holder: Variable | None, function: FunctionInfo) -> bool:
    """Say whether this compares, or counts with, how much the call gave; comparing with nothing tells its end alone."""
    if not mentions(facts, part, call, holder, function):
        return False
    if part.operator in COMPARISONS:
        sides = (strip_casts(part.left), strip_casts(part.right))
        asks_for_end = any(isinstance(side, Literal | Unary) for side in sides)
        return not asks_for_end
    return part.operator in ("+", "-")
