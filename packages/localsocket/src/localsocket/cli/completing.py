"""What the shell completes: names of endpoints, and methods, parameters and topics that a service tells of.

Completion never fails and never waits long; what could not be typed as it is, or could command the terminal, is left
out. Each command declares these functions, so that they load what they need when they are called.
"""

from __future__ import annotations

import contextlib
import re
from typing import TYPE_CHECKING

from localsocket.cli.declaring import Given
from localsocket.cli.plain_text import json_text
from localsocket.deadlines import Deadline
from localsocket.errors import LocalSocketError

if TYPE_CHECKING:
    from localsocket.services.description import ServiceDescription

_PATIENCE = 0.5  # seconds; somebody has pressed a key and waits
_TYPED_AS_IT_IS = r"[A-Za-z0-9_./@:+=-]+"  # compiled when something is completed, and not for each command


def complete_address(_given: Given, incomplete: str) -> list[str]:
    """Return the names in the runtime directory that are served."""
    from localsocket.tools.endpoints import EndpointState, named_endpoints

    with contextlib.suppress(LocalSocketError, OSError):
        return _fitting([each.address for each in named_endpoints() if each.state is EndpointState.LIVE], incomplete)
    return []


def complete_method(given: Given, incomplete: str) -> list[str]:
    """Return the methods of the service that is named before."""
    description = _description(given)
    return _fitting([each.name for each in description.methods] if description else [], incomplete)


def complete_topic(given: Given, incomplete: str) -> list[str]:
    """Return the topics of the service that is named before."""
    description = _description(given)
    return _fitting([each.name for each in description.topics] if description else [], incomplete)


def complete_argument(given: Given, incomplete: str) -> list[str]:
    """Return the parameters of the method that is named before, and the values of one that can have few only."""
    description = _description(given)
    methods = {each.name: each for each in description.methods} if description else {}
    method = methods.get(str(given.get("method")))
    if description is None or method is None:
        return []
    words = [f"{parameter.name}=" for parameter in method.parameters]
    name, equals, _ = incomplete.partition("=")
    if equals:
        from localsocket.cli.schema_checking import SchemaChecker
        from localsocket.services.json_schema_document import definitions

        checker = SchemaChecker(definitions(description))
        parameters = [parameter for parameter in method.parameters if parameter.name == name]
        words = [f"{name}={_typed(value)}" for each in parameters for value in checker.values(each.schema)]
    return _fitting(words, incomplete)


def _typed(value: object) -> str:
    return value if isinstance(value, str) else json_text(value)


def _description(given: Given) -> ServiceDescription | None:
    from localsocket.blocking.client import Client  # most of what there is to load

    address = given.get("name")
    deadline = Deadline(_PATIENCE)
    with (
        contextlib.suppress(LocalSocketError, OSError),
        Client(str(address), timeout=deadline.remaining(), wait="sleep") as client,
    ):
        return client.describe(timeout=deadline.remaining())
    return None


def _fitting(words: list[str], incomplete: str) -> list[str]:
    return [word for word in words if word.startswith(incomplete) and re.fullmatch(_TYPED_AS_IT_IS, word)]
