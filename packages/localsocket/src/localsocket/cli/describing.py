"""What a service tells about itself, laid out for a person."""

from __future__ import annotations

from localsocket.cli.output import print_styled
from localsocket.cli.plain_text import lines, one_line
from localsocket.services.description import MethodDescription, ServiceDescription, TopicDescription


def print_description(service: ServiceDescription) -> None:
    print_styled(one_line(f"{service.name} {service.version}".rstrip()), "bold")
    _print_indented(service.documentation, 2)
    if service.methods:
        _print_heading("Methods")
    for method in service.methods:
        print_styled(f"  {one_line(method.signature)}", "bold")
        _print_indented("\n".join(filter(None, (method.documentation, _remarks(method)))), 6)
    if service.topics:
        _print_heading("Topics")
    for topic in service.topics:
        print_styled(f"  {one_line(f'{topic.name}: {topic.type}')}", "bold")
        _print_indented("\n".join(filter(None, (topic.documentation, _queue(topic)))), 6)


def _print_heading(text: str) -> None:
    print_styled("")
    print_styled(text, "cyan")


def _print_indented(text: str, spaces: int) -> None:
    for line in lines(text) if text else ():
        print_styled(f"{' ' * spaces}{line}".rstrip())


def _remarks(method: MethodDescription) -> str:
    remarks = ["idempotent"] if method.idempotent else []
    if method.raises:
        remarks.append(f"raises {', '.join(method.raises)}")
    return f"({'; '.join(remarks)})" if remarks else ""


def _queue(topic: TopicDescription) -> str:
    return f"({topic.queue} messages may wait; then: {topic.policy})"
