"""Settings: dictionaries and objects of which a program gives the defaults, and its user perhaps something else."""

from __future__ import annotations

from collections.abc import Iterator

from localsocket_review.analysis.calls import ProgramCalls
from localsocket_review.analysis.definitions import Definitions, How
from localsocket_review.model.declarations import FunctionInfo
from localsocket_review.model.expressions import Binary, Call, Display, Expression, Starred, strip_casts

# Methods whose second argument is what they give where there is no entry.
_WITH_DEFAULT = frozenset({"get", "pop", "setdefault"})
_DEFAULT_WORDS = ("default", "fallback")
_COPYING = frozenset({"dict", "copy", "ChainMap", "MappingProxyType", "OrderedDict", "SimpleNamespace", "deepcopy"})
_MOST_COPIES = 4
# A key, if it is written, and its value, in the function where they stand.
Entry = tuple[Expression | None, Expression, FunctionInfo]


class Settings:
    """Where the entries of settings are written."""

    def __init__(self, definitions: Definitions, calls: ProgramCalls) -> None:
        self._definitions = definitions
        self._calls = calls

    def default(self, call: Call) -> Expression | None:
        """Return what a look-up gives where nothing is found: `given.get("path", default)`."""
        for word in _DEFAULT_WORDS:
            if word in call.keywords:
                return call.keywords[word]
        if call.called_name == "getattr" and call.receiver is None and len(call.arguments) == 3:
            return call.arguments[2]
        if call.called_name == "getenv" and len(call.arguments) == 2:
            return call.arguments[1]
        if call.receiver is not None and call.called_name in _WITH_DEFAULT and len(call.arguments) == 2:
            return call.arguments[1]
        return None

    def entries(self, container: Expression, function: FunctionInfo, copies: int = _MOST_COPIES) -> Iterator[Entry]:
        """Yield the entries of a dictionary, key, value and function, also those of what it is a copy of."""
        container = strip_casts(container)
        match container:
            case Display(kind="dict", items=items, keys=keys):
                for key, item in zip(keys, items, strict=False):
                    if key is not None:
                        yield key, item, function
                    elif copies:
                        yield from self.entries(item, function, copies - 1)
            case Binary(operator="|", left=left, right=right) if copies:
                yield from self.entries(left, function, copies - 1)
                yield from self.entries(right, function, copies - 1)
            case Call(arguments=arguments) as call if copies and call.called_name in _COPYING:
                whole = [call.receiver] if call.called_name == "copy" and not arguments else arguments
                for one in whole:
                    if one is not None:
                        inside = one.value if isinstance(one, Starred) else one
                        yield from self.entries(inside, function, copies - 1)
            case _:
                for definition in self._definitions.at(container, function) if copies else ():
                    value = definition.value
                    if definition.how is How.VALUE and value is not None and value is not container:
                        yield from self.entries(value, definition.function, copies - 1)
                    elif definition.how is How.PARAMETER and definition.parameter is not None:
                        given = self._calls.values_given(definition.function, definition.parameter.name)
                        for value, caller in given:
                            yield from self.entries(value, caller, copies - 1)
