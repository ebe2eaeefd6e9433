"""Qt, the same for C++, PySide and PyQt."""

from __future__ import annotations

from localsocket_review.apis.meaning import RECEIVER, Act, Api, api

_READS = ("readAll", "readLine", "read", "peek")
_WAITS = ("waitForConnected", "waitForReadyRead", "waitForBytesWritten", "waitForDisconnected")
_SOCKETS = ("QLocalSocket", "QAbstractSocket")


def _device() -> tuple[Api, ...]:
    """What every socket inherits; a QFile reads its own file, so it stands apart."""
    return (
        *(
            api(
                f"{socket}.{name}",
                Act.RECEIVE | (Act(0) if name == "readLine" else Act.CHUNK),
                "QByteArray",
                size=0,
                is_told_by_name=name == "readAll",
            )
            for socket in _SOCKETS
            for name in _READS
        ),
        *(
            api(f"{socket}.{name}", Act.WAIT, "bool", reports=True, timeout=0, is_told_by_name=True)
            for socket in _SOCKETS
            for name in _WAITS
        ),
        *(api(f"{socket}.write", Act.SEND, "int", data=0) for socket in _SOCKETS),
        *(api(f"{socket}.getChar", Act.RECEIVE | Act.CHUNK, "bool", buffer=0) for socket in _SOCKETS),
        *(api(f"{socket}.putChar", Act.SEND, "bool") for socket in _SOCKETS),
        *(
            api(f"{socket}.setSocketDescriptor", Act.CONSTRUCT, "bool", reports=True, is_told_by_name=True)
            for socket in _SOCKETS
        ),
        *(api(f"{socket}.{name}", Act.CLOSE) for socket in _SOCKETS for name in ("close", "abort")),
    )


