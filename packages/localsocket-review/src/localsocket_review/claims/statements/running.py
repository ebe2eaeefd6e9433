"""Threads, processes, techniques and signals: what a program does at all, or does nowhere."""

from __future__ import annotations

import re
from collections.abc import Iterator

from localsocket_review.claims.reviewed_code import Code
from localsocket_review.claims.statements.asked import quoted, values_of
from localsocket_review.claims.statements.calls import subject_functions
from localsocket_review.claims.statements.phrases import Matched, StatementKind
from localsocket_review.claims.statements.truth import Truth, false, true, unknown
from localsocket_review.model.declarations import FunctionInfo
from localsocket_review.model.expressions import Attribute, Expression
from localsocket_review.model.place import Place
from localsocket_review.model.statements import Assign

_THREADS = (
    "Thread", "QThread", "QThreadPool", "QtConcurrent", "pthread_create", "thread", "jthread", "async", "to_thread",
    "run_in_executor", "ThreadPoolExecutor", "ThreadingMixIn", "ThreadingUnixStreamServer", "start_new_thread",
    "thrd_create", "moveToThread", "QRunnable", "Timer", "ThreadPool", "threading", "_thread", "concurrent",
)  # fmt: skip
_PROCESSES = (
    "fork",
    "vfork",
    "posix_spawn",
    "Process",
    "ForkingMixIn",
    "Pool",
    "ProcessPoolExecutor",
    "multiprocessing",
)
# A technique, and the names without one of which a program does not use it.
_TECHNIQUES = {
    r"json": ("json", "simplejson", "orjson", "ujson", "QJsonDocument", "nlohmann", "QJsonObject", "cJSON"),
    r"xml": ("xml", "ElementTree", "lxml", "QXmlStreamReader", "QDomDocument"),
    r"yaml": ("yaml", "ruamel"),
    r"pickle|pickling": ("pickle", "cPickle", "dill", "cloudpickle", "Listener", "Client", "shelve", "multiprocessing"),
    r"tcp(?:/ip)?": (
        "AF_INET",
        "AF_INET6",
        "start_server",
        "open_connection",
        "QTcpServer",
        "QTcpSocket",
        "create_connection",
        "create_server",
        "getaddrinfo",
        "TCPServer",
    ),
    r"udp": ("SOCK_DGRAM", "QUdpSocket", "create_datagram_endpoint", "UDPServer"),
    r"tls|ssl": ("ssl", "SSL", "SSLContext", "QSslSocket", "SSL_new", "TLS"),
    r"epoll": ("epoll", "epoll_create", "epoll_create1", "epoll_wait", "selectors", "DefaultSelector"),
    r"regular expressions?|regex(?:es)?": ("re", "regex", "QRegularExpression", "regcomp"),
    r"asyncio": ("asyncio",),
    r"shared memory": ("mmap", "shm_open", "SharedMemory", "QSharedMemory", "shmget"),
    r"sqlite|sql": ("sqlite3", "QSqlDatabase", "QSqlQuery", "psycopg2", "sqlalchemy", "execute"),
    r"semaphores?": (
        "Semaphore",
        "QSemaphore",
        "sem_init",
        "sem_open",
        "BoundedSemaphore",
        "counting_semaphore",
        "binary_semaphore",
        "QSystemSemaphore",
        "sem_t",
    ),
    r"exceptions?": ("raise", "throw", "try", "except", "catch"),
}


def _has_threads(_: Matched, code: Code) -> Truth | None:
    places = thread_names(code)
    workers = code.facts.threads.workers
    if workers:
        return true("The program starts threads.", *(quoted(one.place, code) for one in workers))
    if places:
        return unknown(
            "The program names threads; whether it starts any, is not certain.", *(quoted(one, code) for one in places)
        )
    return false(f"No thread is started; searched: {code.extent}.")


def thread_names(code: Code) -> list[Place]:
    """Return where anything is named that begins threads, be it in a library."""
    return _named(_THREADS, code)


