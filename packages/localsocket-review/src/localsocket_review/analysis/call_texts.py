"""Which texts a call gives: of the standard libraries, of what joins and formats texts, and of the program's own."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable

from localsocket_review.analysis.calls import ProgramCalls
from localsocket_review.analysis.composed_texts import ComposedTexts
from localsocket_review.analysis.inference import Inference
from localsocket_review.analysis.known_values import (
    ENVIRONMENT,
    JOINING,
    KNOWN_CALLS,
    PRIVATE_OBJECTS,
    SAME_TEXT,
    STANDARD_LOCATIONS,
)
from localsocket_review.analysis.lookup_texts import LookupTexts
from localsocket_review.analysis.names import Names
from localsocket_review.analysis.platforms import of_other_systems
from localsocket_review.analysis.sites import LONGEST_TRAIL, Trail
from localsocket_review.analysis.texts import (
    HoleKind,
    Text,
    Texts,
    concatenate,
    hole,
    known_text,
    parent_of,
    unknown_text,
)
from localsocket_review.analysis.texts_told_apart import ToldApart
from localsocket_review.apis.c_library import FRESH_MEMORY, PATTERN_AT
from localsocket_review.model.declarations import FunctionInfo
from localsocket_review.model.expressions import Call, Expression, dotted
from localsocket_review.model.program import last_word
from localsocket_review.model.statements import Return, contains

_LONGEST_REPEATED = 200


class CallTexts:
    """Evaluates calls. `texts` evaluates what they are given and return, `numbers` how often a text is repeated."""

    def __init__(
        self,
        names: Names,
        inference: Inference,
        calls: ProgramCalls,
        composed: ComposedTexts,
        lookups: LookupTexts,
        numbers: Callable[[Expression, FunctionInfo], frozenset[int]],
        texts: Callable[[Expression, FunctionInfo, Trail], Texts],
    ) -> None:
        self._names = names
        self._inference = inference
        self._calls = calls
        self._composed = composed
        self._lookups = lookups
        self._numbers = numbers
        self._texts = texts

    def is_private_object(self, expression: Expression | None, function: FunctionInfo) -> bool:
        """Say whether the object stands for a file or a directory that only its user can reach."""
        return expression is not None and self._inference.is_a(expression, function, *PRIVATE_OBJECTS)

    def of(self, call: Call, function: FunctionInfo, trail: Trail) -> Iterable[Text]:
        name = last_word(self._names.external(call.function, function)) or call.called_name
        for external in self._names.external_candidates(call.function, function):
            known = KNOWN_CALLS.get(external)
            if known is not None:
                return known_text(known, call)
            if external in SAME_TEXT and "." in external and len(call.arguments) == 1:
                return self._texts(call.arguments[0], function, trail)
            if external in ENVIRONMENT:
                return self._lookups.environment(call, function, trail)
            if last_word(external) in ("writableLocation", "standardLocations") and call.arguments:
                known = STANDARD_LOCATIONS.get(last_word(dotted(call.arguments[0])))
                return known_text(known, call) if known is not None else unknown_text(call)
        if name in ("path", "filePath") and self.is_private_object(call.receiver, function):
            rest = self._composed.joined(call.arguments, function, trail, "/") if call.arguments else [Text(("",))]
            return [concatenate((hole(HoleKind.PRIVATE, call), text), "/") for text in rest]
        if name == "mktemp" and "dir" in call.keywords:
            directories = self._texts(call.keywords["dir"], function, trail)
            named = [
                concatenate((text, hole(HoleKind.RANDOM, call)), "/") for text in directories if text.parts != ("",)
            ]
            return named or unknown_text(call)
        site = self._calls.site(call, function)
        if site is not None and site.api.method in PATTERN_AT:
            pattern, *values = site.arguments_from("source")
            return self._composed.filled(pattern, values, function, trail)
        if name in ("format", "arg") and call.receiver is not None:
            external = self._names.external(call.receiver, function)
            if external in ("std", "fmt") and call.arguments:
                return self._composed.filled(call.arguments[0], call.arguments[1:], function, trail)
            return self._composed.filled(call.receiver, (*call.arguments, *call.keywords.values()), function, trail)
        return self._joining_call(call, name, function, trail)

    def _joining_call(self, call: Call, name: str, function: FunctionInfo, trail: Trail) -> Iterable[Text]:
        is_method = call.receiver is not None and self._names.is_object(call.receiver, function)
        is_path = is_method and name in ("joinpath", "filePath", "absoluteFilePath")
        if name in JOINING and (len(call.arguments) > 1 or name == "join") and not is_method:
            return self._composed.joined(call.arguments, function, trail, separator="/")
        if is_path and call.receiver is not None and call.arguments:
            return self._composed.joined((call.receiver, *call.arguments), function, trail, separator="/")
        if name == "operator/" or (name == "append" and call.receiver is not None and call.arguments):
            return self._composed.joined((call.receiver or call, *call.arguments), function, trail)
        apart = ToldApart(call, function, trail)
        inside = [
            apart.by_constants(text)
            for callee in self._calls.callees(call, function)
            if not callee.is_constructor
            for text in self.returned(callee, self._calls.trail_into(callee, call, function, trail))
        ]
        if inside or name in FRESH_MEMORY:
            return inside
        if name in ("with_suffix", "with_name") and is_method and call.receiver is not None and call.arguments:
            bases = self._texts(call.receiver, function, trail)
            if name == "with_name":
                bases = frozenset(map(parent_of, bases))
            added = self._texts(call.arguments[0], function, trail)
            return [concatenate(pair, "/" if name == "with_name" else "") for pair in itertools.product(bases, added)]
        if last_word(name) in ("string", "basic_string", "QString", "QByteArray") and len(call.arguments) == 2:
            counts = self._numbers(call.arguments[0], function)
            return [
                Text((text.literal * count,), text.place)
                for text in self._texts(call.arguments[1], function, trail)
                for count in counts
                if text.literal is not None and count < _LONGEST_REPEATED
            ] or unknown_text(call)
        if name in SAME_TEXT:
            source = call.receiver if is_method else call.arguments[0] if call.arguments else None
            if source is not None:
                return self._texts(source, function, trail)
        return self._lookups.settings(call, function, trail) or unknown_text(call)

    def returned(self, callee: FunctionInfo, trail: Trail) -> Iterable[Text]:
        """Yield what a function of the program returns on this system."""
        if len(trail) > LONGEST_TRAIL:
            return
        elsewhere = list(of_other_systems(callee))
        for statement in callee.statements():
            value = statement.value if isinstance(statement, Return) else None
            if value is not None and not any(contains(branch, value) for branch in elsewhere):
                yield from self._texts(value, callee, trail)
