"""What is imported or included, and whether it is needed."""

from __future__ import annotations

import re

from localsocket_review.claims.mentions import Mention
from localsocket_review.claims.reviewed_code import Code
from localsocket_review.claims.statements.asked import quoted
from localsocket_review.claims.statements.calls import together
from localsocket_review.claims.statements.phrases import Matched, StatementKind
from localsocket_review.claims.statements.truth import Truth, false, true, unknown
from localsocket_review.claims.word_sets import word_set
from localsocket_review.model.place import Place
from localsocket_review.model.unit import Language, Unit

# What programs take from a header: every name of it that is of use. A header that is not here is not judged, unless it
# is one of Qt's, which is called as its class.
HEADERS = {
    "time.h": (
        r"time|clock|clock_\w+|timespec\w*|tm|nanosleep|strftime|localtime\w*|gmtime\w*|mktime|difftime|"
        r"time_t|ctime\w*|asctime\w*|timer_\w+|CLOCK_\w+"
    ),
    "sys/stat.h": r"\w*chmod\w*|[lf]?stat(?:at)?|mkdir\w*|umask|mkfifo\w*|S_I\w+|mode_t|mknod\w*|utimensat|futimens",
    "errno.h": r"errno|E[A-Z0-9]{2,}",
    "string.h": r"str\w+|mem\w+|strerror|size_t|NULL",
    "signal.h": r"signal|sig\w+|SIG\w+|kill|raise|SA_\w+|pthread_kill|psignal|killpg",
    "fcntl.h": r"fcntl|open|openat|creat|O_\w+|F_\w+|FD_CLOEXEC|AT_\w+|S_I\w+|posix_fadvise|mode_t",
    "pthread.h": r"pthread_\w+|PTHREAD_\w+",
    "poll.h": r"p?poll|pollfd|POLL\w+|nfds_t",
    "assert.h": r"assert|static_assert",
    "ctype.h": r"is(?:alnum|alpha|blank|cntrl|digit|graph|lower|print|punct|space|upper|xdigit)|to(?:upper|lower)",
    "stdbool.h": r"bool|true|false",
    "stdint.h": r"u?int\w*_t|U?INT\w*|SIZE_MAX",
    "inttypes.h": r"u?int\w*_t|PRI\w+|SCN\w+|strto[iu]max",
    "limits.h": r"\w+_(?:MAX|MIN)|CHAR_BIT",
    "stdarg.h": r"va_\w+",
    "math.h": r"sqrt\w*|pow\w*|floor\w*|ceil\w*|round\w*|fabs\w*|sin|cos|tan|exp|log\w*|fmod|NAN|INFINITY|M_PI|isnan",
    "sys/wait.h": r"wait\w*|W[A-Z]+",
    "sys/un.h": r"sockaddr_un|SUN_LEN",
    "sys/socket.h": (
        r"socket\w*|bind|listen|accept\w*|connect|send\w*|recv\w*|shutdown|[gs]etsockopt|sockaddr\w*|"
        r"AF_\w+|SOCK_\w+|SOL_\w+|SO_\w+|MSG_\w+|CMSG_\w+|SCM_\w+|msghdr|cmsghdr|SHUT_\w+|socklen_t|"
        r"getsockname|getpeername|ucred"
    ),
    "sys/select.h": r"p?select|fd_set|FD_\w+",
    "sys/epoll.h": r"epoll_\w+|EPOLL\w+",
    "sys/ioctl.h": r"ioctl|FIO\w+|TIOC\w+",
    "sys/mman.h": r"m(?:un)?map|mprotect|msync|shm_\w+|PROT_\w+|MAP_\w+|mlock\w*|memfd_\w+",
    "pwd.h": r"getpw\w*|passwd|setpwent|endpwent",
    "grp.h": r"getgr\w*|group|setgroups|initgroups|getgrouplist",
    "syslog.h": r"syslog|openlog|closelog|LOG_\w+|vsyslog",
    "getopt.h": r"getopt\w*|opt(?:arg|ind|err|opt)|option|required_argument|no_argument",
    "memory": (
        r"(?:unique|shared|weak)_ptr|make_(?:unique|shared)\w*|allocator\w*|addressof|"
        r"enable_shared_from_this|default_delete|static_pointer_cast|dynamic_pointer_cast|owner_less"
    ),
    "vector": r"vector",
    "map": r"(?:multi)?map",
    "set": r"(?:multi)?set",
    "list": r"list",
    "deque": r"deque",
    "queue": r"(?:priority_)?queue",
    "stack": r"stack",
    "array": r"array|to_array",
    "unordered_map": r"unordered_(?:multi)?map",
    "unordered_set": r"unordered_(?:multi)?set",
    "optional": r"optional|nullopt|make_optional",
    "variant": r"variant|visit|get_if|holds_alternative|monostate",
    "functional": r"function|bind|ref|cref|hash|less|greater|plus|mem_fn|placeholders|reference_wrapper|invoke",
    "algorithm": (
        r"sort\w*|find\w*|(?:max|min)\w*|copy\w*|transform|any_of|all_of|none_of|remove\w*|replace\w*|"
        r"count\w*|fill\w*|reverse|unique|(?:lower|upper)_bound|for_each|swap\w*|equal|rotate|generate|"
        r"clamp|search|binary_search|stable_\w+|partition|shuffle|merge|includes|is_sorted|ranges"
    ),
    "iostream": r"cout|cerr|cin|clog|endl|[io]stream|flush",
    "fstream": r"[io]?fstream|filebuf",
    "sstream": r"[io]?stringstream|stringbuf",
    "iomanip": r"set(?:w|fill|precision|base)|put_time|get_time|quoted|hex|fixed",
    "string": r"w?string|to_string|sto\w+|getline|char_traits",
    "string_view": r"w?string_view",
    "thread": r"j?thread|this_thread|sleep_\w+",
    "mutex": r"\w*mutex|lock_guard|unique_lock|scoped_lock|lock|call_once|once_flag",
    "condition_variable": r"condition_variable\w*|cv_status",
    "atomic": r"atomic\w*|memory_order\w*",
    "chrono": r"chrono|(?:milli|micro|nano)?seconds|minutes|hours|duration|time_point|steady_clock|system_clock",
    "random": r"random_device|mt19937\w*|\w+_distribution|default_random_engine",
    "stdexcept": (
        r"(?:runtime|logic|range|length|domain)_error|out_of_range|invalid_argument|overflow_error|"
        r"underflow_error"
    ),
    "cctype": r"is(?:alnum|alpha|blank|cntrl|digit|graph|lower|print|punct|space|upper|xdigit)|to(?:upper|lower)",
    "cstring": r"str\w+|mem\w+",
    "cassert": r"assert",
    "cmath": r"sqrt|pow|floor|ceil|round|abs|fabs|sin|cos|tan|exp|log\w*|fmod|isnan|isinf|hypot",
    "utility": r"pair|make_pair|move|forward|swap|exchange|as_const|declval",
    "tuple": r"tuple|tie|make_tuple|get|apply|forward_as_tuple",
    "csignal": r"signal|SIG\w+|raise|sig_atomic_t",
    "regex": r"regex\w*|smatch|cmatch|sregex_\w+",
    "filesystem": r"filesystem|path|directory_\w+",
}


