"""An editor: a client of the Language Server Protocol starts the server, types, and asks."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from lsprotocol import types
from pygls.lsp.client import LanguageClient

from command_line import run

SENDS = """\
import socket


def ask(path, question):
    sock = socket.socket(socket.AF_UNIX)
    sock.connect(path)
    é = sock.send(question); sock.send(question)
    return sock, é
"""
STARTS = "import os\n\n\ndef start(command):\n    os.system(command)\n"
SERVES = """\
import socket

from starting import start


def serve(path):
    server = socket.socket(socket.AF_UNIX)
    server.bind(path)
    server.listen()
    connection, _ = server.accept()
    start(connection.recv(100).decode())
"""
PATIENCE = 60  # seconds for what must happen, on a busy machine too


class Editor:
    """A client with the diagnostics that it was sent, by the names of files."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.client = LanguageClient("editor", "1")
        self.shown: dict[str, list[types.Diagnostic]] = {}
        self.messages: list[str] = []
        self._news = asyncio.Condition()

        @self.client.feature(types.TEXT_DOCUMENT_PUBLISH_DIAGNOSTICS)
        async def show(params: types.PublishDiagnosticsParams) -> None:
            async with self._news:
                self.shown[Path(params.uri).name] = list(params.diagnostics)
                self._news.notify_all()

        @self.client.feature(types.WINDOW_SHOW_MESSAGE)
        async def tell(params: types.ShowMessageParams) -> None:
            async with self._news:
                self.messages.append(params.message)
                self._news.notify_all()

    def uri(self, name: str) -> str:
        return (self.folder / name).as_uri()

    def open(self, name: str, text: str) -> None:
        document = types.TextDocumentItem(self.uri(name), "python", 1, text)
        self.client.text_document_did_open(types.DidOpenTextDocumentParams(document))

    def type(self, name: str, text: str, version: int) -> None:
        self.client.text_document_did_change(
            types.DidChangeTextDocumentParams(
                types.VersionedTextDocumentIdentifier(version, self.uri(name)),
                [types.TextDocumentContentChangeWholeDocument(text)],
            )
        )

    async def sees(self, wanted: Callable[[], bool]) -> None:
        async with asyncio.timeout(PATIENCE), self._news:
            await self._news.wait_for(wanted)

    def rules(self, name: str) -> list[str]:
        return sorted(str(one.code) for one in self.shown.get(name, []))


@asynccontextmanager
async def editor(folder: Path) -> AsyncIterator[Editor]:
    one = Editor(folder)
    await one.client.start_io(sys.executable, "-m", "localsocket_review", "lsp")
    workspace = [types.WorkspaceFolder(folder.as_uri(), "program")]
    await one.client.initialize_async(
        types.InitializeParams(types.ClientCapabilities(), root_uri=folder.as_uri(), workspace_folders=workspace)
    )
    one.client.initialized(types.InitializedParams())
    try:
        yield one
        await one.client.shutdown_async(None)
    finally:
        one.client.exit(None)
        await one.client.stop()


def edit_a_program(folder: Path, work: Callable[[Editor], Awaitable[None]]) -> None:
    async def session() -> None:
        async with editor(folder) as one:
            await work(one)

    asyncio.run(session())


def test_an_editor_is_told_what_is_wrong_why_and_how_it_is_repaired(tmp_path: Path) -> None:
    (tmp_path / "ask.py").write_text("")

    async def work(one: Editor) -> None:
        one.open("ask.py", SENDS)  # the text in the editor counts, and not what is on the disk
        await one.sees(lambda: one.rules("ask.py") == ["LS207"])
        (shown,) = one.shown["ask.py"]
        # Columns are counted as the editor counts them: `é` is one, and two bytes.
        assert (shown.range.start.line, shown.range.start.character) == (
            6,
            SENDS.splitlines()[6].index("sock.send(question)", 20),
        )
        document = types.TextDocumentIdentifier(one.uri("ask.py"))
        (found,) = (
            await one.client.text_document_code_action_async(
                types.CodeActionParams(document, shown.range, types.CodeActionContext([shown]))
            )
            or []
        )
        assert isinstance(found, types.CodeAction)
        assert found.edit is not None
        assert found.edit.changes is not None
        ((uri, edits),) = found.edit.changes.items()
        assert uri == one.uri("ask.py")
        assert [edit.new_text for edit in edits] == ["sendall"]
        start = edits[0].range.start
        assert SENDS.splitlines()[start.line][start.character :].startswith("send(question)\n"[:14])
        page = await one.client.text_document_hover_async(types.HoverParams(document, shown.range.start))
        assert page is not None
        assert isinstance(page.contents, types.MarkupContent)
        assert "LS207" in page.contents.value
        one.type("ask.py", SENDS.replace("; sock.send(", "; sock.sendall("), 2)
        await one.sees(lambda: one.rules("ask.py") == [])
        assert await one.client.text_document_hover_async(types.HoverParams(document, shown.range.start)) is None

    edit_a_program(tmp_path, work)


def test_what_only_the_whole_program_shows_is_told_and_stays_while_one_types(tmp_path: Path) -> None:
    (tmp_path / "starting.py").write_text(STARTS)
    (tmp_path / "serving.py").write_text(SERVES)

    async def work(one: Editor) -> None:
        one.open("starting.py", STARTS)
        await one.sees(lambda: "LS109" in one.rules("starting.py"))
        (shown,) = [each for each in one.shown["starting.py"] if each.code == "LS109"]
        related = {Path(each.location.uri).name for each in shown.related_information or ()}
        assert "serving.py" in related
        one.shown.clear()
        one.type("starting.py", f"{STARTS}\n\nHELLO = 1\n", 2)
        await one.sees(lambda: "starting.py" in one.shown)
        assert "LS109" in one.rules("starting.py")

    edit_a_program(tmp_path, work)


def test_settings_and_suppressions_count_in_an_editor_too_and_a_closed_file_shows_nothing(tmp_path: Path) -> None:
    settings = tmp_path / ".localsocket-review.toml"
    settings.write_text('ignore = ["LS207"]\n')
    (tmp_path / "ask.py").write_text(SENDS)

    async def work(one: Editor) -> None:
        one.open("ask.py", SENDS)
        await one.sees(lambda: "ask.py" in one.shown)
        assert one.rules("ask.py") == []
        settings.write_text("ignroe = []\n")
        one.type("ask.py", f"{SENDS}\n", 2)
        await one.sees(lambda: bool(one.messages))
        assert "ignroe" in one.messages[0]
        settings.write_text("")
        silenced = SENDS.replace(
            "; sock.send(question)", "; sock.send(question)  # localsocket: ignore[LS207] one byte"
        )
        one.type("ask.py", SENDS, 3)
        await one.sees(lambda: one.rules("ask.py") == ["LS207"])
        one.type("ask.py", silenced, 4)
        await one.sees(lambda: one.rules("ask.py") == [])
        one.type("ask.py", SENDS, 5)
        await one.sees(lambda: one.rules("ask.py") == ["LS207"])
        one.client.text_document_did_close(
            types.DidCloseTextDocumentParams(types.TextDocumentIdentifier(one.uri("ask.py")))
        )
        await one.sees(lambda: one.rules("ask.py") == [])

    edit_a_program(tmp_path, work)


def test_without_pygls_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pygls", None)
    monkeypatch.delitem(sys.modules, "localsocket_review.cli.lsp.server", raising=False)

    done = run("lsp")

    assert done.status == 2
    assert "localsocket-review[lsp]" in done.complaints
