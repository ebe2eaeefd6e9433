"""Whether a value fits a JSON Schema, as far as a service's schemas go; the service itself has the last word.

What is not understood, or too much to look at, counts as fitting: a schema may be anybody's.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

from localsocket.services.description import REFERENCE, JsonSchema

_MOST = 20_000  # steps
_KINDS: dict[str, tuple[type, ...]] = {
    "null": (type(None),),
    "boolean": (bool,),
    "integer": (int,),
    "number": (int, float),
    "string": (str, bytes),
    "array": (list,),
    "object": (dict,),
}
_BOUNDS: dict[str, tuple[str, Callable[[Any, Any], bool]]] = {
    "minimum": (">=", lambda value, bound: value >= bound),
    "exclusiveMinimum": (">", lambda value, bound: value > bound),
    "maximum": ("<=", lambda value, bound: value <= bound),
    "exclusiveMaximum": ("<", lambda value, bound: value < bound),
}
_LENGTHS = {"minLength": str, "minItems": list, "minProperties": dict}
_MOST_LENGTHS = {"maxLength": str, "maxItems": list, "maxProperties": dict}


class Misfit(NamedTuple):
    """What does not fit: the path to it within the value, what should be there, and what is."""

    path: str
    wanted: str
    given: object


class _TooMuch(Exception):
    """It takes more steps than are worth it."""


class SchemaChecker:
    """Checks values; `definitions` are what schemas refer to."""

    def __init__(self, definitions: Mapping[str, JsonSchema]) -> None:
        self._definitions = definitions
        self._steps = 0

    def misfit(self, value: object, schema: JsonSchema) -> Misfit | None:
        """Return what of the value does not fit; None where it does, or nobody knows."""
        self._steps = 0
        try:
            return self._misfit(value, schema, "")
        except (_TooMuch, ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError):
            return None

    def takes_only_strings(self, schema: JsonSchema) -> bool:
        """Whether a string is all that it takes, besides null."""
        self._steps = 0
        try:
            return self._takes_only_strings(schema)
        except (_TooMuch, AttributeError, LookupError, RecursionError, TypeError):
            return False

    def takes_bytes(self, schema: JsonSchema) -> bool:
        """Whether it takes bytes, which in JSON are a string of base64."""
        return any(each.get("contentEncoding") == "base64" for each in self.alternatives(schema))

    def values(self, schema: JsonSchema) -> list[object]:
        """Return the values that it takes, where these are few."""
        found: list[object] = []
        for each in self.alternatives(schema):
            few = [True, False] if each.get("type") == "boolean" else each.get("enum")
            found += few if isinstance(few, list) else []
        return found

    def alternatives(self, schema: JsonSchema) -> list[JsonSchema]:
        """Return the schemas of which a value has to fit one."""
        schema = self._resolved(schema)
        options = schema.get("anyOf")
        if not isinstance(options, list):
            return [schema]
        return [self._resolved(each) for each in options if isinstance(each, dict)]

    # ------------------------------------------------------------------------------------------------------------------

    def _resolved(self, schema: JsonSchema) -> JsonSchema:
        for _ in range(len(self._definitions) + 1):
            reference = schema.get("$ref")
            if not isinstance(reference, str):
                return schema
            schema = self._definitions.get(reference.removeprefix(REFERENCE), {})
        return {}

    def _takes_only_strings(self, schema: JsonSchema) -> bool:
        self._step()
        schema = self._resolved(schema)
        if "anyOf" in schema:
            options = [each for each in schema["anyOf"] if each.get("type") != "null"]
            return bool(options) and all(map(self._takes_only_strings, options))
        if "enum" in schema:
            return all(isinstance(each, str) for each in schema["enum"])
        return bool(schema.get("type") == "string")

    def _misfit(self, value: object, schema: JsonSchema, path: str) -> Misfit | None:
        self._step()
        resolved = self._resolved(schema)
        if "anyOf" in resolved:
            return self._misfit_of_all(value, resolved["anyOf"], schema, path)
        if not self._is_of_its_kind(value, resolved):
            return Misfit(path, self._words(schema), value)
        if isinstance(value, list):
            return self._misfit_of_items(value, resolved, path)
        return self._misfit_of_properties(value, resolved, path) if isinstance(value, dict) else None

    def _misfit_of_all(self, value: object, options: list[JsonSchema], schema: JsonSchema, path: str) -> Misfit | None:
        misfits = [self._misfit(value, each, path) for each in options]
        if not misfits or None in misfits:
            return None
        within = [each for each in misfits if each is not None and each.path != path]
        return within[0] if len(within) == 1 else Misfit(path, self._words(schema), value)

    def _is_of_its_kind(self, value: Any, schema: JsonSchema) -> bool:
        if "enum" in schema and not any(value == each and type(value) is type(each) for each in schema["enum"]):
            return False
        kinds = _KINDS.get(schema.get("type", ""))
        if kinds is not None and (not isinstance(value, kinds) or (isinstance(value, bool) and bool not in kinds)):
            return False
        if isinstance(value, (int, float)):
            return all(holds(value, schema[bound]) for bound, (_, holds) in _BOUNDS.items() if bound in schema)
        if "contentEncoding" in schema:  # whose limits are those of another form
            return True
        return all(
            len(value) >= schema[name] for name, kind in _LENGTHS.items() if name in schema and isinstance(value, kind)
        ) and all(
            len(value) <= schema[name]
            for name, kind in _MOST_LENGTHS.items()
            if name in schema and isinstance(value, kind)
        )

    def _misfit_of_items(self, value: list[Any], schema: JsonSchema, path: str) -> Misfit | None:
        first: list[JsonSchema] = schema.get("prefixItems", [])
        others = schema.get("items", {})
        for position, each in enumerate(value):
            wanted = first[position] if position < len(first) else others
            if isinstance(wanted, dict) and (found := self._misfit(each, wanted, f"{path}[{position}]")):
                return found
        return None

    def _misfit_of_properties(self, value: dict[str, Any], schema: JsonSchema, path: str) -> Misfit | None:
        known: Mapping[str, JsonSchema] = schema.get("properties", {})
        for name in schema.get("required", []):
            if name not in value:
                return Misfit(f"{path}.{name}", self._words(known.get(name, {})), MISSING)
        others = schema.get("additionalProperties", {})
        for name, each in value.items():
            wanted: JsonSchema | bool = known.get(name, others)
            if wanted is False:
                return Misfit(f"{path}.{name}", "nothing", each)
            if isinstance(wanted, dict) and (found := self._misfit(each, wanted, f"{path}.{name}")):
                return found
        return None

    def _words(self, schema: JsonSchema) -> str:
        """Return what a schema takes, in words."""
        if isinstance(reference := schema.get("$ref"), str):
            name = reference.removeprefix(REFERENCE)
            values = self._resolved(schema).get("enum")
            return f"{name} ({_listed(values)})" if values else name
        if "anyOf" in schema:
            return _listed(map(self._words, schema["anyOf"]), str)
        if "enum" in schema:
            return _listed(schema["enum"])
        words = str(schema.get("type", "anything"))
        bounds = [f" {sign} {schema[name]}" for name, (sign, _) in _BOUNDS.items() if name in schema]
        lengths = [f" with {name} {schema[name]}" for name in (*_LENGTHS, *_MOST_LENGTHS) if name in schema]
        return " and".join([words + "".join(bounds[:1]), *bounds[1:]]) + "".join(lengths)

    def _step(self) -> None:
        self._steps += 1
        if self._steps > _MOST:
            raise _TooMuch


MISSING = object()
"""Stands for a value that is not there."""


def _listed(values: Iterable[object], show: Callable[[object], str] = repr) -> str:
    return " or ".join(dict.fromkeys(map(show, values)))