_WIDGETS = (
    *("QAbstractScrollArea", "QCheckBox", "QComboBox", "QDockWidget", "QGraphicsView", "QGroupBox", "QLineEdit"),
    *("QListView", "QListWidget", "QMdiArea", "QMenu", "QMenuBar", "QMessageBox", "QOpenGLWidget", "QPlainTextEdit"),
    *("QProgressBar", "QRadioButton", "QScrollArea", "QSlider", "QSpinBox", "QSplashScreen", "QSplitter"),
    *("QStackedWidget", "QStatusBar", "QTabWidget", "QTableView", "QTableWidget", "QTextBrowser", "QTextEdit"),
    *("QToolBar", "QToolButton", "QTreeView", "QTreeWidget", "QWizard", "QWizardPage"),
)
APIS: tuple[Api, ...] = (
    *_device(),
    api("QObject.connect", Act.CONSTRUCT),
    api("QLocalServer.listen", Act.BIND | Act.LISTEN, "bool", endpoint=0, reports=True),
    api("QLocalServer.removeServer", Act.REMOVE, "bool", endpoint=0, is_told_by_name=True),
    api("QLocalServer.nextPendingConnection", Act.ACCEPT, "QLocalSocket", is_told_by_name=True),
    api("QLocalServer.waitForNewConnection", Act.WAIT, "bool", timeout=0, reports=True, is_told_by_name=True),
    api("QLocalServer.setSocketOptions", Act.CHMOD, mode=0, is_told_by_name=True),
    api("QLocalServer.close", Act.CLOSE),
    api("QTcpServer.listen", Act.BIND | Act.LISTEN, "bool", reports=True),
    api("QTcpServer.nextPendingConnection", Act.ACCEPT, "QTcpSocket"),
    api("QUdpSocket.bind", Act.BIND, "bool", reports=True),
    api("QAbstractSocket.bind", Act.BIND, "bool", reports=True),
    api("QLocalSocket.connectToServer", Act.CONNECT, endpoint=0, is_told_by_name=True),
    api("QLocalSocket.setServerName", Act.CONSTRUCT, endpoint=0, is_told_by_name=True),
    api("QLocalSocket.disconnectFromServer", Act.CLOSE),
    api("QAbstractSocket.connectToHost", Act.CONNECT),
    api("QIODevice.deleteLater", Act.CLOSE),
    # files, locks, processes
    api("QFile.remove", Act.REMOVE | Act.OPEN_PATH, "bool", endpoint=0, path=0),
    api("QFile.setPermissions", Act.CHMOD, "bool", path=0, mode=1),
    api("QFile.open", Act.OPEN_PATH, "bool", path=RECEIVER),
    api("QFile", Act.OPEN_PATH, "QFile", path=0),
    api("QDir.remove", Act.REMOVE | Act.OPEN_PATH, "bool", endpoint=0, path=0),
    api("QDir.mkdir", Act.MAKE_DIRECTORY, "bool", path=0),
    api("QDir.mkpath", Act.MAKE_DIRECTORY, "bool", path=0),
    api("QLockFile.tryLock", Act.LOCK, "bool"),
    api("QLockFile.lock", Act.LOCK, "bool"),
    api("QLockFile", Act.CONSTRUCT, "QLockFile"),
    api("QProcess.start", Act.RUN_COMMAND, command=0),
    api("QProcess.startDetached", Act.RUN_COMMAND, command=0, is_told_by_name=True),
    api("QProcess.execute", Act.RUN_COMMAND, command=0),
    api("QProcess.startCommand", Act.RUN_COMMAND, command=0),
    api("QProcess.setProgram", Act.RUN_COMMAND, command=0),
    api("QProcess.setArguments", Act.RUN_COMMAND, command=0),
    api("QSqlQuery.exec", Act.RUN_QUERY, "bool", query=0),
    api("QSqlQuery.prepare", Act.RUN_QUERY, "bool", query=0),
    api("QSqlDatabase.exec", Act.RUN_QUERY, query=0),
    api("QSqlQuery", Act.RUN_QUERY, "QSqlQuery", query=0),
    api("QSqlQuery.exec_", Act.RUN_QUERY, "bool", query=0),
    api("QJSEngine.evaluate", Act.RUN_CODE, code=0),
    api("QLibrary", Act.RUN_CODE, code=0),
    api("QPluginLoader", Act.RUN_CODE, code=0),
    # memory and numbers
    *(
        api(f"{kind}.{method}", Act.ALLOCATE, size=0)
        for kind in ("QByteArray", "QString", "QVector", "QList", "QBuffer")
        for method in ("resize", "reserve", "fill")
    ),
    api("QByteArray", Act.ALLOCATE, "QByteArray", size=0),
    api("QVector", Act.ALLOCATE, "QVector", size=0),
    *(
        api(f"{kind}.{name}", Act.UNPACK, "int", data=RECEIVER)
        for kind in ("QByteArray", "QString")
        for name in ("toInt", "toUInt", "toLongLong", "toULongLong", "toLong", "toULong", "toShort", "toUShort")
    ),
    *(
        api(f"QDataStream.{name}", Act.RECEIVE | Act.UNPACK, "int")
        for name in ("readInt32", "readUInt32", "readInt64", "readUInt64", "readInt16", "readUInt16", "readQString")
    ),
    # A stream reads a file as well: its device decides, see taint.
    api("QDataStream", Act.CONSTRUCT, "QDataStream", device=0),
    api("QTextStream", Act.CONSTRUCT, "QTextStream", device=0),
    *(api(f"QTextStream.{name}", Act.RECEIVE, "QString", device=RECEIVER) for name in ("readLine", "readAll")),
    api("QDataStream.readRawData", Act.RECEIVE, "int", buffer=0, size=1, device=RECEIVER),
    # what takes bytes for a whole message
    api("QJsonDocument.fromJson", Act.PARSE, "QJsonDocument", data=0),
    api("QJsonDocument.fromBinaryData", Act.PARSE, "QJsonDocument", data=0),
    api("QCborValue.fromCbor", Act.PARSE, "QCborValue", data=0),
    api("QXmlStreamReader", Act.PARSE, "QXmlStreamReader", data=0),
    api("QUrl.fromEncoded", Act.PARSE, "QUrl", data=0),
    # shared memory
    api("QSharedMemory", Act.SHARE_MEMORY, "QSharedMemory", memory=0),
    api("QSharedMemory.setKey", Act.SHARE_MEMORY, memory=0),
    api("QSharedMemory.setNativeKey", Act.SHARE_MEMORY, memory=0),
    api("QSharedMemory.create", Act.SHARE_MEMORY, "bool", size=0),
    *(api(f"QSharedMemory.{name}", Act.TOUCH_SHARED) for name in ("data", "constData")),
    # what makes a text harmless
    api("QFileInfo.fileName", Act.QUOTE, "QString"),
    api("QUrl.toPercentEncoding", Act.QUOTE, "QByteArray"),
    api("QString.toHtmlEscaped", Act.QUOTE, "QString"),
    # threads
    *(
        api(f"Q{kind}Application.{name}", Act.RUN_LOOP, "int")
        for kind in ("Core", "Gui", "")
        for name in ("exec", "exec_")
    ),
    api("QEventLoop.exec", Act.RUN_LOOP, "int"),
    api("QtConcurrent.run", Act.START_THREAD, target=0),
    api("QThread.create", Act.START_THREAD, "QThread", target=0),
    api("QThread.msleep", Act.SLEEP | Act.WAIT, seconds=0),
    api("QThread.sleep", Act.SLEEP | Act.WAIT, seconds=0),
)

