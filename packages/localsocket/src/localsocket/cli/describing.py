"""`localsocket describe`: what a service tells about itself, laid out for a person, or as a document."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Annotated, Any

from localsocket.cli.declaring import Option
from localsocket.cli.exit_status import WrongUsage
from localsocket.cli.options import (
    Address,
    Allow,
    AnyUser,
    AsJson,
    Timeout,
    Wait,
    allowed_users,
    client_of,
    connect_timeout,
)
from localsocket.cli.output import print_json, print_piece, print_styled
from localsocket.cli.plain_text import json_text, lines, one_line
from localsocket.deadlines import Deadline
from localsocket.endpoint.credentials import AllowedUsers
from localsocket.services.description import (
    ErrorDescription,
    FieldDescription,
    MethodDescription,
    ServiceDescription,
    TopicDescription,
    TypeDescription,
)


def describe_service(
    name: Address,
    timeout: Timeout = None,
    wait: Wait = False,
    any_user: AnyUser = False,
    allow: Allow = "",
    as_json: AsJson = False,
    types: Annotated[bool, Option("--types", help="Also show the fields of named types and errors.")] = False,
    json_schema: Annotated[bool, Option("--json-schema", help="Print one JSON Schema document (2020-12).")] = False,
    openapi: Annotated[bool, Option("--openapi", help="Print an OpenAPI 3.1 document, for calls by HTTP.")] = False,
    varlink: Annotated[
        bool, Option("--varlink", help="Print the varlink description, also of a service that speaks only varlink.")
    ] = False,
) -> None:
    """Show what a service offers: methods and topics, with their types and documentation."""
    if as_json + types + json_schema + openapi + varlink > 1:
        forms = "--json, --types, --json-schema, --openapi and --varlink"
        raise WrongUsage(f"{forms} cannot be combined")
    if varlink:
        _print_varlink(name, timeout, wait, allowed_users(any_user, allow))
        return
    deadline = Deadline(timeout)
    with client_of(name, timeout, wait, any_user, allow) as client:
        description = client.describe(timeout=deadline.remaining())
    if as_json:
        print_json(json_text(description))
    elif json_schema:
        from localsocket.services.json_schema_document import json_schema_document

        print_json(json_text(json_schema_document(description), indent=2))
    elif openapi:
        from localsocket.services.openapi import openapi_document

        print_json(json_text(openapi_document(description), indent=2))
    else:
        print_description(description, has_types=types)


def _print_varlink(name: str, timeout: float | None, wait: bool, allow_server: AllowedUsers) -> None:
    from localsocket.blocking.connect import connect
    from localsocket.cli.varlink_describing import varlink_descriptions

    deadline = Deadline(timeout)
    connecting = connect_timeout(timeout, wait)
    with connect(name, timeout=connecting, wait_for_server=wait, allow_server=allow_server) as socket:
        for description in varlink_descriptions(socket, deadline):
            for line in lines(description.removesuffix("\n")):
                print_piece(f"{line}\n")


def print_description(service: ServiceDescription, *, has_types: bool) -> None:
    print_styled(one_line(f"{service.name} {service.version}".rstrip()), "bold")
    raised = f"(every method may raise {', '.join(service.raises)})" if service.raises else ""
    _print_indented(_paragraph(service.documentation, raised), 2)
    _print_section("Methods", service.methods, _method)
    _print_section("Topics", service.topics, _topic)
    if has_types:
        _print_section("Types", service.types, _type)
        _print_section("Errors", service.errors, _error)


def _print_section(title: str, entries: Iterable[Any], tell: Callable[[Any], tuple[str, str]]) -> None:
    """Print what `tell` tells of each entry: a line, and what stands below it."""
    for number, entry in enumerate(entries):
        if number == 0:
            print_styled("")
            print_styled(title, "cyan")
        line, below = tell(entry)
        print_styled(f"  {one_line(line)}", "bold")
        _print_indented(below, 6)


def _print_indented(text: str, spaces: int) -> None:
    for line in lines(text) if text else ():
        print_styled(f"{' ' * spaces}{line}".rstrip())


def _paragraph(*parts: str) -> str:
    return "\n".join(filter(None, parts))


def _method(method: MethodDescription) -> tuple[str, str]:
    remarks = ["read-only"] if method.read_only else ["idempotent"] if method.idempotent else []
    remarks += ["durable"] if method.durable else []
    remarks += [f"raises {', '.join(method.raises)}"] if method.raises else []
    return method.signature, _paragraph(method.documentation, f"({'; '.join(remarks)})" if remarks else "")


def _topic(topic: TopicDescription) -> tuple[str, str]:
    queue = f"({topic.queue} messages may wait; then: {topic.policy})"
    return f"{topic.name}: {topic.type}", _paragraph(topic.documentation, queue)


def _type(described: TypeDescription) -> tuple[str, str]:
    members = "\n".join(f"{name} = {value!r}" for name, value in described.members.items())
    tag = "" if described.tag_field is None else f"{described.tag_field}: Literal[{described.tag!r}]"
    what = {"array": "in this order", "named_tuple": "in this order"}.get(described.kind, "")
    closed = "no other fields" if described.closed else ""
    remarks = "; ".join(filter(None, (what, closed)))
    parts = (described.documentation, members, tag, _fields(described.fields), f"({remarks})" if remarks else "")
    return described.name, _paragraph(*parts)


def _error(error: ErrorDescription) -> tuple[str, str]:
    base = "" if error.base in (error.name, "Exception") else f" ({error.base})"
    return f"{error.name}{base}", _paragraph(error.documentation, _fields(error.attributes))


def _fields(fields: list[FieldDescription]) -> str:
    return "\n".join(f"{each.name}: {each.type}" + (f" = {each.default}" if each.default else "") for each in fields)


COMMANDS = {"describe": describe_service}