def _named(names: tuple[str, ...], code: Code) -> list[Place]:
    return [place for name in names for place in code.occurrences(name)]


def _runs_in_thread(matched: Matched, code: Code) -> Truth | None:
    truth = _has_threads(matched, code)
    if truth is not None and truth.holds is False:
        return truth
    return None


def _has_processes(_: Matched, code: Code) -> Truth | None:
    calls = [call for function in code.program.functions for call in function.calls() if call.called_name in _PROCESSES]
    if calls:
        return true("The program starts processes.", *(quoted(one.place, code) for one in calls))
    if _named(_PROCESSES, code):
        return None
    return false(f"No process is forked; searched: {code.extent}.")


def _uses_technique(matched: Matched, code: Code) -> Truth | None:
    word = matched.words["TECH"].lower()
    names = next(names for pattern, names in _TECHNIQUES.items() if re.fullmatch(pattern, word))
    functions = subject_functions(matched, code) if "S" in matched.names else None
    del functions
    if _named(names, code):
        return None
    return false(
        f"Nothing in the code is of {matched.words['TECH']}: none of {', '.join(names[:4])}; searched: {code.extent}."
    )


def _signal(matched: Matched, code: Code) -> Truth | None:
    """SIGPIPE is ignored or handled."""
    mention = matched.name("X")
    if not re.fullmatch(r"SIG[A-Z0-9]+", mention.name):
        return None
    places = code.occurrences(mention.name)
    named = [quoted(one, code) for one in places]
    if not places:
        note = (
            " MSG_NOSIGNAL is given to a call, which keeps that call from raising it."
            if code.occurrences("MSG_NOSIGNAL")
            else ""
        )
        return (
            unknown(note.strip()) if note else false(f"{mention.name} is nowhere in the code; searched: {code.extent}.")
        )
    if any(
        "SIG_IGN" in line or "signal(" in line or "sigaction(" in line or "add_signal_handler" in line
        for _, line in named
    ):
        return true(f"{mention.name} is dealt with.", *named)
    return unknown(f"{mention.name} is named.", *named)


def _joins(_: Matched, code: Code) -> Truth | None:
    """Threads are waited for."""
    calls = [
        call
        for one in code.program.functions
        for call in one.calls()
        if call.called_name in ("join", "wait", "pthread_join", "shutdown", "waitForDone", "joinall", "result")
    ]
    calls = [call for call in calls if not _is_of_text(call.receiver)]
    if not calls:
        return false(f"No thread is joined; searched: {code.extent}.")
    return None


def _is_of_text(receiver: object) -> bool:
    return type(receiver).__name__ == "Literal"


def _daemon_flags(function: FunctionInfo) -> Iterator[Expression]:
    for call in function.calls():
        if "daemon" in call.keywords:
            yield call.keywords["daemon"]
    for statement in function.statements():
        match statement:
            case Assign(target=Attribute(name="daemon"), value=value) if value is not None:
                yield value


def _daemons(_: Matched, code: Code) -> Truth | None:
    """The threads are daemon threads."""
    given = [
        (values_of(value, function, code), value.place)
        for function in code.program.functions
        for value in _daemon_flags(function)
    ]
    shown = [quoted(place, code) for _, place in given]
    if not given:
        return (
            false(f"Nothing makes a thread a daemon; searched: {code.extent}.") if code.facts.threads.workers else None
        )
    if all(values == {"True"} for values, _ in given):
        return true("daemon is True.", *shown)
    return false("daemon is False.", *shown) if all(values == {"False"} for values, _ in given) else None


_TECH = rf"(?P<TECH>{'|'.join(_TECHNIQUES)})\b"
_ANYBODY = r"(?:{S}|[a-z]+(?: [a-z]+){0,3}|<\d+>)"

