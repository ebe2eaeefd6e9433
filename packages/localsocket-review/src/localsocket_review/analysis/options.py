"""Options of the command line: what the program uses where its user says nothing."""

from __future__ import annotations

from collections.abc import Iterator

from localsocket_review.model.declarations import FunctionInfo, Parameter
from localsocket_review.model.expressions import Attribute, Call, Expression, Literal
from localsocket_review.model.program import Program
from localsocket_review.model.unit import Unit

_DECLARING = frozenset({"add_argument", "add_option", "option", "argument"})
_TYPER = frozenset({"Option", "Argument"})
Default = tuple[Expression, FunctionInfo]


class Options:
    """The defaults of argparse, optparse, click and typer."""

    def __init__(self, program: Program) -> None:
        self._program = program
        self._known: dict[Unit, dict[str, list[Default]]] = {}

    def of_attribute(self, attribute: Attribute, function: FunctionInfo) -> list[Default]:
        """Return the defaults of the options that `args.name` may be, of those that its file declares."""
        return self._declared_in(function.unit).get(attribute.name, [])

    def of_parameter(self, function: FunctionInfo, parameter: Parameter) -> list[Default]:
        """Return the default that a decorator, or a default value that describes the option, gives a parameter."""
        found = [(default, function) for default in self._by_decorators(function, parameter.name)]
        given = parameter.default
        if isinstance(given, Call) and given.called_name in _TYPER and given.arguments:
            found.append((given.arguments[0], function))
        return found

    def _by_decorators(self, function: FunctionInfo, name: str) -> Iterator[Expression]:
        for decorator in function.decorators:
            if isinstance(decorator, Call) and decorator.called_name in _DECLARING and name in _names(decorator):
                yield from _default(decorator)

    def _declared_in(self, unit: Unit) -> dict[str, list[Default]]:
        if unit not in self._known:
            found: dict[str, list[Default]] = {}
            for function in unit.every_function():
                for call in function.calls():
                    if call.called_name in ("add_argument", "add_option"):
                        for name in _names(call):
                            found.setdefault(name, []).extend((default, function) for default in _default(call))
            self._known[unit] = found
        return self._known[unit]


def _names(declaration: Call) -> list[str]:
    """Return what the option is called in the program: its `dest`, or its long name."""
    destination = declaration.keywords.get("dest")
    if isinstance(destination, Literal) and isinstance(destination.value, str):
        return [destination.value]
    texts = [one.value for one in declaration.arguments if isinstance(one, Literal) and isinstance(one.value, str)]
    return [text.lstrip("-").replace("-", "_") for text in texts if text.startswith("--") or not text.startswith("-")]


def _default(declaration: Call) -> Iterator[Expression]:
    if "default" in declaration.keywords:
        yield declaration.keywords["default"]
