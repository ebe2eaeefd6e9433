"""A program that says what a service tells of itself: classes, errors, and a Protocol that type checkers know."""

from __future__ import annotations

import builtins
from collections.abc import Iterator
from dataclasses import dataclass, field

from localsocket.services.description import (
    ErrorDescription,
    MethodDescription,
    ParameterDescription,
    ServiceDescription,
    TopicDescription,
)
from localsocket.services.type_names import UNKNOWN
from localsocket.tools.stub_expressions import StubNames, default_expression, is_name, type_expression
from localsocket.tools.stub_types import StubTypes, class_text, docstring, write_error

_WIDTH = 120


@dataclass
class _Group:
    """The methods of a Protocol, and those groups of which it has more, by what stands between the dots."""

    protocol: str
    methods: dict[str, MethodDescription] = field(default_factory=dict)
    groups: dict[str, _Group] = field(default_factory=dict)

    def all(self) -> Iterator[_Group]:
        for group in self.groups.values():
            yield from group.all()
        yield self


def stub_of(service: ServiceDescription, *, is_async: bool = False) -> str:
    """Return the text of the program. Whatever the service says, it is safe to import."""
    return _Stub(service, is_async).text()


class _Stub:
    def __init__(self, service: ServiceDescription, is_async: bool) -> None:
        self._service = service
        self._is_async = is_async
        self._errors = [each for each in service.errors if is_name(each.name)]
        defined = {each.name for each in service.types if is_name(each.name)}
        defined |= {each.name for each in self._errors if not _is_pythons(each)}
        protocol = _protocol_name(service.name, defined)
        self._left_out: list[str] = []
        self._root = self._grouped(protocol)
        protocols = [each.protocol for each in self._root.all()]
        members = {name for each in service.types for name in [*(field.name for field in each.fields), *each.members]}
        members |= {name for each in service.errors for name in (field.name for field in each.attributes)}
        members |= {name for group in self._root.all() for name in [*group.methods, *group.groups]}
        home = "localsocket.aio" if is_async else "localsocket"
        self._names = StubNames([*defined, *protocols, "ERRORS"], members, {"Client": home, "Subscription": home})
        self._types = StubTypes(service.types, self._names)

    def text(self) -> str:
        classes = [*self._types.write()]
        classes += [(each.name, write_error(each, self._names)) for each in self._errors if not _is_pythons(each)]
        protocols = [(group.protocol, self._protocol(group)) for group in self._root.all()]
        topics = list(self._topics())
        errors = ", ".join(self._names.known(each.name) if _is_pythons(each) else each.name for each in self._errors)
        head = [self._head(), "from __future__ import annotations", "\n".join(self._names.imports())]
        parts = [
            "\n\n".join(filter(None, head)),
            *map(self._with_alias, classes),
            f"ERRORS = ({errors}{',' * (len(self._errors) == 1)})",
            *map(self._with_alias, protocols),
            *topics,
        ]
        if self._left_out:
            parts.append("\n".join(f"# {each}" for each in self._left_out))
        return "\n\n\n".join(filter(None, parts)) + "\n"

    def _with_alias(self, class_: tuple[str, str]) -> str:
        name, text = class_
        return f"{text}\n\n\n{self._names.aliases[name]} = {name}" if name in self._names.aliases else text

    # --- the head -----------------------------------------------------------------------------------------------------

    def _head(self) -> str:
        service, client = self._service, "aio.Client" if self._is_async else "localsocket.Client"
        said = f"\n\n{service.documentation}" if service.documentation else ""
        kind = "async with" if self._is_async else "with"
        return docstring(
            f"What the service {service.name} {service.version}".rstrip()
            + f" offers, as it told of itself: written by `localsocket stub`.{said}\n\n"
            + f"    {kind} {client}({service.name!r}, errors=ERRORS) as client:\n"
            + f"        service = client.typed({self._root.protocol})",
            0,
        )

    # --- methods ------------------------------------------------------------------------------------------------------

    def _grouped(self, protocol: str) -> _Group:
        """Return the methods by the parts of their names; what cannot be an attribute is left out."""
        root = _Group(protocol)
        methods = {each.name: each for each in self._service.methods}
        for name, method in methods.items():
            *above, last = name.split(".")
            hidden = [
                ".".join(above[:count]) for count in range(1, len(above) + 1) if ".".join(above[:count]) in methods
            ]
            names = [*above, last, *(each.name for each in method.parameters)]
            if hidden or not all(map(is_name, names)) or any(each.startswith("_") for each in (*above, last)):
                self._left_out.append(f"No attribute can be called {name!r}: client.call({name!r}, ...)")
                continue
            group = root
            for part in above:
                inner = _Group(f"{group.protocol}{_camel(part)}")
                group = group.groups.setdefault(part, inner)
            group.methods[last] = method
        return root

    def _protocol(self, group: _Group) -> str:
        lines = [f"@property\ndef {name}(self) -> {inner.protocol}: ..." for name, inner in group.groups.items()]
        lines += [self._method(name, method) for name, method in group.methods.items()]
        return class_text(f"class {group.protocol}({self._names.known('Protocol')}):", "", _apart(lines))

    def _method(self, name: str, method: MethodDescription) -> str:
        parameters = self._parameters(method)
        returns = type_expression(method.returns, self._names)
        keyword = "async def" if self._is_async and method.kind == "call" else "def"
        if method.kind == "stream":
            returns = f"{self._names.known('AsyncIterator' if self._is_async else 'Iterator')}[{returns}]"
        head = f"{keyword} {name}({', '.join(parameters)}) -> {returns}:"
        if len(head) > _WIDTH - 4:
            inside = "".join(f"    {each},\n" for each in parameters)
            head = f"{keyword} {name}(\n{inside}) -> {returns}:"
        if not method.documentation:
            return f"{head} ..."
        return f"{head}\n{docstring(method.documentation, 4)}\n    ..."

    def _parameters(self, method: MethodDescription) -> list[str]:
        parts, kind = ["self"], ""
        for each in method.parameters:
            if kind == "positional-only" and each.kind != kind:
                parts.append("/")
            if each.kind == "keyword-only" and each.kind != kind:
                parts.append("*")
            kind = each.kind
            parts.append(self._parameter(each))
        return [*parts, "/"] if kind == "positional-only" else parts

    def _parameter(self, parameter: ParameterDescription) -> str:
        type_ = type_expression(parameter.type, self._names)
        if parameter.default is None:
            return f"{parameter.name}: {type_}"
        default = None
        if parameter.default != UNKNOWN:
            default = default_expression(parameter.default, parameter.type, self._names, self._types.members)
        return f"{parameter.name}: {type_} = {UNKNOWN if default is None else default}"

    # --- topics -------------------------------------------------------------------------------------------------------

    def _topics(self) -> Iterator[str]:
        taken: set[str] = set()
        for topic in self._service.topics:
            name = "subscribe_" + "".join(letter if letter.isalnum() else "_" for letter in topic.name)
            if not is_name(name) or name in taken:
                self._left_out.append(
                    f"No function is left for the topic {topic.name!r}: client.subscribe({topic.name!r})"
                )
                continue
            taken.add(name)
            yield self._topic(name, topic)

    def _topic(self, name: str, topic: TopicDescription) -> str:
        type_ = type_expression(topic.type, self._names)
        client, subscription = self._names.known("Client"), self._names.known("Subscription")
        any_ = self._names.known("Any")
        said = [docstring(topic.documentation, 4)] * bool(topic.documentation)
        head = f"def {name}(client: {client}, **options: {any_}) -> {subscription}[{type_}]:"
        return "\n".join([head, *said, f"    return client.subscribe({topic.name!r}, {type_}, **options)"])


def _is_pythons(error: ErrorDescription) -> bool:
    return error.base == error.name and hasattr(builtins, error.name)


def _apart(lines: list[str]) -> list[str]:
    """Return the lines with an empty one around each that is several."""
    return [
        f"\n{each}" if number and ("\n" in each or "\n" in lines[number - 1]) else each
        for number, each in enumerate(lines)
    ]


def _camel(name: str) -> str:
    return "".join(part[:1].upper() + part[1:] for part in name.replace("-", "_").split("_"))


def _protocol_name(service: str, taken: set[str]) -> str:
    name = "".join(_camel(part) for part in service.split("."))
    name = name if is_name(name) else f"Service{name}" if is_name(f"Service{name}") else "Service"
    while name in taken:
        name += "Service"
    return name
