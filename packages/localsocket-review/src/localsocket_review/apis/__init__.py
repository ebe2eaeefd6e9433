"""What the calls of each framework mean. Rules ask for meanings, never for one spelling.

One table for each framework; adding a call is adding a line. What Python, C and Qt bring along are modules here, and
frameworks are TOML files in the folder `frameworks`, of the same form as those of users. A name is dotted, with its
class: `socket.socket.bind`, `QLocalServer.listen`; C functions are plain words. Qt's names stand without their module,
alike for Python and C++.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

from localsocket_review.apis import c_library, python_io, python_sockets, qt, windows
from localsocket_review.apis.framework_file import read_framework
from localsocket_review.apis.tables import Framework, Tables
from localsocket_review.model.unit import Language

_FILES = Path(__file__).parent / "frameworks"


@cache
def built_in() -> Tables:
    """Return the tables of all frameworks that the reviewer knows by itself."""
    python = (
        *python_sockets.APIS,
        *python_io.APIS,
        *windows.PYTHON_APIS,
        *qt.APIS,
        *qt.PYTHON_APIS,
    )
    cpp = (*c_library.APIS, *windows.APIS, *qt.APIS, *qt.CPP_APIS)
    languages = Framework(
        {Language.PYTHON: python, Language.CPP: cpp},
        {**python_sockets.BASES, **qt.BASES},
        python_sockets.CALLBACKS,
        in_loop=python_sockets.IN_LOOP,
    )
    return Tables((languages, *map(read_framework, sorted(_FILES.glob("*.toml")))))
