"""Classes whose constructor nobody writes: dataclasses, named tuples and their like take what their body declares."""

from __future__ import annotations

from collections.abc import Iterator

from localsocket_review.model.declarations import ClassInfo, FunctionInfo, FunctionKind, Parameter
from localsocket_review.model.expressions import Attribute, Call, Expression, Name, This, dotted
from localsocket_review.model.place import Place
from localsocket_review.model.program import last_word
from localsocket_review.model.statements import Assign, Statement

_DECORATORS = frozenset({"dataclass", "define", "frozen", "mutable", "attrs", "s"})
_BASES = frozenset({"NamedTuple", "BaseModel", "BaseSettings", "Struct"})
_FIELDS = frozenset({"field", "Field", "ib", "attrib"})


def add_constructor(found: ClassInfo) -> None:
    """Give a class of fields the constructor that Python makes for it."""
    if found.body is None or "__init__" in found.methods or not _is_record(found):
        return
    parameters = list(_parameters(found))
    if not parameters:
        return
    constructor = FunctionInfo(
        "__init__",
        f"{found.qualified_name}.__init__",
        found.place,
        found.unit,
        FunctionKind.CONSTRUCTOR,
        owner=found,
        enclosing=found.body,
        parameters=parameters,
        body=[_assigned(parameter) for parameter in parameters],
        is_implied=True,
    )
    found.body.nested.append(constructor)
    found.methods["__init__"] = [constructor]


def _is_record(found: ClassInfo) -> bool:
    decorators = (one.function if isinstance(one, Call) else one for one in found.decorators)
    return any(last_word(dotted(one)) in _DECORATORS for one in decorators) or any(
        last_word(base) in _BASES for base in found.bases
    )


def _parameters(found: ClassInfo) -> Iterator[Parameter]:
    for statement in found.body.body or [] if found.body is not None else []:
        match statement:
            case Assign(target=Name(identifier=name), value=value, type=type_name) if type_name:
                if not type_name.startswith(("ClassVar", "typing.ClassVar")):
                    yield Parameter(statement.place, name, type_name, None if value is None else _default(value))


def _default(value: Expression) -> Expression:
    """Return what a field is when nothing else is given, also where `field()` describes it."""
    if not isinstance(value, Call) or value.called_name not in _FIELDS:
        return value
    if "default" in value.keywords:
        return value.keywords["default"]
    factory = value.keywords.get("default_factory") or value.keywords.get("factory")
    return Call(factory.place, factory) if factory is not None else next(iter(value.arguments), value)


def _assigned(parameter: Parameter) -> Statement:
    place: Place = parameter.place
    return Assign(place, Attribute(place, This(place), parameter.name), Name(place, parameter.name))
