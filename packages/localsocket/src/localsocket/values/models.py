"""Models of pydantic, which are on the wire what they are in JSON. Loaded where one is met, with pydantic."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
import pydantic
from msgspec import Meta

from localsocket.values.handling import WRITTEN

_DEFINITIONS = "$defs"
_REFERENCE = f"#/{_DEFINITIONS}/"

_to_json = msgspec.json.Encoder().encode


class Models:
    """A model is dumped and validated by pydantic, by its own rules."""

    has_parts = False

    def form(self, kind: Any, *, is_json: bool) -> Any:
        return dict[str, Any]

    def told(self, kind: Any) -> Any:
        return Annotated[dict[str, Any], Meta(extra_json_schema=_schema(kind), extra={WRITTEN: "dict[str, Any]"})]

    def encode(self, value: pydantic.BaseModel, *, is_json: bool) -> Any:
        try:
            return value.model_dump(mode="json", by_alias=True)
        except Exception as error:  # of a user's serializer too
            raise ValueError(f"{type(value).__name__} cannot be dumped: {error}") from error

    def decode(self, kind: Any, plain: Any, *, is_json: bool) -> Any:
        try:
            return kind.model_validate_json(_to_json(plain))
        except pydantic.ValidationError as error:
            first = error.errors(include_url=False, include_input=False)[0]
            place = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in first["loc"])
            raise ValueError(f"{kind.__name__}{place}: {first['msg']}") from error
        except Exception as error:  # of a user's validator
            raise ValueError(f"{kind.__name__} cannot be made from what was sent: {error}") from error


def _schema(kind: Any) -> dict[str, Any]:
    """Return the JSON Schema of a model, which refers to nothing outside; a plain one where that has no end."""
    try:
        schema = kind.model_json_schema()
        whole: dict[str, Any] = _without_references(schema, schema.pop(_DEFINITIONS, {}), ())
    except Exception as error:  # a part without a schema, or one that contains itself
        return {"title": kind.__name__, "type": "object", "description": f"there is no JSON Schema for it: {error}"}
    return whole


def _without_references(part: Any, definitions: dict[str, Any], within: tuple[str, ...]) -> Any:
    if isinstance(part, list):
        return [_without_references(each, definitions, within) for each in part]
    if not isinstance(part, dict):
        return part
    name = str(part.get("$ref", "")).removeprefix(_REFERENCE)
    if name in within:
        raise ValueError(f"{name} contains itself")
    if name in definitions:
        return _without_references(definitions[name], definitions, (*within, name))
    # Of the models of a union it names the definitions, which are not there.
    return {key: _without_references(each, definitions, within) for key, each in part.items() if key != "discriminator"}
