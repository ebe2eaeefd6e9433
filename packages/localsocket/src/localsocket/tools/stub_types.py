"""The named types and the errors of a service as classes of a program."""

from __future__ import annotations

import builtins
import re
import textwrap
from collections.abc import Iterable, Iterator

from localsocket.services.description import ErrorDescription, FieldDescription, TypeDescription
from localsocket.services.type_names import UNKNOWN
from localsocket.tools.stub_expressions import StubNames, default_expression, is_name, names_in, type_expression

_EMPTY = {"[]": "list", "{}": "dict", "set()": "set"}
_ENUM_BASES = ("Enum", "Flag", "IntEnum", "IntFlag", "StrEnum")


class StubTypes:
    """Writes the types of a service, those first whose values are defaults of others."""

    def __init__(self, types: Iterable[TypeDescription], names: StubNames) -> None:
        self._types = {each.name: each for each in types if is_name(each.name)}
        self._names = names
        self.members = {each.name: each.members for each in self._types.values()}

    def write(self) -> Iterator[tuple[str, str]]:
        """Give the name of each class and its text."""
        written: set[str] = set()
        for name in self._types:
            yield from self._write(name, written)

    def _write(self, name: str, written: set[str]) -> Iterator[tuple[str, str]]:
        if name in written:
            return
        written.add(name)
        described = self._types[name]
        defaults = [default for each in described.fields if (default := self._default(each)) is not None]
        for needed in sorted({each for default in defaults for each in names_in(default)} & set(self._types)):
            yield from self._write(needed, written)
        yield name, self._class(described)

    def _class(self, described: TypeDescription) -> str:
        match described.kind:
            case "enum":
                return self._enum(described)
            case "typed_dict":
                return self._typed_dict(described)
            case "named_tuple":
                return self._named_tuple(described)
        is_plain = described.kind == "object" and described.tag_field is None and not described.closed
        if is_plain and all(_is_field_name(each.name) for each in described.fields):
            return self._dataclass(described)
        return self._struct(described)

    def _enum(self, described: TypeDescription) -> str:
        base = self._names.known(described.base if described.base in _ENUM_BASES else "Enum")
        if not all(is_name(each) and not each.startswith("_") and each != "mro" for each in described.members):
            return f"{described.name} = {base}({described.name!r}, {dict(described.members)!r})"
        lines = [f"{name} = {value!r}" for name, value in described.members.items()]
        return class_text(f"class {described.name}({base}):", described.documentation, lines)

    def _typed_dict(self, described: TypeDescription) -> str:
        base, types = self._names.known("TypedDict"), {}
        for each in described.fields:
            type_ = self._type(each)
            types[each.name] = type_ if each.default is None else f"{self._names.known('NotRequired')}[{type_}]"
        if not all(map(_is_field_name, types)):
            return f"{described.name} = {base}({described.name!r}, {types!r})"
        lines = [f"{name}: {type_}" for name, type_ in types.items()]
        return class_text(f"class {described.name}({base}):", described.documentation, lines)

    def _dataclass(self, described: TypeDescription) -> str:
        decorator = f"@{self._names.known('dataclass')}{'(frozen=True)' if described.hashable else ''}"
        lines = [self._field(each, each.name, "field") for each in described.fields]
        return class_text(f"{decorator}\nclass {described.name}:", described.documentation, lines)

    def _struct(self, described: TypeDescription) -> str:
        tag = [f"tag_field={described.tag_field!r}", f"tag={described.tag!r}"]
        fields = _with_known_defaults(described.fields) if described.kind == "array" else described.fields
        options = [
            self._names.known("Struct"),
            *(tag if described.tag_field is not None else []),
            *["array_like=True"] * (described.kind == "array"),
            *["forbid_unknown_fields=True"] * described.closed,
            *["frozen=True"] * described.hashable,
            *["kw_only=True"] * _is_mixed(fields),
        ]
        lines = [
            self._field(each, python_name, "struct_field")
            for each, python_name in zip(fields, _python_names(fields), strict=True)
        ]
        return class_text(f"class {described.name}({', '.join(options)}):", described.documentation, lines)

    def _named_tuple(self, described: TypeDescription) -> str:
        fields = _with_known_defaults(described.fields)
        lines = []
        for each, python_name in zip(fields, _python_names(fields), strict=True):
            default = self._default(each)
            lines.append(f"{python_name}: {self._type(each)}" + (f" = {default}" if default is not None else ""))
        head = f"class {described.name}({self._names.known('NamedTuple')}):"
        return class_text(head, described.documentation, lines)

    def _field(self, described: FieldDescription, python_name: str, function: str) -> str:
        """Return the line of a field; `function` is what says more of it than its default."""
        type_, default = self._type(described), self._default(described)
        options = [f"name={described.name!r}"] if python_name != described.name else []
        if described.default is not None and default is None:  # the service fills in what is not sent
            type_, default = f"{type_} | {self._names.known('UnsetType')}", self._names.known("UNSET")
        if default is not None and self._is_mutable(default):
            options.append(f"default_factory={self._factory(default)}")
        elif default is not None and options:
            options.append(f"default={default}")
        elif default is not None:
            return f"{python_name}: {type_} = {default}"
        if not options:
            return f"{python_name}: {type_}"
        return f"{python_name}: {type_} = {self._names.known(function)}({', '.join(options)})"

    def _is_mutable(self, default: str) -> bool:
        makers = [each for each in self._types.values() if default.startswith(f"{self._names.defined(each.name)}(")]
        return default[0] in "[{" or default == "set()" or any(not each.hashable for each in makers)

    def _factory(self, default: str) -> str:
        return self._names.known(_EMPTY[default]) if default in _EMPTY else f"lambda: {default}"

    def _type(self, described: FieldDescription) -> str:
        return type_expression(described.type, self._names)

    def _default(self, described: FieldDescription) -> str | None:
        if described.default in (None, UNKNOWN):
            return None
        return default_expression(described.default, described.type, self._names, self.members)


