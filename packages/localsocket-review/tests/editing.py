"""An editor: a client of the Language Server Protocol, which starts the server as editors do."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from lsprotocol import types
from pygls.lsp.client import LanguageClient

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
