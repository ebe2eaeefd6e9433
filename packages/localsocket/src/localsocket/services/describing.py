"""What a service tells of itself, made of its methods, topics and errors when somebody asks."""

from __future__ import annotations

import typing
from collections.abc import Sequence
from inspect import Parameter
from typing import Any

from msgspec import NODEFAULT
from msgspec import inspect as forms

from localsocket.services.description import (
    ErrorDescription,
    FieldDescription,
    JsonSchema,
    MethodDescription,
    ParameterDescription,
    ParameterKind,
    ServiceDescription,
    TopicDescription,
    TypeDescription,
)
from localsocket.services.error_attributes import attributes_of, declared_errors, documentation_of
from localsocket.services.json_schemas import JsonSchemas, known_default, with_default
from localsocket.services.method import Method
from localsocket.services.topic import Topic
from localsocket.services.type_names import UNKNOWN, NamedForm, TypeNames
from localsocket.values.retyping import Retyping

_KINDS: dict[Any, ParameterKind] = {
    Parameter.POSITIONAL_ONLY: "positional-only",
    Parameter.POSITIONAL_OR_KEYWORD: "positional-or-keyword",
    Parameter.KEYWORD_ONLY: "keyword-only",
}
_ENUM_BASES = ("IntEnum", "StrEnum", "IntFlag", "Flag")


def describe_service(
    name: str,
    version: str,
    documentation: str,
    methods: Sequence[Method],
    topics: Sequence[Topic[Any]],
    errors: Sequence[type[Exception]],
    told: Retyping,
) -> ServiceDescription:
    """Return the description; `errors` are those that every method may raise, `told` says what is told of a type."""
    return _Describing(methods, topics, errors, told).service(name, version, documentation)


