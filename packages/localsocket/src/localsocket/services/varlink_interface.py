"""What a service is in varlink: the names of its interface, methods and errors, and the description of them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from localsocket.errors import NoSuchMethod
from localsocket.services.error_attributes import attributes_of, declared_errors, documentation_of
from localsocket.services.method import OWN_PREFIX, SUBSCRIBE, Method
from localsocket.services.service import Service
from localsocket.services.topic import Topic
from localsocket.services.varlink_types import Types, free_name, is_field_name, nullable
from localsocket.wire.varlink import ERRORS_OF_OWN, OWN, STANDARD, Shape, camel_case, shape_of

_INTERFACE = re.compile(r"[A-Za-z](?:-*[A-Za-z0-9])*(?:\.[A-Za-z0-9](?:-*[A-Za-z0-9])*)+", re.ASCII)
_ALONE = "localsocket."  # before a name of one word
_NONE = (None, type(None))

_STANDARD_DESCRIPTION = f"""\
# The Varlink Service Interface is provided by every varlink service. It
# describes the service and the interfaces it implements.
interface {STANDARD}

# Get a list of all the interfaces a service provides and information
# about the implementation.
method GetInfo() -> (
  vendor: string,
  product: string,
  version: string,
  url: string,
  interfaces: []string
)

# Get the description of an interface that is implemented by this service.
method GetInterfaceDescription(interface: string) -> (description: string)

# The requested interface was not found.
error InterfaceNotFound (interface: string)

# The requested method was not found
error MethodNotFound (method: string)

# The interface defines the requested method, but the service does not
# implement it.
error MethodNotImplemented (method: string)

# One of the passed parameters is invalid.
error InvalidParameter (parameter: string)

# Client is denied access
error PermissionDenied ()

