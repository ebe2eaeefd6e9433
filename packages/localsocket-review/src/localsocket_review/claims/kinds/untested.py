"""Whether there are tests, and what they reach."""

from __future__ import annotations

from localsocket_review.claims.claim import Answer, Claim, Shown, refuted, supported, undecided
from localsocket_review.claims.kinds.counts import is_test
from localsocket_review.claims.kinds.kind import ClaimKind, words
from localsocket_review.claims.reviewed_code import Code, Entity, Sort
from localsocket_review.model.declarations import ClassInfo, FunctionInfo

_SHOWN = 5


def check(claim: Claim, code: Code) -> Answer:
    tests = [
        one for one in code.of_sort(Sort.FUNCTION) if isinstance(one.found, FunctionInfo) and is_test(one.found, code)
    ]
    if not tests:
        reason = f"No test is among the files given; searched: {code.extent}. There may be some elsewhere."
        return undecided(reason)
    subjects = [entity for subject in claim.subjects for entity in code.resolve(subject, claim.scopes)]
    if not subjects:
        shown: list[Shown] = [(one.place, f"{one} is a test") for one in tests[:_SHOWN]]
        reason = f"There are {len(tests)} tests." if len(tests) > 1 else "There is a test."
        return refuted(reason, *shown) if claim.is_complaint else supported(reason, *shown)
    reached = [shown for entity in subjects for shown in _reaching(entity, tests, code)]
    names = ", ".join(dict.fromkeys(str(entity) for entity in subjects))
    if reached:
        reason = f"A test leads to {names}."
        return refuted(reason, *reached[:_SHOWN]) if claim.is_complaint else supported(reason, *reached[:_SHOWN])
    places: list[Shown] = [(entity.place, f"{entity} is here, but no test given leads to it") for entity in subjects]
    reason = f"None of the {len(tests)} tests among the files given leads to {names}."
    return supported(reason, *places) if claim.is_complaint else refuted(reason, *places)


def _reaching(entity: Entity, tests: list[Entity], code: Code) -> list[Shown]:
    """Return the tests that call the function, or make an object of the class, themselves or through others."""
    found: list[Shown] = []
    for test in tests:
        if not isinstance(test.found, FunctionInfo):
            continue
        if test.found is entity.found:
            return [(test.place, f"{test} is a test itself")]
        for function in code.facts.threads.reachable(test.found):
            if function is entity.found or (isinstance(entity.found, ClassInfo) and _names(function, entity.name)):
                found.append((test.place, f"{test} leads to it"))
                break
    return found


def _names(function: FunctionInfo, name: str) -> bool:
    made = any(call.called_name == name for call in function.calls())
    return made or any(declared.strip("*& ") == name for declared in function.declared_types().values())


KIND = ClaimKind(
    name="untested",
    title="there are no tests, or none of something",
    complaint=words(
        r"(?:no|without|lacks?|missing|lack of|absence of)\W+(?:any\W+|\w+\W+)?(?:unit\W+|automated\W+)?"
        r"(?:tests?|test (?:cases?|coverage|suite))\b(?!\W+(?:data|functions?\W+are))",
        r"untested",
        r"(?:not|never|n't)\W+(?:\w+\W+)?(?:tested|covered\W+by\W+(?:\w+\W+)?tests?)",
    ),
    denial=words(
        r"(?:is|are)\W+(?:\w+\W+)?(?:tested|covered by\W+(?:\w+\W+)?tests?)",
        r"(?:there are|has|have|includes?|with)\W+(?:\w+\W+)?(?:unit\W+)?tests\b",
    ),
    check=check,
    rank=5,
    examples=("There are no tests.", "`SocketFactory` is untested.", "The code is covered by tests."),
)
