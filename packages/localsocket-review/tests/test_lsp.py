"""What an editor is told while somebody types, and what it may ask."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from lsprotocol import types

from command_line import run
from editing import Editor, edit_a_program

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


@pytest.mark.long
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


@pytest.mark.long
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


@pytest.mark.long
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
