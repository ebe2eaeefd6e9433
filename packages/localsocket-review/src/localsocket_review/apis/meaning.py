"""The shape of an entry: what a call does, and which of its arguments is what."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Flag, StrEnum, auto

# Roles are positions, names of keywords, or both. This position is the object itself: `path.unlink()`; a name that
# begins with a dot is a member of the object.
RECEIVER = -1
Role = int | str | tuple[int, str]


class Act(Flag):
    """What a call does; one call may do several things at once."""

    BIND = auto()  # takes a name
    LISTEN = auto()
    CONNECT = auto()
    ACCEPT = auto()
    RECEIVE = auto()  # gives what a peer sent, as its result or in its `buffer`
    SEND = auto()
    WAIT = auto()  # may sleep
    CLOSE = auto()
    REMOVE = auto()  # removes what stands at `endpoint`
    CHMOD = auto()  # sets `mode` of `path`
    UMASK = auto()
    MAKE_DIRECTORY = auto()  # with `mode`
    LOCK = auto()  # holds off other processes
    FIND_PROCESS = auto()  # asks whether a process lives
    CHECK_PEER = auto()  # asks who the peer is
    RUN_COMMAND = auto()
    RUN_CODE = auto()
    RUN_QUERY = auto()
    OPEN_PATH = auto()  # opens, lists or removes a file at `path`
    ALLOCATE = auto()  # takes memory, or waits for bytes, for `size`
    UNPACK = auto()  # makes a number of bytes
    QUOTE = auto()  # makes a text harmless for a shell, a path or a query
    UNPICKLE = auto()
    START_THREAD = auto()  # runs `target` on another thread
    COPY_TEXT = auto()  # writes the text `source` to `buffer`
    CONSTRUCT = auto()  # makes an object of the type `returns`, and nothing else of note
    SLEEP = auto()
    SHARE_MEMORY = auto()  # opens the shared `memory` of a name, or makes or maps it with a `size`
    TOUCH_SHARED = auto()  # gives access to shared memory that another process may be writing
    MAKE_PIPE = auto()  # makes a Windows named `pipe`, with its modes and `security`
    CHUNK = auto()  # receives what has come so far, which need not be a whole message
    ENDS = auto()  # an empty result says that the peer has closed
    SHORT = auto()  # may send less than it was given, and tells so in its result alone
    PARSE = auto()  # takes `data` for a whole message
    MAKE_TASK = auto()  # runs a coroutine besides, of which the loop keeps but a weak reference
    RUN_LOOP = auto()  # gives the thread to an event loop
    READ_STREAM = auto()  # reads from a `stream` into its `buffer`: what a peer sent, where the stream is a socket's
    WRITE_OUT = auto()  # writes `size` bytes of a buffer to a file
    FORMAT = auto()  # replaces every % of `pattern`
    CALL_BACK = auto()  # has the thread of an event loop run `target`


class DefaultAccess(StrEnum):
    """Who may connect to a socket if the program does not say: what the umask allows, or what a framework chooses."""

    UMASK = "umask"
    OWNER = "owner"
    EVERYONE = "everyone"


@dataclass(frozen=True, slots=True)
class Setting:
    """A variable `name` of a settings file that names endpoints, `unix:/path` for local ones: a string or a list.

    `files` is a pattern for the names of such files, and `umask` the setting with the umask under which the server
    binds. `access` says who may connect if that is not set.
    """

    name: str
    files: str
    umask: str
    access: DefaultAccess = DefaultAccess.UMASK
    restricted_by: str = ""


# What an argument may be for. Each has a rule or an analysis that asks for it.
ROLES = frozenset(
    {
        "authkey",
        "buffer",
        "buffers_from",
        "code",
        "command",
        "data",
        "descriptor",
        "device",
        "endpoint",
        "list",
        "memory",
        "mode",
        "open_mode",
        "other_path",
        "path",
        "pattern",
        "pipe",
        "pipe_mode",
        "query",
        "seconds",
        "security",
        "size",
        "sock",
        "source",
        "stream",
        "target",
        "timeout",
    }
)


@dataclass(frozen=True, slots=True)
class Api:
    """What a call means: the `act`, and the `roles` of its arguments.

    `returns` is the type of its result, or of each part of it; `gives` has the types of the arguments with which the
    function in the role `target` is called. `reports` means that only the result shows a failure, so it must not be
    ignored. `is_told_by_name`: the method's bare name is enough if the type of the receiver is unknown. A C function
    that `takes` a number of arguments is a different one if it gets more or fewer. `access` says who may connect to
    what a call binds if it sets no mode, and `restricted_by` what to do about it. A call has this meaning `only_with` a
    descriptor of that type: `os.read` usually gets a file.
    """

    name: str
    act: Act
    roles: dict[str, Role] = field(default_factory=dict)
    returns: str | tuple[str, ...] = ""
    reports: bool = False
    is_told_by_name: bool = False
    gives: tuple[str, ...] = ()
    takes: int | None = None
    access: DefaultAccess = DefaultAccess.UMASK
    restricted_by: str = ""
    only_with: str = ""

    @property
    def method(self) -> str:
        return self.name.rpartition(".")[2]


def api(
    name: str,
    act: Act,
    returns: str | tuple[str, ...] = "",
    *,
    reports: bool = False,
    is_told_by_name: bool = False,
    gives: tuple[str, ...] = (),
    takes: int | None = None,
    only_with: str = "",
    **roles: Role,
) -> Api:
    return Api(name, act, roles, returns, reports, is_told_by_name, gives, takes, only_with=only_with)
