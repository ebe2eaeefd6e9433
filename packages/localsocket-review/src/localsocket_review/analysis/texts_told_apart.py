"""What a helper gives to two callers is not the same text when they ask for it by different constants.

`path_of(settings, "pipe")` and `path_of(settings, "socket")` run the same code, of which little may be known.
"""

from __future__ import annotations

from localsocket_review.analysis.names import Variable
from localsocket_review.analysis.sites import Trail
from localsocket_review.analysis.texts import Hole, HoleKind, Text
from localsocket_review.model.declarations import FunctionInfo, FunctionKind
from localsocket_review.model.expressions import Call, Expression, Literal, Name, walk


class ToldApart:
    """Marks what is not known inside of the helper that a call runs by the constants that the call gives."""

    def __init__(self, call: Call, function: FunctionInfo, trail: Trail) -> None:
        self._constants = tuple(_constants(call))
        self._callers = (function, *(site.caller for site, _ in trail))

    def by_constants(self, text: Text) -> Text:
        if not self._constants or not text.has(HoleKind.UNKNOWN):
            return text
        return Text(tuple(self._marked(part) for part in text.parts), text.place)

    def _marked(self, part: str | Hole) -> str | Hole:
        if not isinstance(part, Hole) or part.kind is not HoleKind.UNKNOWN or not self._is_inside(part.origin):
            return part
        return Hole(part.kind, (part.origin, self._constants))

    def _is_inside(self, origin: object) -> bool:
        """Say whether this stands in the helper, or in one of its own, and was not given by who calls it."""
        match origin:
            case (inner, tuple()):
                return self._is_inside(inner)
            case Variable(owner=FunctionInfo() as owner):
                return owner.kind is not FunctionKind.MODULE and owner not in self._callers
            case Expression(place=place):
                return not any(
                    one.place.file == place.file and one.place.line <= place.line <= one.place.end_line
                    for one in self._callers
                )
        return False


def _constants(call: Call) -> list[object]:
    """Return the literals and the names in capitals among the arguments, in their order."""
    found: list[object] = []
    for argument in (*call.arguments, *call.keywords.values()):
        for part in walk(argument):
            if isinstance(part, Literal):
                found.append(part.value)
            elif isinstance(part, Name) and part.identifier.isupper():
                found.append(part.identifier)
    return found
