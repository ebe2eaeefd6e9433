"""The report as SARIF 2.1.0, for services that show findings beside the code."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from urllib.parse import quote

from localsocket_review.findings import Category, Confidence, Finding, Severity, Silenced
from localsocket_review.model.place import Place
from localsocket_review.repairs.edits import Edit, Repair
from localsocket_review.report.addresses import address_of
from localsocket_review.report.places import Identities, stretch_of
from localsocket_review.report.report import Report
from localsocket_review.rules.rule import Rule

Json = dict[str, object]

_SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
_LEVELS = {Severity.HIGH: "error", Severity.MEDIUM: "warning", Severity.LOW: "note", Severity.NOTE: "note"}
# Between 0 and 10, as services that sort security findings expect it.
_SECURITY_SEVERITIES = {Severity.HIGH: "8.0", Severity.MEDIUM: "5.0", Severity.LOW: "3.0", Severity.NOTE: "1.0"}
_PRECISIONS = {Confidence.HIGH: "high", Confidence.MEDIUM: "medium", Confidence.LOW: "low"}
_ROOT = "%SRCROOT%"
_FINGERPRINT = "localsocketReview/v2"


def sarif_report(
    report: Report, rules: Sequence[Rule], root: Path, repairs: Mapping[Finding, Repair] | None = None
) -> str:
    """Return the report as SARIF; files below `root` are named relative to it, and `repairs` become proposed fixes."""
    run = _Run(report, rules, root, repairs or {}).to_json()
    return json.dumps({"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2, ensure_ascii=False) + "\n"


class _Run:
    """One review, with its rules and the weaknesses that they are about."""

    def __init__(self, report: Report, rules: Sequence[Rule], root: Path, repairs: Mapping[Finding, Repair]) -> None:
        self._report = report
        self._repairs = repairs
        findings = [*report.findings, *(one.finding for one in report.silenced)]
        used = {finding.rule for finding in findings}
        self._rules = [rule for rule in rules if rule.id in used]
        self._root = root.absolute()
        named = {rule.cwe for rule in self._rules} | {finding.cwe for finding in findings}
        self._weaknesses = sorted((cwe for cwe in named if cwe), key=_number)
        self._identities = Identities()

    def to_json(self) -> Json:
        results = [self._result(finding) for finding in self._report.findings]
        results += [self._silenced(one) for one in self._report.silenced]
        return {
            "tool": {
                "driver": {
                    "name": "localsocket review",
                    "version": version("localsocket-review"),
                    "rules": [self._rule(rule) for rule in self._rules],
                    "supportedTaxonomies": [{"name": "CWE", "index": 0}],
                }
            },
            "taxonomies": [self._taxonomy()],
            "columnKind": "unicodeCodePoints",
            "originalUriBaseIds": {_ROOT: {"description": {"text": "the directory where the review was started"}}},
            "invocations": [
                {
                    "executionSuccessful": self._report.is_complete,
                    "toolExecutionNotifications": self._notifications(),
                }
            ],
            "results": results,
            "properties": {"verdict": self._report.verdict},
        }

    def _notifications(self) -> list[Json]:
        """Tell what was not checked: as an error what should have been, and as a note what no review can."""
        failed = {one.what for one in self._report.failed_rules}
        files = {str(one): one.file for one in self._report.not_reviewed}
        told: list[Json] = []
        for sentence in self._report.not_checked:
            is_error = sentence in files or sentence.partition(",")[0] in failed
            notification: Json = {
                "level": "error" if is_error else "note",
                "message": {"text": f"Not checked: {sentence}"},
            }
            if sentence in files:
                notification["locations"] = [
                    {"physicalLocation": {"artifactLocation": self._artifact(files[sentence])}}
                ]
            told.append(notification)
        if self._report.reviewed_files == 0:
            told.insert(0, {"level": "error", "message": {"text": self._report.verdict}})
        return told

    # --- rules and weaknesses -------------------------------------------------------------------------------------

    def _rule(self, rule: Rule) -> Json:
        tags = [rule.category.value, *(["external/cwe/" + rule.cwe.lower()] if rule.cwe else [])]
        properties: Json = {"tags": tags, "precision": "high"}
        if rule.category is Category.SECURITY:
            properties["security-severity"] = _SECURITY_SEVERITIES[rule.severity]
        described: Json = {
            "id": rule.id,
            "name": "".join(word.capitalize() for word in "".join(_letters(rule.title)).split()),
            "shortDescription": {"text": rule.title[:1].upper() + rule.title[1:]},
            "fullDescription": {"text": rule.why},
            "help": {"text": f"{rule.why}\n\nRepair: {rule.repair}.", "markdown": _markdown(rule)},
            "defaultConfiguration": {"level": _LEVELS[rule.severity]},
            "properties": properties,
        }
        address = address_of(rule)
        if address:
            described["helpUri"] = address
        if rule.cwe:
            described["relationships"] = [{"target": self._weakness(rule.cwe), "kinds": ["relevant"]}]
        return described

    def _taxonomy(self) -> Json:
        return {
            "name": "CWE",
            "organization": "MITRE",
            "shortDescription": {"text": "Common Weakness Enumeration"},
            "informationUri": "https://cwe.mitre.org/",
            "isComprehensive": False,
            "taxa": [
                {"id": str(_number(cwe)), "helpUri": f"https://cwe.mitre.org/data/definitions/{_number(cwe)}.html"}
                for cwe in self._weaknesses
            ],
        }

    def _weakness(self, cwe: str) -> Json:
        return {
            "id": str(_number(cwe)),
            "index": self._weaknesses.index(cwe),
            "toolComponent": {"name": "CWE", "index": 0},
        }

    # --- findings -------------------------------------------------------------------------------------------------

    def _silenced(self, silenced: Silenced) -> Json:
        kind = "inSource" if silenced.is_by_comment else "external"
        suppression = {"kind": kind, "status": "accepted", "justification": silenced.reason}
        return {**self._result(silenced.finding), "suppressions": [suppression]}

    def _result(self, finding: Finding) -> Json:
        index = next(at for at, rule in enumerate(self._rules) if rule.id == finding.rule)
        result: Json = {
            "ruleId": finding.rule,
            "ruleIndex": index,
            "level": _LEVELS[finding.severity],
            "message": {"text": f"{finding.message} Repair: {finding.repair}."},
            "locations": [self._location(finding.place)],
            "partialFingerprints": {_FINGERPRINT: self._identities.of(finding, self._uri(finding.place.file))},
            "properties": {"repair": finding.repair, "confidence": _PRECISIONS[finding.confidence]},
        }
        if finding.cwe:
            result["taxa"] = [self._weakness(finding.cwe)]
        if finding in self._repairs:
            result["fixes"] = [self._fix(self._repairs[finding], finding)]
        if finding.evidence:
            places = [self._location(one.place, one.note) for one in finding.evidence]
            result["relatedLocations"] = [{"id": number, **place} for number, place in enumerate(places, 1)]
            if finding.has_way:
                steps = [{"location": place} for place in places]
                result["codeFlows"] = [{"threadFlows": [{"locations": steps}]}]
        return result

    def _fix(self, repair: Repair, finding: Finding) -> Json:
        edits: dict[str, list[Edit]] = {}
        for edit in sorted(set(repair.edits)):
            edits.setdefault(edit.file, []).append(edit)
        changes = [
            {"artifactLocation": self._artifact(file), "replacements": [self._replacement(one) for one in some]}
            for file, some in edits.items()
        ]
        return {
            "description": {"text": f"{finding.repair[:1].upper()}{finding.repair[1:]}."},
            "artifactChanges": changes,
        }

    def _replacement(self, edit: Edit) -> Json:
        text = self._report.sources.get(edit.file, "").encode()
        (line, column), (end_line, end_column) = (_position(text[:end]) for end in (edit.start, edit.end))
        region = {"startLine": line, "startColumn": column, "endLine": end_line, "endColumn": end_column}
        return {"deletedRegion": region, "insertedContent": {"text": edit.text.decode()}}

    def _location(self, place: Place, note: str = "") -> Json:
        physical = {"artifactLocation": self._artifact(place.file), "region": self._region(place)}
        location: Json = {"physicalLocation": physical}
        return {**location, "message": {"text": note}} if note else location

    def _artifact(self, file: str) -> Json:
        uri = self._uri(file)
        return {"uri": uri} if uri.startswith("file:") else {"uri": uri, "uriBaseId": _ROOT}

    def _region(self, place: Place) -> Json:
        at = stretch_of(place, self._report)
        region: Json = {"startLine": at.line, "startColumn": at.column}
        if place.end_line:
            region |= {"endLine": at.end_line, "endColumn": at.end_column}
        return region

    def _uri(self, file: str) -> str:
        path = (self._root / file).resolve()
        if path.is_relative_to(self._root.resolve()):
            return quote(path.relative_to(self._root.resolve()).as_posix(), errors="surrogateescape")
        return path.as_uri()


def _position(before: bytes) -> tuple[int, int]:
    """Return line and column, in characters, of what follows this beginning of a file."""
    last = before[before.rfind(b"\n") + 1 :]
    return before.count(b"\n") + 1, len(last.decode()) + 1


def _markdown(rule: Rule) -> str:
    parts = [rule.why, f"**Repair:** {rule.repair}."]
    for example in rule.examples:
        fence = f"```{'python' if example.language.value == 'python' else 'cpp'}\n"
        parts += [f"Bad:\n\n{fence}{example.bad}```", f"Good:\n\n{fence}{example.good}```"]
    return "\n\n".join(parts)


def _letters(title: str) -> list[str]:
    return [letter if letter.isalnum() else " " for letter in title]


def _number(cwe: str) -> int:
    return int(cwe.removeprefix("CWE-"))