RUNNING = (
    StatementKind(
        "daemon threads",
        "whether the threads are daemon threads",
        "`Worker` threads are daemon threads.",
        _daemons,
        (
            r"(?:{S}|the \w+|[a-z]+)(?: threads?)? (?:is|are|run as|runs as) (?:an? )?daemon(?: threads?|s)?",
            (
                r"(?:the )?(?:\w+ )?threads? (?:is|are) (?:marked |started |created )?(?:as )?(?:an? )?daemon(?: "
                r"threads?|s)?"
            ),
        ),
    ),
    StatementKind(
        "threads",
        "whether the program starts threads",
        "The server is single-threaded.",
        _has_threads,
        (
            r"(?:{S}|the \w+) (?:is|are) multi-?threaded",
            (
                r"(?:{S}|the \w+) (?:starts?|spawns?|creates?|uses?|launches) (?:an? |new |several |multiple |"
                r"worker |background |any |more than one )*(?:thread|threads|worker threads?)\b"
            ),
            r"(?:an? |any )?(?:new |worker |background )?threads? (?:is|are) (?:started|created|spawned|launched|used)",
        ),
        (
            r"(?:{S}|the \w+) (?:is|are) single-?threaded",
            (
                r"no (?:new |worker |background |other )?threads? (?:is|are) (?:ever )?(?:started|created|spawned|"
                r"launched|used|involved)"
            ),
            r"there (?:is|are) no threads?",
            r"(?:everything|all of it) (?:runs|happens) (?:on|in) (?:one|a single|the main) thread",
        ),
    ),
    StatementKind(
        "other threads",
        "something that happens on another thread, where there is none",
        "`broadcast()` runs in a worker thread.",
        _runs_in_thread,
        (
            (
                rf"{_ANYBODY} .*?\b(?:from|in|on|by|across|between|to) (?:an? |the |its own |several |multiple |many |"
                r"two |different |other |another |separate |worker |background |second )+threads?\b"
            ),
            r".*\bdata races?\b",
        ),
        takes_rest=True,
    ),
    StatementKind(
        "processes",
        "whether the program forks",
        "The server forks a child process for each client.",
        _has_processes,
        (
            (
                r"(?:{S}|the \w+) (?:forks?|spawns?|starts?|creates?) (?:an? |new |another |child |separate |"
                r"several |multiple )*(?:process|processes|child|children|child process|child processes|copy|"
                r"copies)\b"
            ),
            r"(?:an? |the )?(?:child |new |separate )*process(?:es)? (?:is|are) (?:forked|started|spawned|created)",
        ),
        (r"no (?:child |new |other )?process(?:es)? (?:is|are) (?:forked|started|spawned|created)",),
    ),
    StatementKind(
        "technique",
        "a format or protocol that nothing in the code is of",
        "Objects are exchanged as JSON.",
        _uses_technique,
        (
            (
                r".*?\b(?:as|in|via|by|through|over|using|uses?|with|on|into|to|from|encoded as|parses?|speaks?|"
                r"sends?|writes?|reads?|an?) (?:an? |the |its |some |plain |raw |strict |named |counting "
                rf")*{_TECH}(?! hint| style| like)"
            ),
        ),
        takes_rest=True,
    ),
    StatementKind(
        "signals",
        "whether a signal of the system is ignored or handled",
        "`SIGPIPE` is neither ignored nor handled.",
        _signal,
        (
            r"{X} {BE} (?:ignored|handled|blocked|caught|masked)(?: or (?:ignored|handled|blocked|caught))?",
            r"{S} (?:ignores?|handles?|blocks?|catches|masks?) {X}",
        ),
        (r"{X} {BE} neither (?:ignored|handled|blocked|caught) nor (?:ignored|handled|blocked|caught)",),
    ),
    StatementKind(
        "threads are joined",
        "whether anything waits for threads to end",
        "The server joins every worker thread before it exits.",
        _joins,
        (
            r"(?:{S}|the \w+) (?:joins?|waits for) (?:\w+ )*threads?\b",
            r"(?:the |all |every )*(?:\w+ )?threads? (?:is|are) joined",
        ),
        (r"no thread (?:is|are) joined",),
    ),
)
