"""Methods that a framework calls by their names: its virtuals, callbacks and hooks, by the class that has them."""

from __future__ import annotations

import re

from localsocket_review.model.unit import Language

QT_VIRTUALS: dict[str, frozenset[str]] = {
    owner: frozenset(names.split())
    for owner, names in {
        "QObject": "event eventFilter timerEvent childEvent customEvent connectNotify disconnectNotify",
        "QThread": "run",
        "QRunnable": "run",
        "QIODevice": "readData writeData readLineData skipData bytesAvailable bytesToWrite canReadLine isSequential "
        "atEnd close open pos seek size reset waitForReadyRead waitForBytesWritten",
        "QLocalServer": "incomingConnection hasPendingConnections nextPendingConnection",
        "QTcpServer": "incomingConnection hasPendingConnections nextPendingConnection",
        "QAbstractSocket": "connectToHost disconnectFromHost setReadBufferSize setSocketDescriptor socketDescriptor "
        "setSocketOption waitForConnected waitForDisconnected",
        "QCoreApplication": "notify",
        "QAbstractNativeEventFilter": "nativeEventFilter",
        "QWidget": "sizeHint minimumSizeHint heightForWidth hasHeightForWidth nativeEvent focusNextPrevChild "
        "setVisible metric paintEngine inputMethodQuery",
        "QDialog": "accept reject done exec",
        "QAbstractItemModel": "data setData rowCount columnCount index parent headerData setHeaderData flags "
        "roleNames insertRows insertColumns removeRows removeColumns moveRows canFetchMore fetchMore sort mimeData "
        "mimeTypes dropMimeData canDropMimeData supportedDropActions sibling hasChildren submit revert match span "
        "buddy itemData setItemData",
        "QSortFilterProxyModel": "filterAcceptsRow filterAcceptsColumn lessThan mapToSource mapFromSource",
        "QAbstractItemDelegate": "paint createEditor setEditorData setModelData updateEditorGeometry editorEvent "
        "displayText destroyEditor helpEvent",
        "QGraphicsItem": "boundingRect shape paint contains advance itemChange",
        "QValidator": "validate fixup",
        "QSyntaxHighlighter": "highlightBlock",
        "QQuickItem": "updatePaintNode updatePolish componentComplete classBegin geometryChange itemChange",
        "QAbstractState": "onEntry onExit",
        "QAbstractTransition": "eventTest onTransition",
        "QAbstractAnimation": "updateCurrentTime updateState updateDirection duration",
        "QStyle": "drawPrimitive drawControl drawComplexControl pixelMetric styleHint polish unpolish",
    }.items()
}
PYTHON_HOOKS: dict[str, frozenset[str]] = {
    owner: frozenset(names.split())
    for owner, names in {
        "asyncio.BaseProtocol": "connection_made connection_lost pause_writing resume_writing",
        "asyncio.Protocol": "data_received eof_received",
        "asyncio.BufferedProtocol": "get_buffer buffer_updated eof_received",
        "asyncio.DatagramProtocol": "datagram_received error_received",
        "asyncio.SubprocessProtocol": "pipe_data_received pipe_connection_lost process_exited",
        "socketserver.BaseServer": "server_bind server_activate server_close get_request verify_request "
        "process_request process_request_thread finish_request shutdown_request close_request handle_error "
        "handle_timeout service_actions",
        "socketserver.BaseRequestHandler": "setup handle finish",
        "http.server.BaseHTTPRequestHandler": "log_message log_request log_error end_headers address_string "
        "version_string date_time_string send_error handle_one_request handle_expect_100 parse_request",
        "threading.Thread": "run",
        "multiprocessing.Process": "run",
        "localsocket.Handler": "connected ready_read bytes_written end_of_stream failed disconnected",
        "unittest.TestCase": "setUp tearDown setUpClass tearDownClass asyncSetUp asyncTearDown runTest "
        "setUpModule tearDownModule addCleanup id shortDescription",
        "logging.Handler": "emit handle handleError createLock acquire release flush close format filter",
        "logging.Formatter": "format formatTime formatException formatMessage formatStack usesTime",
        "json.JSONEncoder": "default iterencode encode",
        "ast.NodeVisitor": "visit generic_visit",
        "asyncore.dispatcher": "handle_accept handle_accepted handle_connect handle_read handle_write handle_close "
        "handle_error handle_expt readable writable",
        "asynchat.async_chat": "collect_incoming_data found_terminator",
        "twisted.internet.protocol.Protocol": "dataReceived connectionMade connectionLost makeConnection",
        "twisted.internet.protocol.Factory": "buildProtocol startFactory stopFactory doStart doStop "
        "startedConnecting clientConnectionFailed clientConnectionLost",
        "twisted.protocols.basic.LineReceiver": "lineReceived rawDataReceived lineLengthExceeded stringReceived",
        "cmd.Cmd": "precmd postcmd preloop postloop emptyline default",
        "io.IOBase": "read write readinto readline readable writable seekable close flush fileno isatty",
        "html.parser.HTMLParser": "handle_starttag handle_endtag handle_data handle_comment",
    }.items()
}
HOOKS: dict[str, frozenset[str]] = {**QT_VIRTUALS, **PYTHON_HOOKS}
_ANY_HOOK = {
    Language.CPP: frozenset().union(*QT_VIRTUALS.values()),
    Language.PYTHON: frozenset().union(*HOOKS.values()),
}
_HOOK_SHAPE = re.compile(
    r"""
    \w*[a-z]Event              # paintEvent, closeEvent
    | on_[a-zA-Z]+_\w+         # Qt connects on_object_signal by itself
    | __\w+__                  # Python calls these
    | (?:test|pytest|bench)_\w* | test[A-Z]\w* | \w+_data
    | (?:do|visit|depart|handle|help|complete)_\w+
    | setup_(?:module|class|method|function) | teardown_(?:module|class|method|function)
    | main | qtmain | wmain | WinMain | DllMain | LLVMFuzzerTestOneInput
    """,
    re.VERBOSE,
)


def is_hook(name: str, language: Language) -> bool:
    """Say whether some framework, Python or the system may call a function for its name alone."""
    return name in _ANY_HOOK[language] or _HOOK_SHAPE.fullmatch(name) is not None
