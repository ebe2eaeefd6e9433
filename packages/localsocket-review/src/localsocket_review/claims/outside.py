"""Names that libraries have: what the code does not use is then absent, and not invented."""

from __future__ import annotations

import builtins
import importlib
import keyword
import re
import sys
from collections.abc import Iterator
from functools import cache

from localsocket_review.apis import built_in
from localsocket_review.apis.qt_overloads import overloads_of
from localsocket_review.claims.mentions import Mention
from localsocket_review.claims.reviewed_code import Code
from localsocket_review.claims.statements.imports import HEADERS
from localsocket_review.claims.word_sets import word_set

# Modules of Python's own that programs like these use; what they and their classes have is known by looking.
_MODULES = word_set(
    "asyncio contextlib ctypes functools io itertools json logging marshal multiprocessing.connection "
    "os os.path pathlib "
    "pickle random re select selectors shutil signal socket socketserver ssl stat string struct subprocess tempfile "
    "threading time traceback queue errno secrets hashlib hmac collections concurrent.futures unittest argparse"
)
_C_CALLS = re.compile(
    r"(?:p?read|p?write|[sv]*n?printf|[sf]?scanf|f?gets|f?puts|fopen|fclose|fread|fwrite|fork|vfork|"
    r"exec[lv]\w*|wait\w*|"
    r"pipe2?|dup[23]?|close\w*|unlink\w*|rename\w*|exit|_exit|abort|assert|malloc|calloc|realloc|free|alloca|"
    r"get[a-z]*id|set[a-z]*id|getenv|setenv|system|popen|sleep|usleep|nanosleep|kill|raise|perror|atoi|atol|strto\w+|"
    r"htons|htonl|ntohs|ntohl|inet_\w+|CMSG_\w+|std|lock|unlock|emit|move|make_\w+|\w+_cast|what|c_str|push_back|size|"
    r"begin|end|data|at|find|erase|insert|clear|empty|join|detach|reset|get|main)"
)
_CONSTANT = re.compile(
    r"(?:E|SIG|SO|SOCK|AF|PF|MSG|O|F|FD|S|SA|CMSG|SCM|SOL|IPPROTO|PR|CLONE|EPOLL|POLL|MAP|PROT)_?[A-Z0-9_]+"
)
_PREFIXES = word_set(
    "pthread epoll sem shm sched clock timer posix inet size time make unique shared weak lower upper lock"
)
_QT = re.compile(r"(?:Q[A-Z]\w*|Q_\w+|Qt|qt\w+|q[A-Z]\w+|QT_\w+)")
_SIGNALS = word_set(
    "newConnection readyRead disconnected connected errorOccurred bytesWritten stateChanged finished started timeout "
    "destroyed aboutToQuit aboutToClose readChannelFinished clicked triggered quit exec accept reject toggled tr "
    "READ WRITE NOTIFY CONSTANT moveToThread sender objectName setParent parent children"
)
_EXCEPTION = re.compile(r"\w+(?:Error|Exception|Warning|Interrupt)")


@cache
def _python_names() -> frozenset[str]:
    return frozenset((*dir(builtins), *keyword.kwlist, *sys.stdlib_module_names, *_of_builtins(), *_of_modules()))


def _of_builtins() -> Iterator[str]:
    for kind in (str, bytes, bytearray, dict, list, set, tuple, int, float, memoryview):
        yield from dir(kind)


def _of_modules() -> Iterator[str]:
    for name in sorted(_MODULES):
        module = importlib.import_module(name)
        for word, value in vars(module).items():
            yield word
            if isinstance(value, type):
                yield from vars(value)


@cache
def _header_names() -> tuple[re.Pattern[str], ...]:
    return tuple(re.compile(names) for names in HEADERS.values())


def is_known_outside(mention: Mention, code: Code) -> bool:
    """Say whether a library that programs use has this name, be it used here or not."""
    if mention.qualifier and code.program.class_named(mention.qualifier) is not None:
        return False
    if mention.qualifier and mention.qualifier in code.names:
        return is_known_word(mention.name)
    if mention.qualifier and not is_known_word(mention.qualifier) and not code.occurrences(mention.qualifier):
        return False
    return is_known_word(mention.name)


def is_known_word(word: str) -> bool:
    """Say whether some library that programs use has a thing of this name."""
    if built_in().is_known_call(word) or overloads_of(word) or word in _python_names() or word in _SIGNALS:
        return True
    if any(pattern.fullmatch(word) for pattern in (_C_CALLS, _CONSTANT, _QT, _EXCEPTION)):
        return True
    head, underscore, _ = word.partition("_")
    if underscore and word.islower() and head not in _PREFIXES:
        return False  # recv_many_fds is no name of the library, though recv is
    return any(pattern.fullmatch(word) for pattern in _header_names())
