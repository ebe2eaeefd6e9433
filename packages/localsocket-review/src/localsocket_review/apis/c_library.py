"""C and C++: POSIX sockets and files, and the parts of the C and C++ libraries that matter here."""

from __future__ import annotations

from localsocket_review.apis.meaning import RECEIVER, Act, Api, api

_DESCRIPTOR = "descriptor"
_MALLOC = ("malloc", "alloca", "std.malloc", "new[]", "[]", "std.make_unique[]", "operator new", "g_malloc")
_FILE_STREAMS = ("ifstream", "ofstream", "fstream")
FRESH_MEMORY = frozenset({*_MALLOC, "calloc"})  # there is nothing of their arguments in what these give
# What writes a text by a pattern into its first argument, and which argument that pattern is; the values follow.
PATTERN_AT = {"snprintf": 2, "sprintf": 1, "asprintf": 1}


def _commands() -> tuple[Api, ...]:
    first = ("system", "popen", "execl", "execlp", "execle", "execv", "execvp", "execvpe", "std.system", "wordexp")
    return tuple(api(name, Act.RUN_COMMAND, command=0) for name in first)


def _allocations() -> tuple[Api, ...]:
    methods = ("vector", "string", "basic_string", "deque")
    return (
        *(api(name, Act.ALLOCATE, size=0) for name in _MALLOC),
        api("calloc", Act.ALLOCATE, size=0),
        api("realloc", Act.ALLOCATE, size=1),
        *(api(f"std.{name}.{method}", Act.ALLOCATE, size=0) for name in methods for method in ("resize", "reserve")),
        *(api(f"std.{name}", Act.ALLOCATE, f"std.{name}", size=0) for name in methods),
        api("std.vector.assign", Act.ALLOCATE, size=0),
    )


def _formats() -> tuple[Api, ...]:
    """What writes a text with % in it. Those of err.h are left out: many programs have a warn() of another kind."""
    first = ("printf", "vprintf", "wprintf", "std.printf", "std.wprintf", "g_print", "g_printerr")
    second = ("fprintf", "vfprintf", "fwprintf", "dprintf", "vdprintf", "std.fprintf", "syslog", "vsyslog")
    return (
        *(api(name, Act.FORMAT, pattern=0) for name in first),
        *(api(name, Act.FORMAT, pattern=1) for name in second),
        *(api(name, Act.COPY_TEXT | Act.FORMAT, buffer=0, source=1, pattern=1) for name in ("asprintf", "vasprintf")),
        *(api(name, Act.COPY_TEXT | Act.FORMAT, buffer=0, source=2, pattern=2) for name in ("vsnprintf", "swprintf")),
    )


