"""docs/from-qt.md leaves nothing out, has no empty cell, and names only what there is."""

from __future__ import annotations

import inspect
import re
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from typing import NamedTuple

import pytest

import localsocket
from localsocket import EventLoop, Handler, ServerThread
from repository import DOCS

DOCUMENT = (DOCS / "from-qt.md").read_text(encoding="utf-8")

QT_MEMBERS = {
    "QLocalServer": """
        NoOptions UserAccessOption GroupAccessOption OtherAccessOption WorldAccessOption AbstractNamespaceOption
        addPendingConnection bindableSocketOptions close errorString fullServerName hasPendingConnections
        incomingConnection isListening listen listenBacklogSize maxPendingConnections newConnection
        nextPendingConnection removeServer serverError serverName setListenBacklogSize setMaxPendingConnections
        setSocketOptions socketDescriptor socketOptions waitForNewConnection
    """,
    "QLocalSocket": """
        NoOptions AbstractNamespaceOption
        UnconnectedState ConnectingState ConnectedState ClosingState
        ConnectionRefusedError PeerClosedError ServerNotFoundError SocketAccessError SocketResourceError
        SocketTimeoutError DatagramTooLargeError ConnectionError UnsupportedSocketOperationError OperationError
        UnknownSocketError
        abort bindableSocketOptions bytesAvailable bytesToWrite canReadLine close connectToServer connected
        disconnectFromServer disconnected error errorOccurred errorString flush fullServerName isSequential isValid
        open readBufferSize serverName setErrorString setReadBufferSize setServerName setSocketDescriptor
        setSocketOptions socketDescriptor socketOptions state stateChanged waitForBytesWritten waitForConnected
        waitForDisconnected waitForReadyRead
    """,
    "QIODevice": """
        NotOpen ReadOnly WriteOnly ReadWrite Append Truncate Text Unbuffered NewOnly ExistingOnly
        aboutToClose atEnd bytesWritten channelBytesWritten channelReadyRead commitTransaction currentReadChannel
        currentWriteChannel getChar isOpen isReadable isTextModeEnabled isTransactionStarted isWritable openMode peek
        pos putChar read readAll readChannelCount readChannelFinished readData readLine readLineData readLineInto
        readyRead reset rollbackTransaction seek setCurrentReadChannel setCurrentWriteChannel setOpenMode
        setTextModeEnabled size skip skipData startTransaction ungetChar write writeChannelCount writeData
    """,
}
"""All public and protected members of Qt 6.12, without what QObject has, and without those that another lists."""


class Row(NamedTuple):
    table: str
    line: int
    cells: list[str]


def rows() -> Iterator[Row]:
    table = ""
    for number, line in enumerate(DOCUMENT.splitlines(), start=1):
        if line.startswith("## "):
            table = line.removeprefix("## ")
        elif line.startswith("|"):
            yield Row(table, number, [cell.strip() for cell in line.strip("|").split("|")])


ROWS = [row for row in rows() if row.cells[0] not in ("Qt", "what happens", "---")]
MEMBER_ROWS = [row for row in ROWS if row.table in QT_MEMBERS]
PROSE = re.sub(r"```.*?```", "", DOCUMENT, flags=re.DOTALL)


def code_in(text: str) -> list[str]:
    return re.findall(r"`([^`]+)`", text)


@pytest.fixture
def objects() -> Iterator[dict[str, object]]:
    """Give one living object of each class that has attributes beyond those of the class."""
    with ExitStack() as stack:
        server = stack.enter_context(localsocket.listen("from-qt"))
        socket = stack.enter_context(localsocket.connect("from-qt"))

        class Silent(Handler):
            def ready_read(self, socket: object) -> None:
                pass

        loop = stack.enter_context(EventLoop())
        driven = loop.add(stack.enter_context(server.accept()), Silent())
        yield {
            "LocalServer": server,
            "LocalSocket": socket,
            "EventSocket": driven,
            "EventLoop": loop,
            "Handler": Silent(),
            "ServerThread": ServerThread("from-qt", Silent()),
            "Limits": localsocket.Limits(),
        }


def resolve(code: str, objects: dict[str, object]) -> bool:
    """Whether `Class.member`, `function()` or `function(argument=)` is something that localsocket has."""
    parts = re.fullmatch(r"(?P<path>\w+(\.\w+)*)(\((?P<argument>\w+)?=?\))?", code)
    if parts is None:
        return False
    first, *rest = parts["path"].split(".")
    if first not in localsocket.__all__:
        return False
    found = objects.get(first, getattr(localsocket, first))
    for name in rest:
        if not hasattr(found, name):
            return False
        found = getattr(found, name)
    if code.endswith(")") and not callable(found):
        return False
    if not code.endswith(")") and rest and inspect.ismethod(found):
        return False  # a method is written with its parentheses
    return not parts["argument"] or parts["argument"] in inspect.signature(found).parameters  # type: ignore[arg-type]


def test_tables_are_there() -> None:
    assert {row.table for row in ROWS} >= {*QT_MEMBERS, "The order of events", "Names and files"}


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"line {row.line}")
def test_no_cell_is_empty(row: Row) -> None:
    assert len(row.cells) == 3
    assert all(re.search(r"\w", cell) for cell in row.cells)


@pytest.mark.parametrize("qt_class", QT_MEMBERS)
def test_every_member_of_qt_is_in_its_table(qt_class: str) -> None:
    named = {code.removesuffix("()") for row in ROWS if row.table == qt_class for code in code_in(row.cells[0])}
    named = {re.sub(r"\(.*", "", code) for code in named}
    assert not set(QT_MEMBERS[qt_class].split()) - named


def test_every_counterpart_exists(objects: dict[str, object]) -> None:
    counterparts = [code for row in MEMBER_ROWS for code in code_in(row.cells[1])]
    assert len(counterparts) > 80
    assert not [code for code in counterparts if not resolve(code, objects)]


def test_a_row_names_a_counterpart_or_says_none() -> None:
    assert not [row for row in MEMBER_ROWS if not code_in(row.cells[1]) and row.cells[1] != "none"]


def test_every_name_of_ours_in_the_text_exists(objects: dict[str, object]) -> None:
    remarks = [row.cells[2] for row in ROWS]
    prose = [line for line in PROSE.splitlines() if not line.startswith("|")]
    ours = [code for code in code_in("\n".join(prose + remarks)) if re.split(r"\W", code)[0] in localsocket.__all__]
    assert ours
    assert not [code for code in ours if not resolve(code, objects)]


def test_events_are_those_of_a_handler() -> None:
    events = [code for row in ROWS if row.table == "The order of events" for code in code_in(row.cells[2])]
    assert not [event for event in events if not hasattr(Handler, event) and event != "connect()"]


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has abstract addresses")
def test_addresses_are_addresses() -> None:
    addresses = [code for row in ROWS if row.table == "Names and files" for code in code_in(row.cells[1])]
    assert {localsocket.parse_address(address).kind.value for address in addresses} == {
        "name",
        "path",
        "abstract",
        "qt",
    }
