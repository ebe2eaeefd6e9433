"""What a remark that is tied to a line says, held against that line, its function and its file."""

from __future__ import annotations

from pathlib import Path, PurePath

from localsocket_review.claims.claim import Answer, Shown, Verdict, refuted, supported, undecided
from localsocket_review.claims.mentions import Mention
from localsocket_review.claims.reviewed_code import Code
from localsocket_review.claims.statements.asked import quoted
from localsocket_review.claims.structured import Remark
from localsocket_review.findings import Finding
from localsocket_review.model.declarations import FunctionInfo, FunctionKind
from localsocket_review.model.place import Place
from localsocket_review.model.unit import Unit
from localsocket_review.suppressions import apply_suppressions


def unit_of(remark: Remark, code: Code) -> Unit | None:
    """Return the file that a remark is about: the one whose path ends as its path does."""
    wanted = PurePath(remark.file).parts
    for length in range(len(wanted), 0, -1):
        found = [unit for unit in code.program.units if PurePath(unit.path).parts[-length:] == wanted[-length:]]
        if len(found) == 1:
            return found[0]
    return None


def misplaced(remark: Remark, code: Code) -> Answer | None:
    """Answer a remark on a file or line that is not there; None where it is."""
    if not remark.file:
        return None
    unit = unit_of(remark, code)
    if unit is None and Path(remark.file).exists():
        return undecided(f"{remark.file} is not among the files given.")
    if unit is None:
        return refuted(f"There is no file {remark.file}; searched: {code.extent}.")
    lines = unit.source.count("\n") + (not unit.source.endswith("\n"))
    if remark.line > lines:
        return refuted(
            f"{unit.path} has {lines} lines, and no line {remark.line}.", quoted(Place(unit.path, max(lines, 1)), code)
        )
    return None


def function_around(remark: Remark, code: Code) -> FunctionInfo | None:
    """Return the innermost named function in which the remark's line is."""
    unit = unit_of(remark, code)
    named = [
        one
        for one in code.program.functions
        if unit is not None
        and one.unit is unit
        and one.kind not in (FunctionKind.MODULE, FunctionKind.CLASS_BODY, FunctionKind.LAMBDA)
        and one.place.line <= remark.line <= one.place.end_line
    ]
    return min(named, key=lambda one: one.place.end_line - one.place.line, default=None)


def spoken_of(remark: Remark, code: Code) -> tuple[Mention, ...]:
    """Return what "this function" and "it" are in a remark: the function around its line."""
    function = function_around(remark, code)
    if function is None:
        return ()
    owner = function.owner.name if function.owner is not None else ""
    text = f"{owner}::{function.name}()" if owner else f"{function.name}()"
    return (Mention(function.name, owner, "", text, 0, 0, is_quoted=True),)


def kept_to_its_line(answer: Answer, remark: Remark, names_something: bool, code: Code) -> Answer:
    """Take back what is right of another file, or of another function where nothing was named."""
    if answer.verdict is not Verdict.SUPPORTED or not remark.file:
        return answer
    unit, function = unit_of(remark, code), function_around(remark, code)
    shown = [(one.place, one.note) for one in answer.places]
    if unit is not None and not any(place.file == unit.path for place, _ in shown):
        return undecided(f"{answer.reason} That is in another file than {remark.file}.", *shown)
    if function is not None and not names_something and not any(_is_in(place, function) for place, _ in shown):
        return undecided(f"{answer.reason} That is not at line {remark.line}.", *shown)
    return answer


def _is_in(place: Place, function: FunctionInfo) -> bool:
    return place.file == function.place.file and function.place.line <= place.line <= function.place.end_line


# --- our own findings -------------------------------------------------------------------------------------------------


def answer_to_ours(remark: Remark, code: Code) -> Answer:
    """Answer a finding of our own, or our own verdict: the rule is asked again."""
    if remark.is_verdict:
        return _of_verdict(remark, code)
    unit = unit_of(remark, code)
    found = code.findings(remark.rule)
    here = [one for one in found if unit is not None and one.place.file == unit.path and one.place.line == remark.line]
    if here:
        return supported(f"{remark.rule} finds it.", *(_shown(one) for one in here))
    line = quoted(Place(unit.path, max(remark.line, 1)), code) if unit is not None else None
    return undecided(
        f"{remark.rule} does not find it there now, which does not prove that it is not there.",
        *([line] if line else []),
    )


def _of_verdict(remark: Remark, code: Code) -> Answer:
    remaining = apply_suppressions(code.security_findings(), code.program.units).remaining
    certain = [one for one in remaining if one.is_security_defect]
    says_clean = remark.text.startswith("No security defects")
    places: list[Shown] = [_shown(one) for one in certain]
    places = places or [(Place(unit.path, 1), "searched") for unit in code.program.units[:3]]
    if not places:
        return undecided("Nothing was reviewed.")
    if says_clean is not bool(certain):
        return supported("The rules come to the same.", *places)
    return refuted("The rules find security defects.", *places) if certain else undecided("The rules find none.")


def _shown(finding: Finding) -> Shown:
    return finding.place, f"{finding.rule}: {finding.message}"
