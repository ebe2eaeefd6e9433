"""The answer to one thing that a sentence says, of any program."""

from __future__ import annotations

import re
from dataclasses import dataclass

from localsocket_review.claims.claim import Answer, Verdict, undecided
from localsocket_review.claims.mentions import mentions_in
from localsocket_review.claims.reviewed_code import Code
from localsocket_review.claims.statements.judging import judged
from localsocket_review.claims.statements.table import STATEMENTS
from localsocket_review.claims.statements.wording import Wording, wording_of
from localsocket_review.model.declarations import FunctionKind


@dataclass(frozen=True, slots=True)
class Told:
    """What is said, as the kind of statement that it is, and what the code answers."""

    kind: str
    answer: Answer
    wording: Wording
    is_whole: bool  # nothing of what was said was left over


_FORBIDDING = re.compile(r"\b(?:must|should|ought)(?: not|n't)\b", re.IGNORECASE)


def answer_to(text: str, code: Code) -> Told | None:
    """Return the answer to what is said; the first statement that can be decided, else the first that is understood."""
    text = _with_constructors(text, code)
    mentions = [one for one in mentions_in(text, code.names) if not one.is_rule]
    wording = wording_of(text, mentions)
    still_open: Told | None = None
    for statement in STATEMENTS:
        for matched, flips in statement.matches(wording):
            truth = statement.ask(matched, code)
            if truth is None:
                continue
            answer = judged(truth, matched, code, flips=flips, takes_rest=statement.takes_rest)
            if _FORBIDDING.search(text):
                answer = undecided(f"{truth.reason} Whether that must not be, the code does not tell.", *truth.places)
            told = Told(statement.name, answer, wording, not matched.rest)
            if answer.verdict is not Verdict.UNDECIDED:
                return told
            still_open = still_open or told
    return still_open


_CONSTRUCTOR = re.compile(
    r"(?:[Tt]he )?(?P<sort>constructor|destructor) of (?:the class |class )?`?(?P<name>[A-Za-z_]\w*)`?|"
    r"`?(?P<owner>[A-Za-z_]\w*)`?'s (?P<what>constructor|destructor)\b"
)


_ONLY_DESTRUCTOR = re.compile(r"^\W*[Tt]he destructor\b(?! (?:of|for|in|from)\b)")


def _with_constructors(text: str, code: Code) -> str:
    """Name a constructor as the code does: `Echo::Echo()`; "the destructor" is that of the only class that has one."""
    destructors = [one for one in code.functions if one.kind is FunctionKind.DESTRUCTOR and one.body is not None]
    if len(destructors) == 1 and destructors[0].owner is not None:
        name = destructors[0].owner.name
        text = _ONLY_DESTRUCTOR.sub(f"the destructor `{name}::~{name}()`", text)
    return _CONSTRUCTOR.sub(lambda one: _constructor(one, code), text)


def _constructor(match: re.Match[str], code: Code) -> str:
    name, sort = match["name"] or match["owner"], match["sort"] or match["what"]
    found = code.program.class_named(name)
    if found is None:
        return match[0]
    if found.unit.assigning_declares:
        return f"the {sort} `{name}.{'__init__' if sort == 'constructor' else '__del__'}()`"
    return f"the {sort} `{name}::{'' if sort == 'constructor' else '~'}{name}()`"