def _is_needed(matched: Matched, code: Code) -> Truth | None:
    truths = [_of_one(one, matched, code) for one in matched.names["X"]]
    kept = [one for one in truths if one is not None]
    return together(kept) if kept and len(kept) == len(truths) else None


def _of_one(mention: Mention, matched: Matched, code: Code) -> Truth | None:
    files = {one.name for one in (*matched.names.get("S", ()), *matched.scopes) if one.is_file}
    units = [unit for unit in code.program.units if not files or unit.path.rpartition("/")[2] in files]
    found = [(unit, place) for unit in units for place in _imported(mention, unit)]
    if not found:
        if "import" in matched.wording.core or "include" in matched.wording.core:
            return unknown(f"{mention.text} is not imported; searched: {code.extent}.")
        return None
    uses = [use for unit, _ in found for use in _uses(mention, unit, code)]
    if any(one is None for one in uses):
        return unknown(f"What {mention.text} gives is not known.", *(quoted(place, code) for _, place in found))
    used = [one for one in uses if one is not None]
    if used:
        return true(f"{mention.text} is used.", *(quoted(place, code) for place in used[:3]))
    return false(
        f"Nothing of {mention.text} is used; searched: {code.extent}.", *(quoted(place, code) for _, place in found)
    )


def _imported(mention: Mention, unit: Unit) -> list[Place]:
    if unit.language is Language.PYTHON:
        local = [name for name, full in unit.imports.items() if mention.name in (name, full)]
        return [unit.import_places[name] for name in local if name in unit.import_places]
    name = mention.name
    return [place for header, place in unit.includes if name in (header, header.rpartition("/")[2])]


