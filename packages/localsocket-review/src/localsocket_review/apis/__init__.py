"""What the calls of each framework mean. Rules ask for meanings, never for one spelling.

One table for each framework; adding a call is adding a line. A name is dotted, with its class: `socket.socket.bind`,
`QLocalServer.listen`; C functions are plain words. Qt's names stand without their module, alike for Python and C++.
"""

from __future__ import annotations

from localsocket_review.apis import (
    c_frameworks,
    c_library,
    frameworks,
    localsocket_own,
    python_io,
    python_sockets,
    pyzmq,
    qt,
    windows,
)
from localsocket_review.apis.meaning import Api
from localsocket_review.model.unit import Language

_PYTHON = (
    *python_sockets.APIS,
    *python_io.APIS,
    *pyzmq.APIS,
    *frameworks.APIS,
    *localsocket_own.APIS,
    *windows.PYTHON_APIS,
    *qt.APIS,
    *qt.PYTHON_APIS,
)
_CPP = (*c_library.APIS, *c_frameworks.APIS, *windows.APIS, *qt.APIS, *qt.CPP_APIS)

APIS: dict[Language, dict[str, Api]] = {
    Language.PYTHON: {api.name: api for api in _PYTHON},
    Language.CPP: {api.name: api for api in _CPP},
}
BASES: dict[str, tuple[str, ...]] = {**python_sockets.BASES, **frameworks.BASES, **pyzmq.BASES, **qt.BASES}
# Who is called back by a framework, and with what: method of a base class → types of its parameters.
CALLBACKS: dict[str, tuple[str, ...]] = {
    **python_sockets.CALLBACKS,
    **frameworks.CALLBACKS,
    **localsocket_own.CALLBACKS,
}
# Members that a framework's base class gives.
MEMBERS: dict[str, str] = {**python_sockets.MEMBERS, **frameworks.MEMBERS}
# Decorators whose functions a framework calls with what a peer sent.
DECORATED: frozenset[str] = frameworks.DECORATED


def _told_by_name(language: Language) -> dict[str, Api]:
    by_method: dict[str, list[Api]] = {}
    for api in APIS[language].values():
        if api.is_told_by_name and "." in api.name:
            by_method.setdefault(api.method, []).append(api)
    return {method: apis[0] for method, apis in by_method.items()}


# The methods whose bare name says what they do, for receivers of an unknown type.
TOLD_BY_NAME: dict[Language, dict[str, Api]] = {language: _told_by_name(language) for language in APIS}


_KNOWN_CALLS = frozenset(api.method for table in APIS.values() for api in table.values())


def is_known_call(name: str) -> bool:
    """Say whether some framework has a function or method of this bare name."""
    return name in _KNOWN_CALLS


def ancestry(type_name: str) -> list[str]:
    """Return the type and every base that the tables know, near ones first."""
    found, waiting = [], [type_name]
    while waiting:
        current = waiting.pop(0)
        if current not in found:
            found.append(current)
            waiting.extend(BASES.get(current, ()))
    return found
