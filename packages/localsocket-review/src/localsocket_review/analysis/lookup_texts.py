"""Which texts a look-up gives: in the environment, in a dictionary, in settings that have a default."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from localsocket_review.analysis.known_values import KNOWN_VARIABLES
from localsocket_review.analysis.names import Names
from localsocket_review.analysis.settings import Settings
from localsocket_review.analysis.sites import Trail
from localsocket_review.analysis.texts import HoleKind, Text, Texts, hole, unknown_text
from localsocket_review.model.declarations import FunctionInfo
from localsocket_review.model.expressions import Call, Expression, Subscript


class LookupTexts:
    """Reads what is looked up by a key. `texts` evaluates keys, values and defaults."""

    def __init__(
        self, names: Names, settings: Settings, texts: Callable[[Expression, FunctionInfo, Trail], Texts]
    ) -> None:
        self._names = names
        self._settings = settings
        self._texts = texts

    def environment(self, call: Call, function: FunctionInfo, trail: Trail) -> Iterable[Text]:
        name = self._only_literal(call.arguments[0], function) if call.arguments else ""
        yield hole(KNOWN_VARIABLES.get(name, HoleKind.UNKNOWN), ("environment", name))
        for default in (*call.arguments[1:], *call.keywords.values()):
            yield from self._texts(default, function, trail)

    def subscript(self, subscript: Subscript, function: FunctionInfo, trail: Trail) -> Iterable[Text]:
        if self._names.external(subscript.value, function) == "os.environ":
            name = self._only_literal(subscript.index, function)
            return [hole(KNOWN_VARIABLES.get(name, HoleKind.UNKNOWN), ("environment", name))]
        return self._entry(subscript.value, subscript.index, function, trail) or unknown_text(subscript)

    def settings(self, call: Call, function: FunctionInfo, trail: Trail) -> list[Text]:
        """Return what a look-up in settings gives, that of the default included: `given.get("path", default)`."""
        default = self._settings.default(call)
        found = [] if default is None else list(self._texts(default, function, trail))
        if call.receiver is not None and call.called_name in ("get", "pop") and call.arguments:
            found.extend(self._entry(call.receiver, call.arguments[0], function, trail))
        return found

    def _entry(self, container: Expression, key: Expression, function: FunctionInfo, trail: Trail) -> list[Text]:
        """Return what a dictionary holds at a key."""
        wanted = self._only_literal(key, function)
        return [
            text
            for known, value, where in (self._settings.entries(container, function) if wanted else ())
            if known is not None and self._only_literal(known, where) == wanted
            for text in self._texts(value, where, trail if where is function else ())
        ]

    def _only_literal(self, expression: Expression, function: FunctionInfo) -> str:
        texts = self._texts(expression, function, ())
        literals = [text.literal for text in texts if text.literal is not None]
        return literals[0] if len(literals) == 1 else ""
