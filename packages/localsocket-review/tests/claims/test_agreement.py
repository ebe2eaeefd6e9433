"""What a rule finds is never refuted when a review says it: the claims ask the same facts."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from localsocket_review.analysis.facts import Facts
from localsocket_review.claims.checking import check_review_of_code
from localsocket_review.claims.claim import Verdict
from localsocket_review.claims.reviewed_code import Code
from localsocket_review.model.program import Program
from localsocket_review.reading.collecting import collect, read_file

CORPUS = Path(__file__).parents[1] / "corpus"
# For each rule, where its message names what it found, and how a review would say it.
SAID = {
    "ls101": (None, "The socket is open to other users: other users can connect."),
    "ls103": (None, "The permissions are set only after the bind."),
    "ls104": (None, "The abstract socket has no check of credentials."),
    "ls105": (None, "The socket has a predictable path."),
    "ls106": (None, "The socket file is removed without checking for a live server."),
    "ls107": (None, "Untrusted data is unpickled."),
    "ls108": (re.compile(r"(no authkey|written in the code)"), "The authkey is hard-coded, or missing."),
    "ls109": (re.compile(r"\b(command|query|path|code)\b"), "The code is open to {} injection."),
    "ls110": (None, "A size that the peer sends is not validated."),
    "ls111": (None, "There is a buffer overflow."),
    "ls115": (None, "The descriptors are not close-on-exec."),
    "ls117": (None, "There is a use-after-free."),
    "ls201": (re.compile(r"(\w+)\(\)"), "The return value of `{}()` is ignored."),
    "ls202": (re.compile(r"(null)"), "The pending connection is not checked for {}."),
    "ls203": (None, "The socket is used from another thread."),
    "ls204": (re.compile(r"(direct) connection"), "A {} connection runs the slot on a thread that is not its own."),
    "ls205": (None, "Message framing is missing."),
    "ls206": (re.compile(r"(keeps)"), "The event loop is blocked: a call blocks the event loop."),
    "ls207": (None, "Short reads and writes aren't handled."),
    "ls208": (re.compile(r"(closed)"), "The end of the stream isn't handled."),
    "ls210": (None, "Disconnection is not handled."),
    "ls301": (None, "The buffer is unlimited."),
    "ls302": (None, "Data is read byte by byte, or copied with quadratic cost."),
    "ls303": (None, "The loop is a busy wait."),
    "ls401": (re.compile(r"(\w+)"), "`{}` lacks the Q_OBJECT macro."),
    "ls402": (None, "The naming is inconsistent."),
    "ls403": (re.compile(r"(?:function|method|member|variable|class) `(\w+)`"), "`{}` is never used."),
    "ls404": (re.compile(r"This (\w+)"), "The `{}` leaks."),
    "ls405": (re.compile(r"(SIGNAL)"), "The old-style connect syntax is used."),
    "ls406": (re.compile(r"(`\w+`) a value"), "{} is uninitialised."),
}
CASES = [(rule, case) for rule in SAID for case in sorted((CORPUS / rule).glob("bad_*"))]


@pytest.mark.parametrize(("rule", "case"), CASES, ids=[f"{rule}/{case.name}" for rule, case in CASES])
def test_a_claim_of_what_a_rule_finds_is_not_refuted(rule: str, case: Path) -> None:
    code = Code(Facts(Program([read_file(path) for path in collect([case])])))
    findings = code.findings(rule.upper())
    assert findings
    pattern, sentence = SAID[rule]
    for finding in findings:
        name = pattern.search(finding.message) if pattern is not None else None
        if pattern is None or name is not None:
            checked = check_review_of_code(sentence.format(name[1] if name else ""), code)
            assert checked.claims
            assert not checked.of(Verdict.REFUTED), (finding.message, checked.claims)
            is_open = "in the files given" in finding.message
            assert checked.of(Verdict.SUPPORTED) or is_open, (finding.message, checked.claims)
