"""The overloads that Qt's local sockets have, and what a thread may do with them: none of them changes that.

Types as Qt declares them, without names of parameters. A trailing `?` marks a parameter with a default.
"""

from __future__ import annotations

_DEVICE = {
    "open": (("OpenMode",),),
    "close": ((),),
    "read": (("char*", "qint64"), ("qint64",)),
    "readAll": ((),),
    "readLine": (("char*", "qint64"), ("qint64?",)),
    "peek": (("char*", "qint64"), ("qint64",)),
    "skip": (("qint64",),),
    "write": (("const char*", "qint64"), ("const char*",), ("const QByteArray&",)),
    "getChar": (("char*",),),
    "putChar": (("char",),),
    "bytesAvailable": ((),),
    "bytesToWrite": ((),),
    "canReadLine": ((),),
    "startTransaction": ((),),
    "commitTransaction": ((),),
    "rollbackTransaction": ((),),
    "deleteLater": ((),),
}
_LOCAL_SOCKET = {
    "connectToServer": (("OpenMode?",), ("const QString&", "OpenMode?")),
    "disconnectFromServer": ((),),
    "setServerName": (("const QString&",),),
    "abort": ((),),
    "flush": ((),),
    "isValid": ((),),
    "setReadBufferSize": (("qint64",),),
    "setSocketDescriptor": (("qintptr", "LocalSocketState?", "OpenMode?"),),
    "setSocketOptions": (("SocketOptions",),),
    "waitForConnected": (("int?",),),
    "waitForDisconnected": (("int?",),),
    "waitForReadyRead": (("int?",),),
    "waitForBytesWritten": (("int?",),),
}
_LOCAL_SERVER = {
    "listen": (("const QString&",), ("qintptr",)),
    "close": ((),),
    "isListening": ((),),
    "nextPendingConnection": ((),),
    "hasPendingConnections": ((),),
    "setMaxPendingConnections": (("int",),),
    "setListenBacklogSize": (("int",),),
    "setSocketOptions": (("SocketOptions",),),
    "waitForNewConnection": (("int?", "bool*?"),),
    "removeServer": (("const QString&",),),
    "incomingConnection": (("quintptr",),),
    "deleteLater": ((),),
}
_THREAD = {
    "start": (("Priority?",),),
    "quit": ((),),
    "exit": (("int?",),),
    "wait": (("unsigned long?",), ("QDeadlineTimer?",)),
    "run": ((),),
    "exec": ((),),
}
Parameters = tuple[str, ...]
OVERLOADS: dict[str, dict[str, tuple[Parameters, ...]]] = {
    "QLocalServer": _LOCAL_SERVER,
    "QLocalSocket": {**_DEVICE, **_LOCAL_SOCKET},
    "QIODevice": _DEVICE,
    "QThread": _THREAD,
}


def overloads_of(method: str, class_name: str = "") -> list[tuple[str, Parameters]]:
    """Return (class, types of the parameters) of every overload that Qt has, of one class or of all in the table."""
    classes = [class_name] if class_name in OVERLOADS else list(OVERLOADS)
    found: dict[Parameters, str] = {}
    for owner in classes:
        for parameters in OVERLOADS[owner].get(method, ()):
            found.setdefault(parameters, owner)
    return [(owner, parameters) for parameters, owner in found.items()]


def as_signature(owner: str, method: str, parameters: Parameters) -> str:
    return f"{owner}::{method}({', '.join(parameter.rstrip('?') for parameter in parameters)})"