def write_error(error: ErrorDescription, names: StubNames) -> str:
    """Return the class of an error that a service declares."""
    base = getattr(builtins, error.base, None)
    is_error = isinstance(base, type) and issubclass(base, Exception)
    lines = [
        f"{each.name}: {type_expression(each.type, names)}" for each in error.attributes if _is_field_name(each.name)
    ]
    head = f"class {error.name}({names.known(error.base if is_error else 'Exception')}):"
    return class_text(head, error.documentation, lines)


def class_text(head: str, documentation: str, lines: Iterable[str]) -> str:
    body = [docstring(documentation, 4)] * bool(documentation)
    body += [textwrap.indent(each, "    ") for each in lines]
    return "\n".join([head, *(body or ["    pass"])])


def docstring(text: str, spaces: int) -> str:
    """Return a docstring with all that a text says, as literal, whatever is in it."""
    indent = " " * spaces
    escaped = "".join(letter if letter == "\n" else _escaped(letter) for letter in text)
    if '"""' in escaped or escaped.endswith('"'):
        escaped = escaped.replace('"', '\\"')
    first, *others = escaped.split("\n")
    lines = [f'{indent}"""{first}', *(f"{indent}{line}" if line else "" for line in others)]
    return "\n".join([*lines, indent] if others else lines) + '"""'


def _escaped(letter: str) -> str:
    if letter.isprintable() and letter != "\\":
        return letter
    return letter.encode("unicode_escape", "surrogatepass").decode("ascii")


def _is_field_name(name: str) -> bool:
    return is_name(name) and not name.startswith("__")


def _is_mixed(fields: list[FieldDescription]) -> bool:
    """Whether a field has to be given that follows one that has not."""
    is_given = [each.default is None for each in fields]
    return is_given != sorted(is_given, reverse=True)


def _with_known_defaults(fields: list[FieldDescription]) -> list[FieldDescription]:
    """Return the fields of what travels in order: none can be left out before one whose default is not known."""
    unknown = [position for position, each in enumerate(fields) if each.default == UNKNOWN]
    last = unknown[-1] if unknown else -1
    return [
        FieldDescription(each.name, each.type, None if position <= last else each.default)
        for position, each in enumerate(fields)
    ]


def _python_names(fields: list[FieldDescription]) -> list[str]:
    names: list[str] = []
    for number, each in enumerate(fields, 1):
        name = re.sub(r"\W", "_", each.name).lstrip("_") or f"field_{number}"
        name = f"field_{name}" if name[0].isdigit() else name
        name = name if is_name(name) else f"{name}_"
        names.append(f"{name}_{number}" if name in names else name)
    return names
