"""What is declared by the headers that are included for one thing: by which words a use of them is recognised."""

from __future__ import annotations

import re

# A header that stands here is needed where the code mentions what matches; one that does not is not judged.
_PROVIDES: dict[str, str] = {
    "algorithm": r"sort|find\w*|remove\w*|any_of|all_of|none_of|count\w*|copy\w*|min\w*|max\w*|clamp|fill\w*|equal|"
    r"transform|for_each|unique\w*|reverse\w*|swap\w*|\w+_bound|search\w*|rotate|move\w*|replace\w*|generate\w*",
    "array": r"array|to_array|get",
    "atomic": r"atomic\w*|memory_order\w*",
    "chrono": r"chrono|\w+_literals",
    "condition_variable": r"condition_variable\w*|cv_status|notify_all_at_thread_exit",
    "deque": r"deque",
    "filesystem": r"filesystem",
    "fstream": r"\w*fstream|\w*filebuf",
    "functional": r"function|bind|ref|cref|hash|placeholders|mem_fn|invoke|less|greater|plus|move_only_function|not_fn",
    "future": r"future\w*|async|promise|packaged_task|shared_future|launch",
    "iostream": r"cout|cerr|cin|clog|endl|flush|ios\w*|[io]stream",
    "list": r"list",
    "map": r"map|multimap",
    "memory": r"\w*_ptr|make_unique\w*|make_shared\w*|allocat\w*|addressof|enable_shared_from_this|default_delete|"
    r"uninitialized\w*|destroy\w*",
    "mutex": r"\w*mutex|\w*lock\w*|once_flag|call_once",
    "optional": r"optional|nullopt\w*|make_optional|in_place",
    "queue": r"queue|priority_queue",
    "regex": r"\w*regex\w*|\w?match\w*",
    "set": r"set|multiset",
    "sstream": r"\w*stringstream|\w*stringbuf",
    "stack": r"stack",
    "thread": r"j?thread|this_thread",
    "unordered_map": r"unordered_\w*map",
    "unordered_set": r"unordered_\w*set",
    "variant": r"variant\w*|visit|get\w*|holds_alternative|monostate",
    "vector": r"vector",
    "arpa/inet.h": r"inet_\w+|hton\w+|ntoh\w+|in_addr\w*|sockaddr_in\w*",
    "netinet/in.h": r"sockaddr_in\w*|in6?_\w+|hton\w+|ntoh\w+|INET\w*|IPPROTO_\w+|IN6?ADDR\w*",
    "netinet/tcp.h": r"TCP_\w+|tcp\w*",
    "netdb.h": r"getaddrinfo|freeaddrinfo|gai_strerror|addrinfo|gethostby\w+|hostent|getservby\w+|AI_\w+|NI_\w+",
    "dirent.h": r"\w*dir\w*|DIR|DT_\w+",
    "dlfcn.h": r"dl\w+|RTLD_\w+",
    "math.h": r"[a-z0-9]+f?|M_\w+|INFINITY|NAN|HUGE_VAL\w*",
    "poll.h": r"p?poll|pollfd|POLL\w+|nfds_t",
    "pthread.h": r"pthread_\w+|PTHREAD_\w+",
    "pwd.h": r"getpw\w+|passwd|\w+pwent",
    "grp.h": r"getgr\w+|group|\w+grent|\w+groups",
    "semaphore.h": r"sem_\w+|SEM_\w+",
    "setjmp.h": r"\w*jmp\w*",
    "signal.h": r"\w*sig\w+|SIG\w+|SA_\w+|SI_\w+|\w*kill|raise",
    "sys/epoll.h": r"epoll_\w+|EPOLL\w+",
    "sys/eventfd.h": r"eventfd\w*|EFD_\w+",
    "sys/file.h": r"flock|LOCK_\w+|open\w*|O_\w+",
    "sys/inotify.h": r"inotify_\w+|IN_\w+",
    "sys/mman.h": r"m\w*map|munmap|m\w+|MAP_\w+|PROT_\w+|shm_\w+|MFD_\w+",
    "sys/resource.h": r"\w+rlimit\w*|RLIMIT_\w+|getrusage|rusage|RUSAGE_\w+|\w+priority|RLIM_\w+|PRIO_\w+",
    "sys/select.h": r"p?select|fd_set|FD_\w+|timeval|timespec",
    "sys/signalfd.h": r"signalfd\w*|SFD_\w+",
    "sys/stat.h": r"\w*stat\w*|\w*ch?mod\w*|mkdir\w*|umask|S_\w+|mkfifo\w*|mknod\w*|mode_t|\w*utime\w*",
    "sys/time.h": r"timeval|gettimeofday|\w*itimer\w*|utimes|timer\w+|ITIMER_\w+|FD_\w+|fd_set|select|settimeofday",
    "sys/timerfd.h": r"timerfd_\w+|TFD_\w+",
    "sys/uio.h": r"iovec|\w*readv\w*|\w*writev\w*|process_vm_\w+",
    "sys/un.h": r"sockaddr_un|SUN_LEN|sun_\w+",
    "sys/wait.h": r"wait\w*|W[A-Z]+\w*|P_\w+",
    "syslog.h": r"\w*log|LOG_\w+|setlogmask",
    "termios.h": r"tc\w+|cf\w+|termios",
    "time.h": r"\w*time\w*|clock\w*|timespec|CLOCK\w*|tm|nanosleep|TIMER_\w+|tz\w+",
}
_QT_ALSO: dict[str, str] = {
    "QAtomicInt": r"QAtomic\w+",
    "QByteArray": r"QByteArray\w*|q(?:str|un|Un|mem)\w+|qCompress|qChecksum",
    "QCoreApplication": r"QCoreApplication|qApp|qAppName|Q_COREAPP_\w+|Q_DECLARE_TR_FUNCTIONS|q\w+RemovePostRoutine",
    "QApplication": r"QApplication|qApp|QCoreApplication|QGuiApplication",
    "QGuiApplication": r"QGuiApplication|qApp|qGuiApp|QCoreApplication",
    "QDebug": r"QDebug\w*|q(?:Debug|Info|Warning|Critical|Fatal)|qC?(?:Debug|Info|Warning|Critical)|qSetMessagePattern",
    "QFlags": r"QFlags?|Q_DECLARE_\w*FLAGS\w*",
    "QHash": r"Q(?:Multi|MutableH|H)ash\w*|qHash\w*",
    "QList": r"Q\w*List\w*|QVector\w*",
    "QLoggingCategory": r"QLoggingCategory|Q_\w*LOGGING_CATEGORY|qC\w+",
    "QMap": r"Q(?:Multi|MutableM|M)ap\w*",
    "QMetaEnum": r"QMetaEnum|Q_ENUM\w*",
    "QMetaType": r"QMetaType\w*|qRegister\w+|Q_DECLARE_METATYPE|qMetaTypeId",
    "QMutex": r"Q\w*Mutex\w*",
    "QObject": r"QObject\w*|Q_OBJECT|Q_GADGET|qobject_cast|signals|slots|Q_\w+|emit|connect|tr",
    "QPointer": r"QPointer|qPointerFrom\w+",
    "QQueue": r"QQueue",
    "QRandomGenerator": r"QRandomGenerator\w*",
    "QReadWriteLock": r"Q(?:Read|Write)\w*Lock\w*",
    "QScopedPointer": r"QScoped\w+",
    "QSharedPointer": r"QSharedPointer\w*|QWeakPointer|QEnableSharedFromThis|qShared\w+|q\w+PointerCast",
    "QString": r"QString\w*|QLatin1\w+|QStringLiteral|QChar\w*|qPrintable|qUtf\w+|qUtf16\w+|u_s",
    "QStringList": r"QStringList\w*|QStringLiteral|split|join|arguments",
    "QTest": r"QTest\w*|QTEST_\w+|QVERIFY\w*|QCOMPARE\w*|QSKIP|QFETCH\w*|QBENCHMARK\w*|QTRY_\w+|QFAIL|QEXPECT_FAIL",
    "QTextStream": r"QTextStream\w*|endl|flush|hex|dec",
    "QThread": r"QThread",
    "QTimer": r"QTimer\w*|QChrono\w*|singleShot",
    "QVariant": r"QVariant\w*|qvariant_cast|qVariant\w+",
    "QVector": r"Q\w*Vector\w*|QList\w*",
}


def pattern_of_header(header: str) -> re.Pattern[str] | None:
    """Return what the words match that a header declares, or None where that is not known."""
    name = header.rpartition("/")[2]
    if re.fullmatch(r"Q[A-Z]\w+", name):
        return re.compile(_QT_ALSO.get(name, rf"{name}\w*"))
    c_name = f"{name[1:]}.h" if re.fullmatch(r"c(?:time|math|signal|setjmp)", header) else header
    pattern = _PROVIDES.get(c_name)
    return None if pattern is None else re.compile(pattern)
