"""Which files are about local sockets: what is merely untidy elsewhere is none of this reviewer's business."""

from __future__ import annotations

from localsocket_review.analysis.calls import ProgramCalls
from localsocket_review.analysis.transports import Transports
from localsocket_review.apis.meaning import Act
from localsocket_review.model.program import Program
from localsocket_review.model.unit import Language, Unit

_WORDS = frozenset(
    {
        "AF_LOCAL",
        "AF_UNIX",
        "CreateNamedPipe",
        "CreateNamedPipeA",
        "CreateNamedPipeW",
        "PF_LOCAL",
        "PF_UNIX",
        "QLocalServer",
        "QLocalSocket",
        "ThreadingUnixDatagramServer",
        "ThreadingUnixStreamServer",
        "UnixDatagramServer",
        "UnixStreamServer",
        "bind_unix_socket",
        "create_unix_connection",
        "create_unix_server",
        "listenUNIX",
        "open_unix_connection",
        "sd_bus_message",
        "sd_varlink",
        "sockaddr_un",
        "start_unix_server",
        "sun_path",
        "uv_pipe_t",
    }
)
_OPENS = Act.BIND | Act.LISTEN | Act.CONNECT | Act.ACCEPT
_OF_SOCKETS_ALONE = frozenset({"recv", "recvfrom", "recvmsg", "send", "sendto", "sendmsg"})
_MODULES = ("multiprocessing.connection", "zmq", "localsocket", "dbus", "dbus_fast", "dbus_next", "pydbus")


class Subject:
    """Tells the files that name local sockets, or use sockets that are not provably of a network."""

    def __init__(self, program: Program, calls: ProgramCalls, transports: Transports) -> None:
        self._concerned = {unit for unit in program.units if _names_local_sockets(unit)}
        for site in calls.sites(_OPENS | Act.RECEIVE | Act.SEND):
            unit = site.function.unit
            # C reads and writes files by the same calls.
            is_of_sockets = (
                bool(site.api.act & _OPENS) or unit.language is Language.PYTHON or site.api.method in _OF_SOCKETS_ALONE
            )
            if is_of_sockets and unit not in self._concerned and not transports.is_network_site(site):
                self._concerned.add(unit)

    def concerns(self, unit: Unit) -> bool:
        return unit in self._concerned


def _names_local_sockets(unit: Unit) -> bool:
    imported = [*unit.imports.values(), *unit.star_imports]
    return not _WORDS.isdisjoint(unit.identifiers) or any(
        name == module or name.startswith(f"{module}.") for name in imported for module in _MODULES
    )
