"""What kind of descriptor a member holds that another file fills: datagrams, or something that is no peer's socket.

A loop calls its handlers with a descriptor that was given to it, and structures carry pairs across files. How the
member is called is all that ties the two together in C: it must be made of that kind wherever it is made.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from functools import cached_property

from localsocket_review.analysis.calls import ProgramCalls
from localsocket_review.analysis.neighbours import Neighbours
from localsocket_review.analysis.origins import Origins
from localsocket_review.model.declarations import FunctionInfo
from localsocket_review.model.expressions import Attribute, Call, Expression, Name, Subscript, dotted, strip_casts, walk
from localsocket_review.model.program import Program
from localsocket_review.model.unit import Language, Unit

KEEPING_MESSAGES = frozenset({"SOCK_DGRAM", "SOCK_SEQPACKET", "SOCK_RDM", "SOCK_RAW"})
NO_SOCKETS = frozenset(
    {
        "open",
        "openat",
        "fileno",
        "pipe",
        "pipe2",
        "eventfd",
        "timerfd_create",
        "signalfd",
        "inotify_init",
        "inotify_init1",
    }
)
# Names of what the kernel tells a program by, which wrappers of the program's own often make, and of what is no socket.
# They count where nothing says that a socket was made.
_NAMES_NO_SOCKET = re.compile(
    r"inotify|signal|timer|epoll|event_?fd|udev"
    r"|(?:^|_)(?:p?tty|pt[sm]x?|pty|pipe|fifo|serial|console|uinput|evdev|u?random|std(?:in|out|err)|log|file|dev)"
    r"(?:_?fds?|\d|_|$)",
    re.IGNORECASE,
)
_NAMES_MESSAGES = re.compile(
    r"(?:^|_)(?:netlink|rtnl|dgram|datagram|udp|mcast|multicast|raw)(?:_?fds?|_?sock(?:et)?|\d|_|$)", re.IGNORECASE
)
_OF_DEVICES = frozenset({"ioctl", "tcsetattr", "tcgetattr", "tcflush", "cfsetispeed", "cfsetospeed", "termios"})
_OF_SOCKETS = re.compile(
    r"[AP]F_[A-Z0-9]+|sockaddr\w*|\w*socket\w*|accept4?|connect|listen|recv\w*|send(?:to|msg)|bind|sun_path|\w*_?sock"
    r"|getpeer\w+|peer\w*|clients?|client_?fd\w*"
)
_MAKING = re.compile(r"socket|accept|connect", re.IGNORECASE)
_PAIR_AT = 3  # which argument of socketpair() takes the descriptors


class DescriptorKinds:
    """Tells of C alone: other languages have objects that know what they are."""

    def __init__(self, program: Program, calls: ProgramCalls, origins: Origins, neighbours: Neighbours) -> None:
        self._program = program
        self._calls = calls
        self._origins = origins
        self._neighbours = neighbours

    def is_no_stream(self, descriptor: Expression, function: FunctionInfo) -> bool:
        """Say whether all that is put in the member, or handed on with the handler, keeps messages or is no socket."""
        if function.unit.language is not Language.CPP:
            return False
        made = self._made[self._neighbours.group_of(function.unit)]
        holder = _holder(descriptor, function)
        if self.is_no_socket(descriptor, function) or self._is_named(_NAMES_MESSAGES, descriptor, function):
            return True
        holders = [holder] if holder in made else list(self._holders(descriptor, function, made))
        return bool(holders) and all(all(made.get(one, [False])) for one in holders)

    def is_no_socket(self, descriptor: Expression, function: FunctionInfo) -> bool:
        """Say whether the name tells that it is a terminal, a pipe, a device, and nothing that it is a socket."""
        return self._is_named(_NAMES_NO_SOCKET, descriptor, function) or self._speaks_of_devices(function.unit)

    def _speaks_of_devices(self, unit: Unit) -> bool:
        """Say whether a file asks a device or a terminal what only these answer, and names nothing of sockets."""
        words = unit.identifiers
        return any(words[one] for one in _OF_DEVICES) and not any(map(_OF_SOCKETS.fullmatch, words))

    def _is_named(self, names: re.Pattern[str], descriptor: Expression, function: FunctionInfo) -> bool:
        name = _holder(descriptor, function) or dotted(_whole(descriptor))
        return names.search(name) is not None and not any(
            isinstance(one.expression, Call) and _MAKING.search(one.expression.called_name)
            for one in self._origins.of(descriptor, function)
        )

    def _holders(self, descriptor: Expression, function: FunctionInfo, made: Mapping[str, object]) -> Iterator[str]:
        for origin in self._origins.of(descriptor, function):
            if holder := _holder(origin.expression, origin.function):
                yield holder
            elif origin.parameter is not None:
                yield from self._handed_on_with(origin.function, made)

    def _handed_on_with(self, handler: FunctionInfo, made: Mapping[str, object]) -> Iterator[str]:
        """Yield what is given where the handler is, of which one is the descriptor."""
        for site in self._calls.callers(handler):
            if site.is_handed_on:
                given = (_holder(one, site.caller) for one in site.call.arguments)
                yield from [one for one in given if one in made][:1]

    @cached_property
    def _made(self) -> defaultdict[Unit, dict[str, list[bool]]]:
        """For each member and global of files that belong together, of each place where it is made: is it no stream?"""
        made: defaultdict[Unit, dict[str, list[bool]]] = defaultdict(dict)
        for function in self._program.functions:
            if function.unit.language is Language.CPP:
                group = made[self._neighbours.group_of(function.unit)]
                for holder, is_no_stream in _made_in(function):
                    group.setdefault(holder, []).append(is_no_stream)
        for group in made.values():
            group.pop("", None)
        return made


def _made_in(function: FunctionInfo) -> Iterator[tuple[str, bool]]:
    local: dict[str, bool] = {}  # what the function keeps in variables, before it is put into members
    for call in function.calls():
        pair = _pair(call)
        if pair is not None:
            yield _holder(pair, function), keeps_messages(call)
            local[dotted(pair)] = keeps_messages(call)
    for target, value in function.assignments("="):
        maker = strip_casts(value)
        if isinstance(maker, Call) and (maker.called_name in NO_SOCKETS or maker.called_name.endswith("socket")):
            yield _holder(target, function), keeps_messages(maker)
            local[dotted(target)] = keeps_messages(maker)
        elif isinstance(maker, Name | Subscript) and (known := local.get(dotted(_whole(maker)))) is not None:
            yield _holder(target, function), known


def _pair(call: Call) -> Expression | None:
    """Return what the call fills with two descriptors."""
    if call.called_name in ("pipe", "pipe2"):
        return call.arguments[0] if call.arguments else None
    is_pair = call.called_name.endswith("socketpair") and len(call.arguments) > _PAIR_AT
    return call.arguments[_PAIR_AT] if is_pair else None


def keeps_messages(made: Expression) -> bool:
    """Say whether this makes a socket of datagrams, or no socket at all."""
    if not isinstance(made, Call):
        return False
    words = {part.identifier for part in walk(made) if isinstance(part, Name)}
    words |= {part.name for part in walk(made) if isinstance(part, Attribute)}
    return bool(words & KEEPING_MESSAGES) or made.called_name in NO_SOCKETS


def _holder(expression: Expression, function: FunctionInfo) -> str:
    """Return the name of the member or global, or of the one of which this is an element: `wake` of `loop->wake[0]`."""
    match _whole(expression):
        case Attribute(name=name):
            return name
        case Name(identifier=name) if name not in function.local_names():
            return name
    return ""


def _whole(expression: Expression) -> Expression:
    value = strip_casts(expression)
    while isinstance(value, Subscript):
        value = strip_casts(value.value)
    return value
