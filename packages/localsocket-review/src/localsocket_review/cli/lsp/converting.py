"""Findings, rules and repairs in the words of the Language Server Protocol, version 3.17."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from lsprotocol import types
from pygls import uris
from pygls.workspace import PositionCodec

from localsocket_review.findings import Finding, Severity
from localsocket_review.model.place import Place
from localsocket_review.repairing import Repaired
from localsocket_review.repairs.edits import Edit
from localsocket_review.repairs.table import MECHANISMS
from localsocket_review.rules.rule import Rule

SOURCE = "localsocket-review"
_SEVERITIES = {
    Severity.HIGH: types.DiagnosticSeverity.Error,
    Severity.MEDIUM: types.DiagnosticSeverity.Warning,
    Severity.LOW: types.DiagnosticSeverity.Information,
    Severity.NOTE: types.DiagnosticSeverity.Hint,
}


class Converter:
    """Converts the places of one file's text, whose columns are bytes, to what the editor counts, and back."""

    def __init__(self, data: bytes, codec: PositionCodec) -> None:
        self._data = data
        self._lines = data.split(b"\n")
        self._codec = codec

    def range_of(self, place: Place) -> types.Range:
        """Return the stretch of a place, up to the end of its first line if it is longer or of unknown length."""
        first = place.line - 1
        is_short = place.end_line == place.line
        return types.Range(
            self._position(first, place.column - 1), self._position(first, place.end_column - 1 if is_short else None)
        )

    def text_edit(self, edit: Edit) -> types.TextEdit:
        """Return an edit as one that the editor makes."""
        start, end = (self._position_of_byte(offset) for offset in (edit.start, edit.end))
        return types.TextEdit(types.Range(start, end), edit.text.decode())

    def _position_of_byte(self, offset: int) -> types.Position:
        line_start = self._data.rfind(b"\n", 0, offset) + 1
        return self._position(self._data.count(b"\n", 0, offset), offset - line_start)

    def _position(self, line: int, column: int | None) -> types.Position:
        """Return a position; a column of None is the end of the line."""
        if line >= len(self._lines):
            return types.Position(max(len(self._lines) - 1, 0), 0)
        content = self._lines[line].rstrip(b"\r") if column is None else self._lines[line][:column]
        return types.Position(line, self._codec.client_num_units(content.decode("utf-8", "replace")))


def diagnostic(finding: Finding, converter: Converter, related: Mapping[str, Converter]) -> types.Diagnostic:
    """Return a finding as a diagnostic, with its repair in words, and its evidence as related places."""
    message = f"{finding.message}\nRepair: {finding.repair}."
    return types.Diagnostic(
        range=converter.range_of(finding.place),
        message=message,
        severity=_SEVERITIES[finding.severity],
        code=finding.rule,
        source=SOURCE,
        tags=[types.DiagnosticTag.Unnecessary] if finding.rule == "LS403" else None,
        related_information=list(_related(finding, related)),
        data={"fingerprint": finding.fingerprint},
    )


def _related(finding: Finding, related: Mapping[str, Converter]) -> Iterator[types.DiagnosticRelatedInformation]:
    for one in finding.evidence:
        file = one.place.file
        if one.place != finding.place and file in related:
            location = types.Location(uris.from_fs_path(file) or "", related[file].range_of(one.place))
            yield types.DiagnosticRelatedInformation(location, one.note)


def action(finding: Finding, shown: types.Diagnostic, done: Repaired, converter: Converter) -> types.CodeAction:
    """Return the repair of a finding as a quick fix of its file."""
    file = finding.place.file
    edits = {edit for repair in done.made for edit in repair.edits if edit.file == file}
    mechanism = MECHANISMS[finding.rule]
    return types.CodeAction(
        title=f"{finding.rule}: {mechanism.does}" + (f"; {mechanism.then}" if mechanism.then else ""),
        kind=types.CodeActionKind.QuickFix,
        diagnostics=[shown],
        is_preferred=True,
        edit=types.WorkspaceEdit(
            changes={uris.from_fs_path(file) or "": [converter.text_edit(one) for one in sorted(edits)]}
        ),
    )


def hover(rule: Rule, shown: types.Diagnostic) -> types.Hover:
    """Return a rule's page, shortened to what one wants to know at the place."""
    unless = "".join(f"\n- {case}" for case in rule.unless)
    parts = [f"**{rule.id}: {rule.title}**", rule.why, f"**Repair:** {rule.repair}."]
    if unless:
        parts.append(f"Not reported when\n{unless}")
    parts.append(f"To silence it here: `localsocket: ignore[{rule.id}] the reason`, in a comment.")
    return types.Hover(types.MarkupContent(types.MarkupKind.Markdown, "\n\n".join(parts)), shown.range)