def _uses(mention: Mention, unit: Unit, code: Code) -> list[Place | None]:
    if unit.language is Language.PYTHON:
        local = next((name for name, full in unit.imports.items() if mention.name in (name, full)), mention.name)
        own = unit.import_places.get(local)
        lines = {own.line} if own is not None else set()
        return [
            one
            for one in code.occurrences(local)
            if one.file == unit.path and one.line not in lines and not _is_import(one, unit)
        ]
    header = next(header for header, _ in unit.includes if mention.name in (header, header.rpartition("/")[2]))
    names = HEADERS.get(header) or HEADERS.get(header.rpartition("/")[2])
    if names is None:
        names = _of_qt(header.rpartition("/")[2])
    if names is None:
        return [None]
    words = sorted({word for word in unit.identifiers if re.fullmatch(names, word)})
    return [
        one for word in words for one in code.occurrences(word) if one.file == unit.path and not _is_include(one, unit)
    ]


_QT_MODULES = word_set("QtCore QtNetwork QtWidgets QtGui QtConcurrent QtSql QtGlobal QtMath QtEndian QtDebug QtPlugin")
_QT_NAMES = {
    "QDebug": r"QDebug\w*|q(?:Debug|Warning|Critical|Info|Fatal)",
    "QTest": r"QTest\w*|QTEST_\w+|QCOMPARE\w*|QVERIFY\w*|QFETCH\w*|QSKIP|QFAIL|QEXPECT_FAIL|QTRY_\w+|QBENCHMARK\w*",
    "QtTest": (
        r"QTest\w*|QSignalSpy|QTEST_\w+|QCOMPARE\w*|QVERIFY\w*|QFETCH\w*|QSKIP|QFAIL|QEXPECT_FAIL|QTRY_\w+|"
        r"QBENCHMARK\w*"
    ),
    "QCoreApplication": r"QCoreApplication|qApp",
    "QApplication": r"QApplication|qApp",
    "QObject": r"QObject\w*|Q_OBJECT|connect|disconnect|qobject_cast|tr|emit|sender",
    "QMetaType": r"QMetaType|Q_DECLARE_METATYPE|qRegisterMetaType",
    "QString": r"QString\w*|QLatin1String\w*|QChar",
}


def _of_qt(header: str) -> str | None:
    """Return what a header of Qt gives: its class, and what begins with its name, as QMutexLocker of QMutex."""
    if header in _QT_NAMES:
        return _QT_NAMES[header]
    is_class = re.fullmatch(r"Q[A-Z]\w+", header) is not None and header not in _QT_MODULES
    return rf"{header}\w*" if is_class else None


def _is_import(place: Place, unit: Unit) -> bool:
    return re.match(r"\s*(?:from\s+\S+\s+)?import\b", unit.line(place.line)) is not None


def _is_include(place: Place, unit: Unit) -> bool:
    return unit.line(place.line).lstrip().startswith("#")


def _is_imported(matched: Matched, code: Code) -> Truth | None:
    """X is imported."""
    truths = []
    for mention in matched.names["X"]:
        places = [place for unit in code.program.units for place in _imported(mention, unit)]
        if places:
            truths.append(true(f"{mention.text} is imported.", *(quoted(one, code) for one in places)))
        elif code.occurrences(mention.name):
            return None
        else:
            truths.append(false(f"{mention.text} is not imported; searched: {code.extent}."))
    return together(truths)