PYTHON_APIS: tuple[Api, ...] = tuple(
    api(f"QDataStream.{name}", Act.RECEIVE | Act.ALLOCATE, "bytes", size=0, device=RECEIVER)
    for name in ("readRawData", "readBytes")
)
CPP_APIS: tuple[Api, ...] = (
    api("qFromBigEndian", Act.UNPACK, "int", data=0),
    api("qFromLittleEndian", Act.UNPACK, "int", data=0),
    api("qbswap", Act.UNPACK, "int", data=0),
)

BASES: dict[str, tuple[str, ...]] = {
    "QLocalSocket": ("QIODevice",),
    "QTcpSocket": ("QAbstractSocket",),
    "QUdpSocket": ("QAbstractSocket",),
    "QSslSocket": ("QTcpSocket",),
    "QAbstractSocket": ("QIODevice",),
    "QLocalServer": ("QObject",),
    "QTcpServer": ("QObject",),
    "QIODevice": ("QObject",),
    "QFileDevice": ("QIODevice",),
    "QFile": ("QFileDevice",),
    "QTemporaryFile": ("QFile",),
    "QSaveFile": ("QFileDevice",),
    "QBuffer": ("QIODevice",),
    "QProcess": ("QIODevice",),
    "QThread": ("QObject",),
    "QTimer": ("QObject",),
    "QSharedMemory": ("QObject",),
    "QSocketNotifier": ("QObject",),
    "QWidget": ("QObject",),
    **dict.fromkeys(_WIDGETS, ("QWidget",)),
    "QDialog": ("QWidget",),
    "QMainWindow": ("QWidget",),
    "QFrame": ("QWidget",),
    "QLabel": ("QFrame",),
    "QAbstractButton": ("QWidget",),
    "QPushButton": ("QAbstractButton",),
    "QCoreApplication": ("QObject",),
    "QGuiApplication": ("QCoreApplication",),
    "QApplication": ("QGuiApplication",),
    "QAbstractItemModel": ("QObject",),
    "QAbstractListModel": ("QAbstractItemModel",),
    "QAbstractTableModel": ("QAbstractItemModel",),
    "QNetworkAccessManager": ("QObject",),
    "QSystemTrayIcon": ("QObject",),
    "QQuickItem": ("QObject",),
    "QStateMachine": ("QObject",),
}