# Method is expected to be called with 'more' set to true, but wasn't
error ExpectedMore ()
"""


class _Member(NamedTuple):
    name: str
    method: Method
    shape: Shape
    signature: str
    comment: str


class VarlinkInterface:
    """The interface of one service. `table` and `shapes` have its methods by their full names, and those of every one.

    `errors` says what the declared ones are called here.
    """

    def __init__(self, service: Service) -> None:
        self.name = interface_name(service.name)
        self.interfaces = [STANDARD, self.name, OWN]
        self._service = service
        self._taken: set[str] = set()
        self.errors = {name: self._error_name(kind) for name, kind in self._errors_of_service().items()}
        names = {method: free_name(_method_name(method.name), self._taken) for method in self._methods()}
        topics = {topic: free_name(f"Subscribe{camel_case(topic.name)}", self._taken) for topic in self._topics()}
        self._types = Types(self._taken, service._known.told)
        members = [self._member(name, method) for method, name in names.items()]
        members += [self._topic_member(name, topic) for topic, name in topics.items()]
        self.table = {f"{self.name}.{member.name}": member.method for member in members}
        self.shapes = {f"{self.name}.{member.name}": member.shape for member in members}
        self.description = "\n".join(self._description(members))
        self._add_standard()

    # --- what every service has ---------------------------------------------------------------------------------------

    def info(self) -> dict[str, str | list[str]]:
        """Return what GetInfo tells."""
        service = self._service
        return {
            "vendor": "",
            "product": service.name,
            "version": service.version,
            "url": "",
            "interfaces": self.interfaces,
        }

    def describe(self, interface: str) -> str:
        """Return the description of an interface. Raises NoSuchMethod, which varlink tells as InterfaceNotFound."""
        if interface == self.name:
            return self.description
        if interface == STANDARD:
            return _STANDARD_DESCRIPTION
        if interface == OWN:
            return _own_description()
        raise NoSuchMethod(f"{interface[:128]}.", self._service.name)

    def _add_standard(self) -> None:
        for name, function, shape in (
            ("GetInfo", self.info, shape_of("", is_stream=False)),
            ("GetInterfaceDescription", self.describe, shape_of("description", is_stream=False)),
        ):
            self._add(f"{STANDARD}.{name}", function, shape)

    def _add(self, name: str, function: Callable[..., Any], shape: Shape) -> None:
        self.table[name] = Method(OWN_PREFIX + name, function)
        self.shapes[name] = shape

    # --- methods and topics -------------------------------------------------------------------------------------------

    def _methods(self) -> list[Method]:
        return [method for method in self._service._table.values() if not method.is_own]

    def _topics(self) -> list[Topic[Any]]:
        return list(self._service._topics.values())

    def _member(self, name: str, method: Method) -> _Member:
        field = "item" if method.is_stream else "result"
        kind = method.result.kind
        is_none = kind in _NONE and not method.is_stream
        names, parameters = self._parameters(method)
        shape = shape_of(None if is_none else field, is_stream=method.is_stream, names=names)
        gives = self._types.of(kind)
        if method.is_stream:
            gives = nullable(gives)
        comment = method.documentation
        if method.is_stream:
            comment += "\n\nCall it with more. The last reply has no item, and says that it is over."
        signature = f"({parameters}) -> ({'' if is_none else f'{field}: {gives}'})"
        return _Member(name, method, shape, signature, comment)

    def _parameters(self, method: Method) -> tuple[dict[str, str], str]:
        """Return the names that differ here, and the parameters as they are written in the description."""
        names: dict[str, str] = {}
        written = []
        taken = {name for name in method.parameters.types if is_field_name(name)}
        for name, parameter in method.parameters.signature.parameters.items():
            called = name
            if not is_field_name(name):
                called = free_name(re.sub("_+", "_", name).strip("_") or "parameter", taken)
                names[called] = name
            kind = self._types.of(method.parameters.types[name])
            if parameter.default is not parameter.empty:
                kind = nullable(kind)
            written.append(f"{called}: {kind}")
        return names, ", ".join(written)

    def _topic_member(self, name: str, topic: Topic[Any]) -> _Member:
        def subscribe() -> Any:
            return topic._subscribe(is_numbered=False)

        method = Method(SUBSCRIBE, subscribe, is_stream=True)
        signature = f"() -> (message: {nullable(self._types.of(topic._result.kind))})"
        comment = (
            f"{topic.documentation}\n\nCall it with more, for the messages of the topic {topic.name!r} from now on."
        )
        return _Member(name, method, shape_of("message", is_stream=True), signature, comment)

    # --- errors -------------------------------------------------------------------------------------------------------

    def _errors_of_service(self) -> dict[str, type[Exception]]:
        return declared_errors(self._service.errors, self._methods())

    def _error_name(self, kind: type[Exception]) -> str:
        return free_name(camel_case(kind.__name__) or "Error", self._taken)

    def _error_parameters(self, kind: type[Exception]) -> str:
        fields = {"message": "string", "arguments": "?[]?object"}
        for name, annotation in attributes_of(kind).items():
            if is_field_name(name):
                fields[name] = nullable(self._types.of(annotation))
        return ", ".join(f"{name}: {written}" for name, written in fields.items())

    # --- the description ----------------------------------------------------------------------------------------------

    def _description(self, members: list[_Member]) -> Iterator[str]:
        errors = [
            (self.errors[name], self._error_parameters(kind), documentation_of(kind))
            for name, kind in self._errors_of_service().items()
        ]
        yield from _comment(self._service.documentation)
        yield f"interface {self.name}"
        for name, definition in self._types.definitions.items():
            yield ""
            yield f"type {name} {definition}"
        for member in members:
            yield ""
            yield from _comment(member.comment)
            yield f"method {member.name}{member.signature}"
        for name, parameters, documentation in errors:
            yield ""
            yield from _comment(documentation)
            yield f"error {name} ({parameters})"
        yield ""


def interface_name(service: str) -> str:
    """Return the name of a service's interface: its own where that may be one, such as `demo.calc`.

    Another name has what may not be there as hyphens, and `localsocket.` before it where it is of one word.
    """
    if _INTERFACE.fullmatch(service):
        return service
    parts = [re.sub("[^A-Za-z0-9]+", "-", part).strip("-") for part in service.split(".")]
    name = ".".join(part for part in parts if part) or "service"
    if "." not in name or not name[0].isalpha():
        name = _ALONE + name
    return name


def _method_name(name: str) -> str:
    return camel_case(name) or "Method"


def _own_description() -> str:
    lines = ["# What services of localsocket answer with besides the errors of their own.", f"interface {OWN}"]
    for name, parameters, says in ERRORS_OF_OWN:
        lines += ["", f"# {says}", f"error {name} ({parameters})"]
    return "\n".join([*lines, ""])


def _comment(text: str) -> Iterator[str]:
    for line in text.strip().splitlines():
        printable = "".join(letter if letter.isprintable() else " " for letter in line)
        yield f"# {printable}".rstrip()
