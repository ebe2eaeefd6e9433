"""How the defects that our rules know are spoken of."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from localsocket_review.analysis.facts import Facts
from localsocket_review.model.declarations import FunctionInfo
from localsocket_review.model.expressions import (
    COMPARISONS,
    Assignment,
    Attribute,
    Binary,
    Call,
    Expression,
    Name,
    Unary,
    dotted,
    strip_casts,
)
from localsocket_review.model.place import Place
from localsocket_review.model.statements import Branch, Loop

_CHECK = r"(?:check|prob|lock|ask|test|verif|connect|see)\w*"
_SOCKET = r"(?:socket\W+)?(?:file|socket|server|endpoint|path)s?"
_UP_TO_FIVE = r"\W+(?:(?:\w+|<\w+>)\W+){0,5}?"


@dataclass(frozen=True, slots=True)
class Defect:
    """A defect that rules find, and the words for it.

    - `said` are words for what is wrong, `remedies` those for what would be right: that one is missing complains, too.
    - Only findings whose text matches `message` are about it.
    - Without any word of `code` in the program it cannot be there.
    - Where the rules find nothing, a word of `prevented_by` shows that it is seen to: in what the claim speaks of, or
      anywhere if that `is_once_for_all`. `is_prevented_in` tells it of a function, `is_prevented_at` of a call.
    - `topics` are names that belong to what is said.
    """

    name: str
    title: str
    examples: tuple[str, ...]
    rules: tuple[str, ...]
    said: tuple[str, ...] = ()
    remedies: tuple[str, ...] = ()
    message: str = ""
    code: tuple[str, ...] = ()
    prevented_by: tuple[str, ...] = ()
    topics: frozenset[str] = frozenset()
    is_once_for_all: bool = False
    is_prevented_in: Callable[[FunctionInfo], bool] | None = None
    is_prevented_at: Callable[[Call, FunctionInfo, Facts], tuple[Place, str] | None] | None = None


def _has_time_out(call: Call, function: FunctionInfo, facts: Facts) -> tuple[Place, str] | None:
    site = facts.calls.site(call, function)
    timeout = site.argument("timeout") if site is not None else None
    numbers = facts.values.numbers(timeout, function) if timeout is not None else frozenset()
    return (call.place, f"waits for {max(numbers):g} ms") if numbers and min(numbers) >= 0 else None


def _is_tested(call: Call, function: FunctionInfo, _: Facts) -> tuple[Place, str] | None:
    """Find a condition on the call itself, or on the variable that takes its result."""
    takers = {dotted(target) for target, value in function.assignments() if strip_casts(value) is call}
    for statement in function.statements():
        if isinstance(statement, Branch | Loop) and statement.test is not None:
            for part in _operands(statement.test):
                if part is call or (isinstance(part, Name | Attribute) and dotted(part) in takers - {""}):
                    return statement.test.place, "tested here"
    return None


def _operands(test: Expression) -> Iterator[Expression]:
    """Yield what a condition asks: `socket` of `!socket`, and not of `socket->isOpen()`."""
    match strip_casts(test):
        case Binary(operator=operator, left=left, right=right) if operator in ("and", "or") or operator in COMPARISONS:
            yield from _operands(left)
            yield from _operands(right)
        case Unary(operator="not", operand=operand):
            yield from _operands(operand)
        case Assignment(target=target, value=value):
            yield target
            yield from _operands(value)
        case other:
            yield other


DEFECTS = (
    Defect(
        "pickle",
        "what a peer sends is unpickled",
        ("Received data is unpickled.", "`handle()` deserialises untrusted data."),
        ("LS107",),
        said=(
            r"un-?pickl\w+",
            r"pickle(?:d|s)?\b",
            r"<(?:pickle|recv_pyobj)>",
            r"(?:unsafe|insecure)\W+deseriali[sz]ation",
            r"deseriali[sz]\w+\W+(?:of\W+)?untrusted",
        ),
        code=("pickle", "marshal", "shelve", "recv_pyobj", "multiprocessing", "dill", "cloudpickle"),
        topics=frozenset({"pickle", "recv_pyobj"}),
    ),
    Defect(
        "key",
        "the key of a connection is missing, or no secret",
        ("The authkey is hard-coded.", "No authkey is given to `Listener`."),
        ("LS108",),
        said=(
            r"hard-?coded\W+(?:\w+\W+)?(?:key|secret|password|credential|<authkey>|authkey)s?",
            r"(?:<authkey>|authkey|(?:authentication|the|a)\W+key)\W+(?:is|are)\W+(?:hard-?coded|constant|public)",
        ),
        remedies=(r"authkey", r"<authkey>", r"authentication\W+key"),
        code=("authkey", "Listener", "Client", "BaseManager"),
        topics=frozenset({"authkey"}),
    ),
    Defect(
        "command injection",
        "a command is made of received data",
        ("Command injection is possible in `serve()`.",),
        ("LS109",),
        said=(r"(?:command|shell|os)\W+injections?", r"arbitrary\W+(?:\w+\W+)?commands?", r"<shell>"),
        message="command",
        topics=frozenset({"shell"}),
    ),
    Defect(
        "query injection",
        "a query is made of received data",
        ("There is an SQL injection in `find()`.",),
        ("LS109",),
        said=(r"(?:sql|query)\W+injections?", r"arbitrary\W+(?:\w+\W+)?quer(?:y|ies)"),
        message="query",
    ),
    Defect(
        "path traversal",
        "a path is made of received data",
        ("`open_file()` is open to path traversal.",),
        ("LS109",),
        said=(r"(?:path|directory)\W+(?:traversal|injection)s?", r"arbitrary\W+(?:\w+\W+)?(?:path|file)s?"),
        message="path",
    ),
    Defect(
        "code execution",
        "received data is run as code",
        ("A client can execute arbitrary code.", "The data allows remote code execution."),
        ("LS107", "LS109"),
        said=(
            r"code\W+injections?",
            r"arbitrary\W+(?:\w+\W+)?code",
            r"remote\W+code\W+execution",
        ),
        message="code|command",
    ),
    Defect(
        "predictable path",
        "the endpoint stands where every user could put one",
        ("The socket lies in a world-writable directory.",),
        ("LS105",),
        said=(
            r"predictable\W+(?:\w+\W+)?(?:path|name|file|location)s?",
            r"shared\W+(?:temp\w*|temporary)\W+director",
            r"(?:in|under|inside|below)\W+/tmp\b",
            r"/tmp\W+(?:is|directory|can)\b",  # noqa: S108
            r"world-writable\W+(?:temp\w*\W+)?director",
        ),
        code=("tmp", "shm", "gettempdir", "tempPath"),
    ),
    Defect(
        "endpoint removed",
        "an endpoint is removed without asking whether a server lives there",
        ("The socket file is removed without checking for a live server.",),
        ("LS106",),
        said=(
            rf"(?:stale|existing|old|live|running)\W+{_SOCKET}\W+(?:\w+\W+){{0,5}}?(?:removed|deleted|unlinked)",
            rf"(?:unlink|remov|delet)\w*{_UP_TO_FIVE}(?:without\W+(?:\w+\W+){{0,2}}?{_CHECK}|"
            r"before\W+(?:\w+\W+){0,2}?(?:bind|listen)\w*|blindly|unconditionally)",
            rf"(?:unlink|remov|delet)\w*\W+(?:(?:\w+|<\w+>)\W+){{0,3}}?(?:stale|existing|old|live|running)\W+{_SOCKET}",
            rf"<(?:removeServer|unlink)>{_UP_TO_FIVE}(?:without|before|blindly|unconditionally)",
            r"cuts?(?:ting)?\W+off\W+(?:\w+\W+){0,3}?server",
        ),
        code=("unlink", "remove", "removeServer", "rm", "rmtree"),
        topics=frozenset({"removeServer", "unlink"}),
    ),
    Defect(
        "abstract name",
        "an abstract name is taken, and who connects is not checked",
        ("The abstract socket can be reached by everyone.",),
        ("LS104",),
        said=(r"abstract\W+(?:socket|name|namespace)",),
        code=("AbstractNamespaceOption", "sun_path", "AF_UNIX"),
    ),
    Defect(
        "peer unchecked",
        "who connects is not asked for credentials",
        ("The credentials of the peer are not checked.",),
        ("LS104", "LS112", "LS113"),
        said=(
            r"peer'?s?\W+(?:pid|process\W+id)",
            r"pid\W+(?:reuse|is\W+(?:trusted|used))",
            r"(?:unauthenticated|anonymous)\W+(?:client|peer|connection|access)s?",
        ),
        remedies=(
            r"(?:peer|client)s?'?s?\W+(?:credential|identit|uid)\w*",
            r"credentials?\b",
            r"authenticat\w+",
        ),
        prevented_by=("SO_PEERCRED", "LOCAL_PEERCRED", "getpeereid", "getpeerucred", "authkey", "deliver_challenge"),
        is_once_for_all=True,
    ),
    Defect(
        "late permissions",
        "permissions are set only after the endpoint is there",
        ("The permissions are set only after the bind.",),
        ("LS103",),
        said=(
            r"between\W+(?:\w+\W+)?(?:bind|<\d+s?>)\W+and\W+(?:<chmod>|chmod)",
            r"chmod\W+after\W+(?:the\W+)?(?:bind|<\d+s?>)",
            r"(?:permissions?|modes?|<chmod>)[^.]{0,60}?\bafter\W+(?:the\W+)?(?:<\d+s?>|bind|listen)",
        ),
        topics=frozenset({"chmod"}),
    ),
    Defect(
        "check and use",
        "something may change between a check and its use",
        ("There is a TOCTOU race on the socket path.",),
        ("LS103", "LS106"),
        said=(r"toctou", r"time[\s-]of[\s-]check", r"race\W+(?:between|window)"),
    ),
    Defect(
        "close-on-exec",
        "descriptors are inherited by programs that are started",
        ("The descriptors are not close-on-exec.",),
        ("LS115", "LS114"),
        said=(
            r"inherit(?:ed|able)\W+(?:by\W+)?(?:\w+\W+)?(?:child\w*|descriptors?|process\w*)",
            r"descriptors?\W+(?:\w+\W+){0,2}?inherited",
        ),
        remedies=(r"close-on-exec", r"(?:<\w*>|\b)?\w*cloexec", r"<(?:SOCK_CLOEXEC|FD_CLOEXEC|O_CLOEXEC)>"),
        prevented_by=("SOCK_CLOEXEC", "FD_CLOEXEC", "O_CLOEXEC"),
        topics=frozenset({"SOCK_CLOEXEC", "FD_CLOEXEC", "O_CLOEXEC"}),
        is_once_for_all=True,
    ),
    Defect(
        "use after deletion",
        "a socket is used after it was deleted",
        ("`onReadyRead()` has a use-after-free.",),
        ("LS117",),
        said=(r"use[\s-]after[\s-](?:free|delet\w+)", r"dangling\W+(?:pointer|reference)s?", r"already\W+deleted"),
    ),
    Defect(
        "shared memory",
        "shared memory is chosen by a peer, or used without its lock",
        ("The shared memory is used without its lock.",),
        ("LS118",),
        said=(r"shared\W+memory", r"<QSharedMemory>"),
        code=("QSharedMemory", "SharedMemory", "shm_open", "mmap", "shmget"),
        topics=frozenset({"QSharedMemory"}),
    ),
    Defect(
        "null pointer",
        "nextPendingConnection() is used without asking whether it gave anything",
        ("The pending connection is not checked for null.",),
        ("LS202",),
        said=(
            r"null(?:ptr)?[\s-]*(?:pointer\W+)?dereference",
            r"(?:not|never|without|fails? to)\W+(?:\w+\W+)?(?:check|test|verif|validat)\w*\W+(?:(?:\w+|<\w+>)\W+){0,6}?"
            r"(?:for|against|is(?: not)?|be)\W+(?:an?\W+)?(?:null|nullptr|none|<nullptr>|<None>)\b",
            r"(?:may|might|can|could)\W+(?:be|return)\W+(?:an?\W+)?(?:null|nullptr|none)\b",
        ),
        remedies=(r"null(?:ptr)?[\s-]*(?:pointer[\s-]*)?check(?:s|ed|ing)?", r"checked\W+for\W+(?:null|none)\w*"),
        message="null",
        code=("nextPendingConnection",),
        is_prevented_at=_is_tested,
    ),
    Defect(
        "direct connection",
        "a slot runs on the thread of the sender",
        ("A direct connection crosses threads.",),
        ("LS204",),
        said=(r"direct\W*connection", r"<DirectConnection>"),
        message="direct",
        code=("DirectConnection",),
        topics=frozenset({"DirectConnection"}),
    ),
    Defect(
        "lambda without context",
        "a connected lambda outlives what it uses",
        ("A lambda is connected without a context object.",),
        ("LS204",),
        remedies=(r"context(?:\W+(?:object|argument|parameter))?(?=\W*(?:$|[.,;:)]|for|in|is|to))",),
        message="context",
        code=("connect",),
    ),
    Defect(
        "framing",
        "what one read gives is taken for a message",
        ("There is no message framing.", "`_read()` assumes that one read is one complete message."),
        ("LS205", "LS207"),
        said=(
            r"partial\W+(?:messages?|data|packets?)",
            r"assum\w+\W+(?:(?:\w+|<\w+>)\W+){0,8}?(?:complete|whole|entire|full|one|single)\W+"
            r"(?:\w+\W+)?(?:message|command|packet|line|request)",
            r"(?:split|fragmented|coalesced|merged)\b",
        ),
        remedies=(r"framing", r"message\W+(?:boundar\w+|delimiters?)", r"<(?:startTransaction|commitTransaction)>"),
        prevented_by=(
            *("startTransaction", "commitTransaction", "canReadLine", "readline", "readuntil", "readexactly"),
            *("makefile", "read_exactly", "recv_exactly", "MSG_WAITALL"),
        ),
        topics=frozenset({"startTransaction", "commitTransaction"}),
    ),
    Defect(
        "blocked loop",
        "an event loop is kept waiting",
        ("`waitForConnected()` blocks the event loop.",),
        ("LS206",),
        said=(
            rf"(?:block|freez|stall)(?:e?s|ing|ed)?{_UP_TO_FIVE}(?:event\W+loop|gui|main\W+thread|ui)\b",
            r"(?:gui|ui|main\W+thread|event\W+loop)\W+(?:\w+\W+){0,3}?(?:blocked|frozen|freezes)",
        ),
        message="keeps",
    ),
    Defect(
        "no time limit",
        "a wait has no end",
        ("The server blocks forever.", "`waitForConnected()` is called without a timeout."),
        ("LS206",),
        said=(
            r"(?:block|wait|hang|stall)(?:s|ing|ed)?\W+(?:(?:\w+|<\w+>)\W+){0,3}?(?:forever|indefinitely|for ever)",
            r"infinite\W+time-?outs?",
            r"\bhangs?\b",
        ),
        remedies=(r"time-?outs?\b", r"timed\W+wait"),
        message="without an end",
        prevented_by=("settimeout", "wait_for", "timeout_at", "SO_RCVTIMEO"),
        is_prevented_at=_has_time_out,
    ),
    Defect(
        "short read or write",
        "one read or write is taken for the whole",
        ("Short reads are not handled.",),
        ("LS207",),
        said=(
            r"fewer\W+(?:than\W+\w+\W+)?bytes",
            r"fewer\W+than",
            r"(?:short|partial|incomplete)\W+(?:read|write|send|transfer)s?\W+(?:(?:\w+|<\w+>)\W+){0,5}?"
            r"(?:unnoticed|undetected|unhandled|lost|ignored|overlooked)",
        ),
        remedies=(
            r"(?:handl\w+|deals?\W+with|consider\w*|account\w*\W+for|loops?\W+over)\W+(?:\w+\W+){0,2}?(?:short|"
            r"partial)\W+"
            r"(?:read|write|send)s?",
            r"(?:short|partial)\W+(?:read|write|send)s?",
        ),
        prevented_by=("sendall", "MSG_WAITALL"),
    ),
    Defect(
        "end of stream",
        "the end of a stream is ignored, or a loop cannot be stopped",
        ("The end of the stream is not handled.", "The reading loop is an endless loop."),
        ("LS208",),
        said=(r"(?:infinite|endless)\W+loop", r"(?:spins?|loops?)\W+forever"),
        remedies=(r"end[\s-]of[\s-](?:the[\s-])?(?:file|stream)", r"\bEOF\b", r"<EOF>"),
        topics=frozenset({"EOF"}),
    ),
    Defect(
        "task lost",
        "nothing refers to a task",
        ("The task is created fire-and-forget.",),
        ("LS209",),
        said=(r"task\W+(?:\w+\W+){0,4}?garbage", r"fire[\s-]and[\s-]forget"),
        remedies=(r"reference\W+to\W+(?:the\W+)?task",),
        message="task",
        code=("create_task", "ensure_future"),
    ),
    Defect(
        "failure unheard",
        "nobody hears of an error, or that a connection ended",
        ("Disconnection is not handled.", "`errorOccurred` is not connected."),
        ("LS210",),
        said=(),
        remedies=(
            r"reconnect\w*",
            r"(?:handl\w+|reacts?\W+to|deals?\W+with)\W+(?:\w+\W+){0,2}?(?:disconnect\w*)",
            r"disconnect(?:s|ed|ion|ions)?\b(?=[^.;]{0,40}\bhandled)",
            r"<(?:errorOccurred|disconnected)>",
        ),
        topics=frozenset({"errorOccurred"}),
    ),
    Defect(
        "byte by byte",
        "bytes are read one by one, or a buffer is copied for each",
        ("The data is read byte by byte.",),
        ("LS302",),
        said=(r"byte[\s-]by[\s-]byte", r"(?:single|one)\W+bytes?\W+at\W+a\W+time", r"per-byte", r"quadratic"),
    ),
    Defect(
        "polling",
        "a loop asks again and again instead of waiting",
        ("The loop is a busy wait.",),
        ("LS303",),
        said=(r"busy[\s-]*(?:wait|loop)\w*", r"\bpolling", r"\bpolls\b", r"spins\b(?!\W+forever)"),
    ),
    Defect(
        "old connect",
        "signals and slots are connected by texts",
        ("The old-style connect syntax is used.",),
        ("LS405",),
        said=(
            r"old[\s-]style\W+(?:\w+\W+|<\w+>\W+)?(?:connect\w*|signal|syntax)",
            r"string-based\W+connect\w*",
            r"<(?:SIGNAL|SLOT)>",
        ),
        message="SIGNAL",
        code=("SIGNAL", "SLOT"),
        topics=frozenset({"SIGNAL", "SLOT"}),
    ),
    Defect(
        "magic number",
        "a number or a name is written where a constant should stand",
        ("There are magic timeouts.",),
        ("LS405",),
        said=(
            r"magic\W+(?:number|time-?out|constant)s?",
            r"hard-?coded\W+(?:\w+\W+)?(?:name|path|endpoint|time-?out|string)s?",
            r"duplicated\W+(?:\w+\W+)?(?:literal|name|endpoint)s?",
        ),
        message=r"time-out|written in",
    ),
    Defect(
        "no value",
        "a member is read before anything gives it a value",
        ("`m_count` is not initialised.",),
        ("LS406",),
        said=(r"uninitiali[sz]ed",),
        remedies=(r"\binitiali[sz](?:ed|ation|es?)\b",),
        message="a value",
    ),
    Defect(
        "explicit",
        "a constructor converts without being asked",
        ("The constructor of `Echo` is not explicit.",),
        ("LS406",),
        remedies=(r"explicit\b", r"<explicit>"),
        message="converts",
        is_prevented_in=lambda function: function.is_explicit,
        topics=frozenset({"explicit"}),
    ),
    Defect(
        "override",
        "nothing says that a function overrides another",
        ("`run()` is not marked `override`.",),
        ("LS406",),
        remedies=(
            r"(?:marked|declared|specifier|keyword|mark|with|without|missing|lacks|an?|the)\W+(?:as\W+|the\W+|an?\W+)*"
            r"(?:override\b|<override>)",
            r"<override>",
        ),
        message="overrides",
        is_prevented_in=lambda function: function.is_override,
        topics=frozenset({"override"}),
    ),
)