class _Describing:
    """What is known of all types at once: their names, and their schemas."""

    def __init__(
        self,
        methods: Sequence[Method],
        topics: Sequence[Topic[Any]],
        errors: Sequence[type[Exception]],
        told: Retyping,
    ) -> None:
        self._methods = methods
        self._topics = topics
        self._raises = [error.__name__ for error in errors]
        self._errors = declared_errors(errors, methods)
        self._attributes = {name: attributes_of(error) for name, error in self._errors.items()}
        kinds = [kind for method in methods for kind in [*method.parameters.types.values(), method.result.kind]]
        kinds += [kind for attributes in self._attributes.values() for kind in attributes.values()]
        kinds += [topic.kind for topic in topics]
        # Each is made once, since schemas are looked up by the type itself; what has no hash is known by its id.
        self._told_of = {id(kind): (kind, told.of(kind)) for kind in kinds}
        kinds = [kind for _, kind in self._told_of.values()]
        self._names = TypeNames(kinds, self._errors)
        self._schemas = JsonSchemas(kinds, self._names)

    def _told(self, kind: Any) -> Any:
        return self._told_of[id(kind)][1]

    def service(self, name: str, version: str, documentation: str) -> ServiceDescription:
        return ServiceDescription(
            name,
            version,
            documentation,
            [self._method(method) for method in self._methods],
            [self._topic(topic) for topic in self._topics],
            raises=self._raises,
            errors=[self._error(error) for error in self._errors.values()],
            types=[self._type(name, form) for name, form in self._names.named.items()],
        )

    def _method(self, method: Method) -> MethodDescription:
        parameters = [self._parameter(method, each) for each in method.parameters.signature.parameters.values()]
        kind = self._told(method.result.kind)
        returns = self._names.type_text(kind)
        return MethodDescription(
            name=method.name,
            kind="stream" if method.is_stream else "call",
            signature=f"{method.name}({_in_parentheses(parameters)}) -> {'stream of ' * method.is_stream}{returns}",
            parameters=parameters,
            returns=returns,
            documentation=method.documentation,
            idempotent=method.idempotent,
            raises=[error.__name__ for error in method.raises],
            read_only=method.read_only,
            durable=method.durable,
            schema=self._schemas.of_kind(kind),
        )

    def _parameter(self, method: Method, parameter: Parameter) -> ParameterDescription:
        kind = self._told(method.parameters.types[parameter.name])
        default, schema = None, self._schemas.of_kind(kind)
        if parameter.default is not Parameter.empty:
            default, schema = self._names.value_text(parameter.default), with_default(schema, parameter.default)
        return ParameterDescription(
            parameter.name, self._names.type_text(kind), default, _KINDS[parameter.kind], schema=schema
        )

    def _topic(self, topic: Topic[Any]) -> TopicDescription:
        kind = self._told(topic.kind)
        return TopicDescription(
            topic.name,
            self._names.type_text(kind),
            topic.queue,
            topic.policy,
            documentation=topic.documentation,
            schema=self._schemas.of_kind(kind),
        )

    def _error(self, error: type[Exception]) -> ErrorDescription:
        attributes = [
            FieldDescription(name, self._names.type_text(kind), schema=self._schemas.of_kind(kind))
            for name, kind in ((name, self._told(kind)) for name, kind in self._attributes[error.__name__].items())
        ]
        documentation = documentation_of(error)
        schema: JsonSchema = {"title": error.__name__, "type": "object"}
        if documentation:
            schema["description"] = documentation
        schema["properties"] = {each.name: each.schema for each in attributes}
        base = next(each.__name__ for each in error.__mro__ if each.__module__ == "builtins")
        return ErrorDescription(error.__name__, base, documentation, attributes, schema)

    # --- named types --------------------------------------------------------------------------------------------------

    def _type(self, name: str, form: NamedForm) -> TypeDescription:
        schema = self._schemas.of_name(name)
        documentation = str(schema.get("description", "")) if "title" in schema else ""
        if isinstance(form, forms.EnumType):
            members = {str(each): member.value for each, member in form.cls.__members__.items()}
            base = next((each.__name__ for each in form.cls.__mro__ if each.__name__ in _ENUM_BASES), "Enum")
            return TypeDescription(name, "enum", schema, documentation, members=members, base=base)
        fields = self._fields(form, schema)
        match form:
            case forms.TypedDictType():
                return TypeDescription(name, "typed_dict", schema, documentation, fields)
            case forms.NamedTupleType():
                return TypeDescription(name, "named_tuple", schema, documentation, fields)
            case forms.StructType():
                config = (typing.get_origin(form.cls) or form.cls).__struct_config__
                return TypeDescription(
                    name,
                    "array" if form.array_like else "object",
                    schema,
                    documentation,
                    fields,
                    tag_field=form.tag_field,
                    tag=form.tag,
                    closed=form.forbid_unknown_fields,
                    hashable=config.frozen or not config.eq,
                )
        hashable = getattr(typing.get_origin(form.cls) or form.cls, "__hash__", None) is not None
        return TypeDescription(name, "object", schema, documentation, fields, hashable=hashable)

    def _fields(self, form: Any, schema: JsonSchema) -> list[FieldDescription]:
        is_array = isinstance(form, forms.NamedTupleType) or getattr(form, "array_like", False)
        first = 1 if is_array and getattr(form, "tag_field", None) is not None else 0
        schemas = schema.get("prefixItems", [])[first:] if is_array else schema.get("properties", {})
        fields = [
            FieldDescription(
                field.encode_name,
                self._names.form_text(field.type),
                self._default_of(field),
                dict(schemas[position if is_array else field.encode_name]) if schemas else {},
            )
            for position, field in enumerate(form.fields)
        ]
        # By name the order means nothing, and msgspec itself has another for dataclasses than for Structs.
        return fields if is_array else sorted(fields, key=lambda each: each.default is not None)

    def _default_of(self, field: forms.Field) -> str | None:
        if field.required:
            return None
        default = known_default(field)
        return UNKNOWN if default is NODEFAULT else self._names.value_text(default)


def _in_parentheses(parameters: list[ParameterDescription]) -> str:
    parts: list[str] = []
    kind: ParameterKind | None = None
    for each in parameters:
        if kind == "positional-only" and each.kind != kind:
            parts.append("/")
        if each.kind == "keyword-only" and each.kind != kind:
            parts.append("*")
        parts.append(f"{each.name}: {each.type}" + (f" = {each.default}" if each.default is not None else ""))
        kind = each.kind
    return ", ".join([*parts, "/"] if kind == "positional-only" else parts)