_IMPORTED = r"(?:imported|included)(?: from <\d+>)?"


def _any_idle(_: Matched, code: Code) -> Truth | None:
    """There are unused imports: each of them was asked for."""
    units = [one for one in code.program.units if one.language is Language.PYTHON]
    if not units or len(units) != len(code.program.units):
        return None
    idle = []
    for unit in units:
        for name, place in unit.import_places.items():
            mention = Mention(name, "", None, name, 0, 0)
            if place is not None and not _uses(mention, unit, code) and unit.module_name != "__init__":
                idle.append((place, f"{name} is not used"))
    if idle:
        return true(f"{len(idle)} imports are not used.", *idle)
    return false(f"Every import is used; searched: {code.extent}.")


IMPORTS = (
    StatementKind(
        "unused imports",
        "whether there are unused imports",
        "There are unused imports in this file.",
        _any_idle,
        (
            r"there (?:is|are) (?:any |an? |some |several )?(?:unused|unneeded|superfluous) imports?",
            r"{S} (?:has|contains) (?:any |an? |some )?unused imports?",
        ),
        (
            r"there (?:is|are) no (?:unused|unneeded|superfluous) imports?",
            r"every import(?:ed module)? (?:is|was) used",
            r"(?:imports|imported modules) are used",
            r"no import is unused",
        ),
    ),
    StatementKind(
        "import is used",
        "whether an import or an include is needed",
        "`argparse` is an unused import.",
        _is_needed,
        (
            rf"{{XS}} {{BE}} {_IMPORTED}(?: and|, and|,) (?:is |are )?(?:used|needed)",
            r"(?:the )?(?:import|include)s? of {XS} (?:is|are) (?:needed|used|necessary)",
            r"{XS} (?:is|are) (?:needed|required|necessary)(?: by (?:<\d+>|(?:this|the) \w+))?",
        ),
        (
            rf"{{XS}} {{BE}} {_IMPORTED},? (?:but|yet|and|although it is|though it is) (?:is |are )?unused",
            rf"{{XS}} {{BE}} {_IMPORTED} (?:for nothing|needlessly|unnecessarily|in vain|for no reason)",
            rf"{{XS}} {{BE}} {_IMPORTED} without (?:being used|being needed|any use|use|being referenced)",
            (
                r"{XS} (?:is|are) (?:an? )?(?:unused|unneeded|unnecessary|superfluous|redundant|needless) "
                r"(?:import|include|header)s?"
            ),
            (
                r"(?:the )?(?:import|include)s? (?:of )?{XS} (?:is|are) (?:unused|unneeded|unnecessary|superfluous|"
                r"redundant)"
            ),
            (
                rf"{{XS}} {{BE}} {_IMPORTED},? (?:but|yet|and) (?:nothing|none|no name) (?:from|of|in) (?:it|them) "
                r"(?:is|are) (?:used|needed)"
            ),
            r"(?:unused|unneeded|superfluous) (?:import|include)s?(?: of)?:? {XS}",
            r"{S} (?:includes|imports) {XS} without (?:using|needing) (?:it|them)",
            r"{S} (?:includes|imports) {XS} but (?:uses|needs|use|need) (?:it|them)_",
        ),
    ),
    StatementKind(
        "import is used, in other words",
        "whether an import or an include is needed",
        "`pickle` is imported but never used.",
        _is_needed,
        (
            (
                rf"{{XS}} {{BE}} {_IMPORTED}(?: from <\d+>)?,? (?:but|yet|and|although (?:it is|"
                rf"they are)|though it is) (?:is |are "
                r")?(?:used|needed|referenced)"
            ),
            r"{S} (?:includes|imports) {XS},? (?:but|yet|although it|although) (?:it )?(?:uses?|needs?) (?:it|them)",
        ),
    ),
    StatementKind(
        "is imported",
        "whether something is imported or included",
        "`pickle` is imported.",
        _is_imported,
        (rf"{{XS}} {{BE}} {_IMPORTED}", r"{S} (?:imports|includes) {XS}"),
    ),
)
