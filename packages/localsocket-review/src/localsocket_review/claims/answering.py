"""The answer to a sentence: what each of its parts says, what the code says to that, and one verdict."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from localsocket_review.claims.claim import Answer, Claim, Shown, Verdict, refuted, supported, undecided
from localsocket_review.claims.kinds import all_kinds
from localsocket_review.claims.kinds.kind import ClaimKind
from localsocket_review.claims.mentions import Mention
from localsocket_review.claims.outside import is_known_outside, is_known_word
from localsocket_review.claims.parts import Part, Role, parts_of
from localsocket_review.claims.principle import kept_to_what_is_said
from localsocket_review.claims.recognising import ReadSentence, proposals, read_point
from localsocket_review.claims.review_text import Point, Sentence
from localsocket_review.claims.reviewed_code import NOWHERE, Code
from localsocket_review.claims.statements.answering import answer_to
from localsocket_review.claims.statements.judging import everywhere

_GENERAL = ("time or size", "technique", "other threads", "uses a function")  # statements about anything
_SHOWN = 6  # places of one answer


@dataclass(frozen=True, slots=True)
class PartAnswer:
    """What a part of a sentence says, by the name of its kind, and its answer; None where nothing was understood."""

    part: Part
    kind: str
    answer: Answer | None
    claim: Claim | None = None


def answer_sentence(read: ReadSentence, code: Code) -> tuple[list[PartAnswer], Answer] | None:
    """Return the parts and the one answer; None where nothing in the sentence is understood as a claim."""
    parts = parts_of(_with_its_name(read), read.mentions)
    older = _older_answers(read, parts, code)
    answered = [_answer_part(part, older[number], code) for number, part in enumerate(parts)]
    invented = next(_invented(read, code), None)
    if invented is not None:
        return answered, code.not_there(invented)
    if all(one.answer is None for one in answered):
        return None if not read.claims else (answered, _of_something_else(read, code))
    return answered, _joined(answered)


_POINTS_BACK = re.compile(
    r"^(?:this|the) (?:function|method|class|constructor|coroutine)\b(?! `)|^it\b(?! is (?:no|not) )", re.IGNORECASE
)


def _with_its_name(read: ReadSentence) -> str:
    """Put the name for "this function" and "it" at the beginning, where one thing was spoken of before."""
    text = read.sentence.text
    named = [one for one in read.before if not one.is_file]
    return _POINTS_BACK.sub(f"`{named[0].text}`", text, count=1) if len(named) == 1 else text


def _of_something_else(read: ReadSentence, code: Code) -> Answer:
    """What is said of a name of the code, and is of no kind that can be checked."""
    places = [(entity.place, f"{entity} is here") for one in read.mentions for entity in code.resolve(one)[:1]]
    return undecided("What is said about it cannot be checked.", *places[:_SHOWN])


# --- parts ------------------------------------------------------------------------------------------------------------


def _answer_part(part: Part, older: list[tuple[Claim, Answer]], code: Code) -> PartAnswer:
    """Ask as a plain statement first; what is no plain statement may be a defect that a rule knows."""
    if part.role is Role.LABEL and not older:
        return PartAnswer(part, "", None)
    told = answer_to(part.text, code)
    if told is not None and told.answer.verdict is not Verdict.UNDECIDED:
        return PartAnswer(part, told.kind, told.answer)
    if told is not None and told.kind not in _GENERAL:
        older = [] if told.is_whole else [one for one in older if one[0].kind not in ("unused", "exists")]
    if older:
        claim, answer = _of_claims(older)
        answer = kept_to_what_is_said(answer, claim, part.text)
        return PartAnswer(part, claim.kind, answer, claim)
    if told is not None:
        return PartAnswer(part, told.kind, told.answer)
    return _of_completed(part, code)


def _of_completed(part: Part, code: Code) -> PartAnswer:
    """Read a part that got its subject back as a sentence by itself."""
    if not part.is_completed:
        return PartAnswer(part, "", None)
    (again,) = read_point(Point("", [Sentence(part.text, 1)]), code.names)
    (answers,) = _older_answers(again, [part], code)
    found = [one for one in answers if one[0].kind not in ("exists", "calls", "counts")]
    if not found:
        return PartAnswer(part, "", None)
    claim, answer = _of_claims(found)
    return PartAnswer(part, claim.kind, kept_to_what_is_said(answer, claim, part.text), claim)


def _of_claims(answers: list[tuple[Claim, Answer]]) -> tuple[Claim, Answer]:
    """Join what a part says of several names, or of several kinds: all must hold."""
    premises = {kind.name for kind in all_kinds() if kind.is_premise}
    if any(claim.kind not in premises for claim, _ in answers):
        answers = [one for one in answers if one[0].kind not in premises or one[1].verdict is Verdict.REFUTED]
    idle = [one for one in answers if one[0].kind == "unused" and one[1].verdict is Verdict.UNDECIDED]
    answers = [one for one in answers if one not in idle] or idle  # "is used in `recv()`" says no more beside a defect
    by_verdict = {verdict: [one for one in answers if one[1].verdict is verdict] for verdict in Verdict}
    if by_verdict[Verdict.REFUTED]:
        chosen = by_verdict[Verdict.REFUTED]
    elif by_verdict[Verdict.UNDECIDED]:
        chosen = by_verdict[Verdict.UNDECIDED]
    else:
        chosen = answers
    places = [(place.place, place.note) for _, answer in chosen for place in answer.places]
    reason = " ".join(dict.fromkeys(answer.reason for _, answer in chosen))
    return chosen[0][0], _answer_of(chosen[0][1].verdict, reason, places)


def _answer_of(verdict: Verdict, reason: str, places: Sequence[Shown]) -> Answer:
    make = {Verdict.SUPPORTED: supported, Verdict.REFUTED: refuted, Verdict.UNDECIDED: undecided}[verdict]
    return make(reason, *list(dict.fromkeys(places))[:_SHOWN])


def _older_answers(read: ReadSentence, parts: list[Part], code: Code) -> list[list[tuple[Claim, Answer]]]:
    found: list[list[tuple[Claim, Answer]]] = [[] for _ in parts]
    kinds = {kind.name: kind for kind in all_kinds()}
    for claim in read.claims:
        if not kinds[claim.kind].is_last_resort:
            answer = _answer(claim, kinds[claim.kind], code)
            found[_home(claim, parts)].append((claim, answer))
    return found


def _home(claim: Claim, parts: list[Part]) -> int:
    """Return the part that a claim was read from: the one that shares most words with it."""
    words = set(re.findall(r"[a-z]+", claim.clause.lower()))
    shared = [len(words & set(re.findall(r"[a-z]+", part.text.lower()))) for part in parts]
    return shared.index(max(shared))


def _answer(claim: Claim, kind: ClaimKind, code: Code) -> Answer:
    if kind.knows_missing:
        return _checked(claim, kind, code)
    wanted = [*proposals(claim), *(one for one in (*claim.subjects, *claim.scopes) if one.is_rule)]
    named = (*claim.subjects, *claim.scopes)
    missing = [one for one in named if one not in wanted and not code.resolve(one, claim.scopes)]
    subjects = tuple(one for one in claim.subjects if one.is_rule or code.resolve(one, claim.scopes))
    if missing and not subjects and not claim.scopes:
        if all(is_known_outside(one, code) for one in missing):
            return undecided(f"{missing[0].text} is not in the code; searched: {code.extent}.")
        return code.not_there(missing[0])
    scopes = tuple(one for one in claim.scopes if one.is_rule or code.resolve(one))
    if any(one.is_file and one in missing for one in claim.scopes):
        return code.not_there(next(one for one in claim.scopes if one in missing))
    return _checked(replace(claim, subjects=subjects, scopes=scopes), kind, code)


def _checked(claim: Claim, kind: ClaimKind, code: Code) -> Answer:
    try:
        return kind.check(claim, code)
    except RecursionError:
        return undecided("The code is nested too deeply to follow.")


# --- names that are nowhere -------------------------------------------------------------------------------------------


_SAYS_ABSENT = re.compile(
    r"\b(?:no|not|never|without|nowhere|missing|lacks?|lacking|absent|absence of|nothing|neither|nor|instead of|"
    r"forgets?|fails?|should|could|would|might|ought|consider|add|adding|use|prefer|rather than|unlike|like|"
    r"such as|does not exist|doesn't exist|undefined|undeclared|rename\w*|replac\w+|e\.g\.)\b|n't\b",
    re.IGNORECASE,
)


_OF_OPTION = re.compile(
    r"\W*(?:\w+ ){0,2}?(?:is|are) (?:not |never )?(?:set|passed|given|used|called|specified|enabled|missing)\b",
    re.I,
)


def _is_name_of_code(mention: Mention, read: ReadSentence) -> bool:
    """Say whether a quoted word can only be a name of the program: `reconnectTimer`, and no option of a library."""
    is_compound = re.search(r"[a-z][A-Z]|\w_\w", mention.name) is not None
    return is_compound and not _OF_OPTION.match(read.sentence.text[mention.end :])


def _is_of_invented_class(mention: Mention, code: Code) -> bool:
    """Say whether it is said to be of a class that neither the code nor a known library has."""
    owner = mention.qualifier
    is_class = owner[:1].isupper() and not owner.isupper() and mention.arguments is not None
    return is_class and not code.occurrences(owner) and not is_known_word(owner) and owner not in code.names


def _invented(read: ReadSentence, code: Code) -> Iterator[Mention]:
    """Yield the names that are said to be there, and that neither the code nor a known library has."""
    for position, mention in enumerate(read.mentions):
        if _is_of_invented_class(mention, code):
            yield mention
            continue
        if mention.is_rule or code.resolve(mention) or (code.is_in_a_text(mention.name) and not mention.qualifier):
            continue
        if mention.is_file:
            if mention.line or mention.is_scope:
                yield mention
            continue
        is_plain = mention.arguments is None and not mention.qualifier and not mention.cue
        if is_plain and not (position == 0 and mention.is_quoted and _is_name_of_code(mention, read)):
            continue
        if is_known_outside(mention, code):
            continue
        ahead = read.sentence.text[: mention.start]
        is_subject = position == 0 and not re.search(r"\b(?:no|not|without|never|add|use|consider)\b", ahead, re.I)
        behind = read.sentence.text[mention.end : mention.end + 40]
        says_absent = re.search(
            r"\b(?:does|is|was) ?n[o']t (?:exist|there|defined|implemented|declared|present)|\bmissing\b|\babsent\b",
            behind,
            re.I,
        )
        if (is_subject and not says_absent) or not _SAYS_ABSENT.search(read.sentence.text):
            yield mention


# --- the sentence -----------------------------------------------------------------------------------------------------


def _joined(answered: list[PartAnswer]) -> Answer:
    """One sentence, one answer: wrong if a part is wrong, right if every part that is said is right."""
    judged = [one for one in answered if _counts(one)]
    if all(one.part.role is Role.LABEL for one in judged):
        judged = [one for one in answered if one.part.role is not Role.FOLLOWS and one.answer is not None]
    wrong = [one for one in judged if one.answer is not None and one.answer.verdict is Verdict.REFUTED]
    wrong = [one for one in wrong if one.part.role is not Role.REASON or one.claim is None]
    if wrong and wrong[0].answer is not None:
        return _with_places(Verdict.REFUTED, wrong)
    judged = [one for number, one in enumerate(judged) if not _is_explained(one, judged[number + 1 :], judged[:number])]
    open_parts = [one for one in judged if one.answer is None or one.answer.verdict is not Verdict.SUPPORTED]
    if judged and not open_parts:
        return _with_places(Verdict.SUPPORTED, judged)
    return _undecided(judged, open_parts)


_SHORT = 9  # words of what a colon explains


def _is_explained(one: PartAnswer, later: Sequence[PartAnswer], before: Sequence[PartAnswer]) -> bool:
    """Say whether a part only announces, or repeats, in few words and without a name what is beside its colon."""
    if one.answer is not None or len(one.part.text.split()) > _SHORT or "`" in one.part.text:
        return False
    is_announcing = bool(later) and later[0].part.explains and later[0].answer is not None
    return is_announcing or (one.part.explains and bool(before) and before[-1].answer is not None)


def _counts(one: PartAnswer) -> bool:
    """Say whether the part has a say: what would follow, and a title, have one only where they are decided."""
    if one.part.role is Role.FOLLOWS:
        return one.answer is not None and one.answer.verdict is Verdict.REFUTED
    return one.part.role is not Role.LABEL


def contrary(answer: Answer, code: Code) -> Answer:
    """Return the answer to the denial; what is said of a name that is nowhere stays refuted."""
    places = [(one.place, one.note) for one in answer.places]
    if answer.verdict is Verdict.SUPPORTED:
        return refuted(answer.reason, *places)
    if answer.verdict is Verdict.UNDECIDED or answer.reason.startswith(NOWHERE):
        return answer
    return supported(answer.reason, *(places or everywhere(code)))


def _with_places(verdict: Verdict, parts: Sequence[PartAnswer]) -> Answer:
    answers = [one.answer for one in parts if one.answer is not None]
    reason = " ".join(dict.fromkeys(one.reason for one in answers))
    return _answer_of(verdict, reason, [(place.place, place.note) for one in answers for place in one.places])


def _undecided(judged: list[PartAnswer], open_parts: list[PartAnswer]) -> Answer:
    right = [one for one in judged if one.answer is not None and one.answer.verdict is Verdict.SUPPORTED]
    reasons = [
        one.answer.reason if one.answer is not None else f'Not decided: "{one.part.text}".' for one in open_parts
    ]
    reasons = [f"So far it is right: {one.answer.reason}" for one in right if one.answer is not None] + reasons
    places = [(place.place, place.note) for one in judged if one.answer is not None for place in one.answer.places]
    return _answer_of(Verdict.UNDECIDED, " ".join(dict.fromkeys(reasons)), places)


_BESIDES = frozenset({"is allocated", "things are there", "is there", "is imported", "derives from", "stands in"})


def told_kind(answered: list[PartAnswer], final: Verdict) -> tuple[str, Claim | None]:
    """Return what the sentence is chiefly about: the kind of what decided it, and not of what is said on the way."""
    for verdict in (final, Verdict.UNDECIDED, Verdict.SUPPORTED):
        found = [one for one in answered if one.answer is not None and one.answer.verdict is verdict]
        if found:
            chief = next((one for one in found if one.kind not in _BESIDES), found[0])
            return chief.kind, chief.claim
    return "", None