APIS: tuple[Api, ...] = (
    *_commands(),
    *_allocations(),
    api("socket", Act.CONSTRUCT, _DESCRIPTOR, reports=True, takes=3),
    api("socketpair", Act.CONSTRUCT, "int", reports=True, buffer=3, takes=4),
    *(api(name, Act.CONSTRUCT, "int", buffer=0) for name in ("pipe", "pipe2")),
    api("bind", Act.BIND, endpoint=1, reports=True, takes=3),
    api("listen", Act.LISTEN, reports=True, takes=2),
    api("connect", Act.CONNECT | Act.WAIT, endpoint=1, reports=True, takes=3),
    api("accept", Act.ACCEPT | Act.WAIT, _DESCRIPTOR, reports=True, takes=3),
    api("accept4", Act.ACCEPT | Act.WAIT, _DESCRIPTOR, reports=True, takes=4),
    api("recv", Act.RECEIVE | Act.CHUNK | Act.ENDS | Act.WAIT, "int", descriptor=0, buffer=1, size=2, takes=4),
    api("recvfrom", Act.RECEIVE | Act.WAIT, "int", descriptor=0, buffer=1, size=2, takes=6),
    api("recvmsg", Act.RECEIVE | Act.CHUNK | Act.ENDS | Act.WAIT, "int", descriptor=0, buffer=1, takes=3),
    api("read", Act.RECEIVE | Act.CHUNK | Act.ENDS | Act.WAIT, "int", descriptor=0, buffer=1, size=2, takes=3),
    api("send", Act.SEND | Act.SHORT | Act.WAIT, "int", descriptor=0, data=1, takes=4),
    api("write", Act.SEND | Act.SHORT | Act.WAIT, "int", descriptor=0, data=1, takes=3),
    api("sendmsg", Act.SEND | Act.SHORT | Act.WAIT, "int", descriptor=0, data=1, takes=3),
    api("getrandom", Act.WAIT, "int", buffer=0, size=1, takes=3),
    api("close", Act.CLOSE, descriptor=0, takes=1),
    api("poll", Act.WAIT, "int", timeout=2, takes=3),
    api("epoll_wait", Act.WAIT, "int", timeout=3, takes=4),
    api("getsockopt", Act.CHECK_PEER, "int", reports=True, buffer=3, takes=5),
    api("getpeereid", Act.CHECK_PEER, "int", reports=True, takes=3),
    # the endpoint's file
    api("unlink", Act.REMOVE | Act.OPEN_PATH, endpoint=0, path=0, takes=1),
    api("remove", Act.REMOVE | Act.OPEN_PATH, endpoint=0, path=0, takes=1),
    api("unlinkat", Act.REMOVE | Act.OPEN_PATH, endpoint=1, path=1),
    api("std.remove", Act.REMOVE | Act.OPEN_PATH, endpoint=0, path=0),
    api("std.filesystem.remove", Act.REMOVE | Act.OPEN_PATH, endpoint=0, path=0),
    api("chmod", Act.CHMOD, path=0, mode=1, takes=2),
    api("fchmod", Act.CHMOD, path=0, mode=1, takes=2),
    api("fchmodat", Act.CHMOD, path=1, mode=2),
    api("std.filesystem.permissions", Act.CHMOD, path=0, mode=1),
    api("umask", Act.UMASK, mode=0, takes=1),
    api("mkdir", Act.MAKE_DIRECTORY, path=0, mode=1, takes=2),
    api("flock", Act.LOCK, takes=2),
    api("lockf", Act.LOCK),
    *(api(name, Act.LOCK) for name in ("pidfile_open", "pidfile_lock")),  # libutil's and libbsd's
    api("daemon_pid_file_is_running", Act.FIND_PROCESS),  # libdaemon's
    api("kill", Act.FIND_PROCESS, takes=2),
    api("open", Act.OPEN_PATH, path=0),
    api("openat", Act.OPEN_PATH, path=1),
    api("fopen", Act.OPEN_PATH, path=0),
    api("opendir", Act.OPEN_PATH, path=0),
    *(api(f"std.{stream}", Act.OPEN_PATH, f"std.{stream}", path=0) for stream in _FILE_STREAMS),
    *(api(f"std.{stream}.open", Act.OPEN_PATH, path=0) for stream in _FILE_STREAMS),
    *(api(name, Act.WRITE_OUT, size=2, takes=4) for name in ("fwrite", "std.fwrite")),
    api("freopen", Act.OPEN_PATH, path=0),
    api("rename", Act.OPEN_PATH, path=0, other_path=1, takes=2),
    api("truncate", Act.OPEN_PATH, path=0, takes=2),
    api("std.filesystem.remove_all", Act.OPEN_PATH, path=0),
    # texts
    api("strcpy", Act.COPY_TEXT, buffer=0, source=1),
    api("strncpy", Act.COPY_TEXT, buffer=0, source=1, size=2),
    api("strlcpy", Act.COPY_TEXT, buffer=0, source=1),
    api("stpcpy", Act.COPY_TEXT, buffer=0, source=1),
    api("qstrncpy", Act.COPY_TEXT, buffer=0, source=1),
    api("memcpy", Act.COPY_TEXT, buffer=0, source=1, size=2),
    api("memmove", Act.COPY_TEXT, buffer=0, source=1, size=2),
    api("std.memcpy", Act.COPY_TEXT, buffer=0, source=1, size=2),
    api("std.strcpy", Act.COPY_TEXT, buffer=0, source=1),
    api("std.strncpy", Act.COPY_TEXT, buffer=0, source=1, size=2),
    api("std.copy_n", Act.COPY_TEXT, buffer=2, source=0, size=1),
    api("sprintf", Act.COPY_TEXT | Act.FORMAT, buffer=0, source=1, pattern=1),
    api("snprintf", Act.COPY_TEXT | Act.FORMAT, buffer=0, source=2, pattern=2),
    api("std.snprintf", Act.COPY_TEXT | Act.FORMAT, buffer=0, source=2, pattern=2),
    api("std.string.copy", Act.COPY_TEXT, buffer=0, source=RECEIVER, size=1),
    api("std.string_view", Act.CONSTRUCT, "std.string_view"),
    api("std.string_view.copy", Act.COPY_TEXT, buffer=0, source=RECEIVER, size=1),
    api("std.copy", Act.COPY_TEXT, buffer=2, source=0),
    api("std.strcat", Act.COPY_TEXT, buffer=0, source=1),
    api("std.sprintf", Act.COPY_TEXT | Act.FORMAT, buffer=0, source=1, pattern=1),
    api("qstrcpy", Act.COPY_TEXT, buffer=0, source=1),
    api("vsprintf", Act.COPY_TEXT | Act.FORMAT, buffer=0, source=1, pattern=1),
    *(api(name, Act.COPY_TEXT, buffer=0, source=1) for name in ("mbstowcs", "wcstombs", "wcscpy", "wcscat")),
    *(api(name, Act.COPY_TEXT, buffer=0, source=1, size=2) for name in ("wcsncpy", "wmemcpy", "wcsncat")),
    api("std.getline", Act.COPY_TEXT, buffer=1, source=0),
    api("fgets", Act.READ_STREAM, buffer=0, size=1, stream=2, takes=3),
    api("getline", Act.READ_STREAM, buffer=0, stream=2, takes=3),
    api("getdelim", Act.READ_STREAM, buffer=0, stream=3, takes=4),
    api("fread", Act.READ_STREAM, buffer=0, size=2, stream=3, takes=4),
    api("strncat", Act.COPY_TEXT, buffer=0, source=1, size=2),
    api("strcat", Act.COPY_TEXT, buffer=0, source=1),
    *_formats(),
    # numbers
    *(api(name, Act.UNPACK, "int", data=0) for name in ("ntohl", "ntohs", "be32toh", "le32toh", "be64toh", "le64toh")),
    *(api(name, Act.UNPACK, "int", data=0) for name in ("atoi", "atol", "strtol", "strtoul", "strtoull", "std.stoi")),
    *(api(name, Act.UNPACK, "int", data=0) for name in ("std.stoul", "std.stoull", "std.stol", "std.atoi")),
    # what takes a text for whole
    *(api(name, Act.PARSE, data=0) for name in ("strcmp", "strcasecmp", "strncmp", "strncasecmp", "memcmp")),
    *(api(name, Act.PARSE, data=0, buffers_from=2) for name in ("sscanf", "swscanf", "std.sscanf")),
    *(api(name, Act.PARSE, data=0) for name in ("strtok", "strtok_r", "std.strcmp", "std.strncmp", "std.memcmp")),
    *(api(name, Act.PARSE, data=0) for name in ("nlohmann.json.parse", "json_tokener_parse", "cJSON_Parse")),
    api("std.istringstream", Act.PARSE, data=0),
    api("std.stringstream", Act.PARSE, data=0),
    # shared memory
    api("shm_open", Act.SHARE_MEMORY, "int", memory=0, takes=3),
    api("shm_unlink", Act.SHARE_MEMORY, "int", memory=0, takes=1),
    api("shmget", Act.SHARE_MEMORY, "int", size=1, takes=3),
    api("ftruncate", Act.SHARE_MEMORY, "int", size=1, takes=2),
    api("mmap", Act.SHARE_MEMORY, size=1, takes=6),
    api("memfd_create", Act.SHARE_MEMORY, "int", memory=0, takes=2),
    # threads and waiting
    api("pthread_create", Act.START_THREAD, target=2),
    api("std.thread", Act.START_THREAD, "std.thread", target=0),
    api("std.jthread", Act.START_THREAD, "std.thread", target=0),
    api("std.async", Act.START_THREAD, target=0),
    *(api(name, Act.SLEEP | Act.WAIT, seconds=0) for name in ("sleep", "usleep", "nanosleep")),
    api("std.this_thread.sleep_for", Act.SLEEP | Act.WAIT, seconds=0),
    *(api(name, Act.QUOTE, pattern=0) for name in ("sqlite3_mprintf", "sqlite3_vmprintf")),
    api("sqlite3_exec", Act.RUN_QUERY, query=1),
    api("dlopen", Act.RUN_CODE, code=0),
)
