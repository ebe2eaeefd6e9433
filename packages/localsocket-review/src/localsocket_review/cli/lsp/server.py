"""The server: what an editor tells and asks, by pygls."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar, TypeVarTuple

from lsprotocol import types
from pygls import uris
from pygls.lsp.server import LanguageServer

from localsocket_review.cli.lsp.converting import Converter, action, diagnostic, hover
from localsocket_review.cli.lsp.drafts import Drafts
from localsocket_review.cli.settings import BadSettings
from localsocket_review.findings import Finding
from localsocket_review.reading.files import Unreadable, load
from localsocket_review.reading.languages import language_by_suffix
from localsocket_review.rules import all_rules

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

Arguments = TypeVarTuple("Arguments")
Result = TypeVar("Result")
_QUIET = 0.5  # seconds without a change until the whole program is reviewed, which takes all of a core


class _Superseded(Exception):
    """Something has changed while the program was reviewed, which is begun anew."""


class ReviewServer(LanguageServer):
    """Reviews what one editor has open. All reviews run in one thread; that of the program gives way to one of a file.

    `shown` is what the editor was told of each file, with the findings behind it.
    """

    def __init__(self) -> None:
        super().__init__("localsocket-review", version("localsocket-review"))
        self.drafts = Drafts()
        self.shown: dict[str, list[tuple[types.Diagnostic, Finding]]] = {}
        self._reviewing = ThreadPoolExecutor(1, "localsocket-review")
        self._changed: set[str] = set()
        self._work: asyncio.Task[None] | None = None
        self._complaint = ""

    def changed(self, file: str, text: str) -> None:
        """Review a file that was opened or has changed."""
        self.drafts.texts = {**self.drafts.texts, file: text.encode()}
        self._changed.add(file)
        if self._work is None or self._work.done():
            self._work = asyncio.get_running_loop().create_task(self._review_until_quiet())

    def closed(self, file: str) -> None:
        """Forget a file, and what was told of it."""
        self.drafts.texts = {path: text for path, text in self.drafts.texts.items() if path != file}
        self._changed.discard(file)
        self.shown.pop(file, None)
        self._publish(file, [])

    async def repairs_at(self, file: str, wanted: types.Range) -> list[types.CodeAction]:
        """Return the repairs of what is shown in a stretch of a file."""
        actions = []
        for shown, finding in self.shown.get(file, ()):
            if shown.range.start.line <= wanted.end.line and wanted.start.line <= shown.range.end.line:
                done = await self._in_thread(self.drafts.repair_of, finding, self._go_on)
                converter = self._converter(file)
                if done.made and converter is not None:
                    actions.append(action(finding, shown, done, converter))
        return actions

    def rule_at(self, file: str, position: types.Position) -> types.Hover | None:
        """Return the page of the rule whose finding is shown at a position."""
        rules = {rule.id: rule for rule in all_rules()}
        for shown, finding in self.shown.get(file, ()):
            if shown.range.start <= position <= shown.range.end and finding.rule in rules:
                return hover(rules[finding.rule], shown)
        return None

    async def _review_until_quiet(self) -> None:
        """Review what has changed, and then the program, until nothing changes any more."""
        while True:
            while self._changed:
                file = self._changed.pop()
                await self._review_file(file)
            await asyncio.sleep(_QUIET)
            if not self._changed and await self._review_program():
                return

    async def _review_file(self, file: str) -> None:
        try:
            found = await self._in_thread(self.drafts.findings_in, file, self._go_on)
        except BadSettings as error:
            self._complain(error)
        else:
            self._show(file, found)

    async def _review_program(self) -> bool:
        """Say whether it came to its end."""
        try:
            found = await self._in_thread(self.drafts.findings_in_program, self._give_way)
        except _Superseded:
            return False
        except BadSettings as error:
            self._complain(error)
            return not self._changed
        if not self._changed:
            for file, findings in found.items():
                self._show(file, findings)
        return not self._changed

    async def _in_thread(self, review: Callable[[*Arguments], Result], *arguments: *Arguments) -> Result:
        return await asyncio.get_running_loop().run_in_executor(self._reviewing, review, *arguments)

    def _go_on(self, work: str, done: int, total: int) -> None:
        """Tell nobody of a file's review, which is short."""

    def _give_way(self, work: str, done: int, total: int) -> None:
        if self._changed:
            raise _Superseded

    def _show(self, file: str, findings: Iterable[Finding]) -> None:
        converter = self._converter(file)
        if converter is None:
            return
        findings = list(findings)
        related = {name: found for one in findings for name in _files(one) if (found := self._converter(name))}
        self.shown[file] = [(diagnostic(one, converter, related), one) for one in findings]
        self._publish(file, [shown for shown, _ in self.shown[file]])

    def _publish(self, file: str, diagnostics: list[types.Diagnostic]) -> None:
        uri = uris.from_fs_path(file)
        assert uri is not None
        self.text_document_publish_diagnostics(types.PublishDiagnosticsParams(uri, diagnostics))

    def _complain(self, error: BadSettings) -> None:
        """Say once what is wrong with the settings."""
        if str(error) != self._complaint:
            self._complaint = str(error)
            self.window_show_message(types.ShowMessageParams(types.MessageType.Error, str(error)))

    def _converter(self, file: str) -> Converter | None:
        try:
            data = self.drafts.texts[file] if file in self.drafts.texts else load(Path(file))
        except Unreadable:
            return None
        return Converter(data, self.workspace.position_codec)


def _files(finding: Finding) -> set[str]:
    return {place.file for place in finding.places}


def server() -> ReviewServer:
    """Return a server with everything that it answers."""
    made = ReviewServer()

    @made.feature(types.INITIALIZED)
    def begin(_params: types.InitializedParams) -> None:
        paths = (uris.to_fs_path(uri) for uri in made.workspace.folders)
        made.drafts.folders = tuple(Path(path) for path in paths if path)

    @made.feature(types.TEXT_DOCUMENT_DID_OPEN)
    @made.feature(types.TEXT_DOCUMENT_DID_CHANGE)
    @made.feature(types.TEXT_DOCUMENT_DID_SAVE)
    async def change(
        params: types.DidOpenTextDocumentParams | types.DidChangeTextDocumentParams | types.DidSaveTextDocumentParams,
    ) -> None:
        document = made.workspace.get_text_document(params.text_document.uri)
        if document.path and language_by_suffix(Path(document.path)) is not None:
            made.changed(document.path, document.source)

    @made.feature(types.TEXT_DOCUMENT_DID_CLOSE)
    def close(params: types.DidCloseTextDocumentParams) -> None:
        path = uris.to_fs_path(params.text_document.uri)
        if path in made.drafts.texts:
            made.closed(path)

    @made.feature(
        types.TEXT_DOCUMENT_CODE_ACTION, types.CodeActionOptions(code_action_kinds=[types.CodeActionKind.QuickFix])
    )
    async def repairs(params: types.CodeActionParams) -> list[types.CodeAction]:
        return await made.repairs_at(uris.to_fs_path(params.text_document.uri) or "", params.range)

    @made.feature(types.TEXT_DOCUMENT_HOVER)
    def page(params: types.HoverParams) -> types.Hover | None:
        return made.rule_at(uris.to_fs_path(params.text_document.uri) or "", params.position)

    return made
