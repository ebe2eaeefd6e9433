"""What functions of the program give back through their parameters: `*to = from`, `one->name = text`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from localsocket_review.analysis.calls import ProgramCalls
from localsocket_review.model.declarations import FunctionInfo
from localsocket_review.model.expressions import Attribute, Call, Expression, Name, Unary, strip_casts
from localsocket_review.model.program import Program
from localsocket_review.model.statements import Assign
from localsocket_review.model.unit import Language


@dataclass(frozen=True, slots=True, eq=False)
class Output:
    """A parameter's `field` (empty: the whole of it) that a function sets to the value."""

    position: int
    field: str
    value: Expression
    function: FunctionInfo


@dataclass(frozen=True, slots=True, eq=False)
class GivenBack:
    """What a call sets: the argument's field, to what the output says."""

    argument: Expression
    output: Output


class Outputs:
    """Finds what calls set in their arguments."""

    def __init__(self, program: Program, calls: ProgramCalls) -> None:
        self._calls = calls
        self._outputs: dict[FunctionInfo, list[Output]] = {}
        for function in program.functions:
            found = list(_outputs_of(function))
            if found:
                self._outputs[function] = found
        self._named = {function.name for function in self._outputs}

    def of(self, call: Call, function: FunctionInfo) -> Iterator[GivenBack]:
        """Yield what the call sets in its arguments."""
        if call.called_name not in self._named:
            return
        for callee in self._calls.callees(call, function):
            for output in self._outputs.get(callee, ()):
                if output.position < len(call.arguments):
                    yield GivenBack(call.arguments[output.position], output)


def _outputs_of(function: FunctionInfo) -> Iterator[Output]:
    positions = {parameter.name: at for at, parameter in enumerate(function.parameters)}
    references = {parameter.name for parameter in function.parameters if "&" in parameter.type}
    for statement in function.statements():
        if not isinstance(statement, Assign) or statement.value is None or not positions:
            continue
        name, field = _written(statement.target, references, function.unit.language)
        if name in positions and not _is_itself(statement.value, name):
            yield Output(positions[name], field, statement.value, function)


def _written(target: Expression, references: set[str], language: Language) -> tuple[str, str]:
    """Return the parameter and the field of it that is written, or nothing for the parameter's own copy."""
    match target:
        case Unary(operator="*", operand=Name(identifier=name)) if language is Language.CPP:
            return name, ""
        case Name(identifier=name) if name in references:
            return name, ""
        case Attribute(value=value, name=field):
            inner = strip_casts(value)
            if isinstance(inner, Name):
                return inner.identifier, field
    return "", ""


def _is_itself(value: Expression, name: str) -> bool:
    value = strip_casts(value)
    return isinstance(value, Name) and value.identifier == name
