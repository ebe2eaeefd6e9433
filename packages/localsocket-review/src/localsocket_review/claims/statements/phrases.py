"""Phrasings as data: a table's line is what people write, with {placeholders} for names, numbers and the like."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from localsocket_review.claims.mentions import Mention
from localsocket_review.claims.reviewed_code import Code
from localsocket_review.claims.statements.truth import Truth
from localsocket_review.claims.statements.wording import Wording

_SORTS = (
    r"(?:function|method|class|struct|macro|variable|member|field|attribute|parameter|argument|call|slot|signal|"
    r"constructor|destructor|object|module|header|constant|flag|option|keyword|exception|thread|import|descriptor|lock|"
    r"mutex|file|test|counter|type|decorator|property|coroutine|handler)s?"
)
_LEAD = (
    r"(?:(?:the|an?|any|its|their|this|that|these|those|every|each|two|three|some|the two|the three|"
    r"all the) )?(?:[a-z]+-[a-z]+ |sole |old |new |un[a-z]+ed )?"
    rf"(?:(?:constructor|destructor|body) of (?:the )?)?"
    r"(?:(?:own|only|private|public|member|static|global|virtual|result of|call to|call of|use of|"
    rf"private member) )?(?:{_SORTS} )?(?:called |named )?"
)
_NAME = rf"{_LEAD}<\d+>(?:'s)?(?: {_SORTS}\b)?"
_COUNTING = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen"  # in order
)
NUMBER_WORDS = dict(zip(_COUNTING.split(), range(17), strict=True))
_NUMBER = rf"(?:0[xX][0-9a-fA-F]+|0[oO]?[0-7]+|\d[\d_]*(?:\.\d+)?|(?:{'|'.join(NUMBER_WORDS)}|once|twice|thrice)\b)"
_UNIT = (
    r"(?:ms|milliseconds?|s|secs?|seconds?|minutes?|min|hours?|bytes?|kib|kb|kilobytes?|mib|mb|columns|characters)\b"
)
_PROGRAM = (
    r"(?:(?:the|this|our|your|its) (?:\w+ )?(?:program|code|module|script|file|application|source|"
    r"implementation|server|hub|daemon|service|listener|client|child|parent|sender|receiver|class|main loop|loop)"
    r"(?: class| code| process| program| side)?|it|they|one|we|you|there|nothing in (?:this|the) \w+)"
)
PLACEHOLDERS = {
    "X": rf"(?P<X>{_NAME})",
    "Y": rf"(?P<Y>{_NAME})",
    "Z": rf"(?P<Z>{_NAME})",
    "XS": rf"(?P<X>{_NAME}(?:(?:, | ?/ ?|,? and |,? or |,? nor ){_NAME})*)",
    "YS": rf"(?P<Y>{_NAME}(?:(?:, | ?/ ?|,? and |,? or |,? nor ){_NAME})*)",
    "S": rf"(?P<S>{_NAME}|{_PROGRAM})",
    "W": r"(?P<W>[a-z][a-z-]*(?: [a-z][a-z-]*){0,5}?|<\d+>)",
    "N": rf"(?P<N>{_NUMBER})",
    "V": rf"(?P<V>(?!(?:once|twice|thrice)\b){_NUMBER})(?: (?P<U>{_UNIT}))?",
    "T": rf"(?P<V>{_NUMBER}|an?)[ -]?(?P<U>{_UNIT})",
    "THE": r"(?:the |an? |any |its |this |that |no )?",
    "BE": r"(?:is|are|was|were|gets?|be|being|been|has been|have been)",
}
_MARK = re.compile(r"<(\d+)>")


@dataclass(frozen=True, slots=True)
class Matched:
    """What stood for the placeholders; `rest` is what the phrase did not take."""

    wording: Wording
    names: dict[str, tuple[Mention, ...]]
    words: dict[str, str]
    rest: str
    scopes: tuple[Mention, ...] = ()

    def name(self, placeholder: str) -> Mention:
        return self.names[placeholder][0]


Ask = Callable[[Matched, Code], Truth | None]


@dataclass(frozen=True, slots=True)
class StatementKind:
    """A question to the code, and the phrasings that ask it.

    `phrases` say that it is so, `opposites` that it is not. `example` shows one of them for the documentation.
    """

    name: str
    title: str
    example: str
    ask: Ask
    phrases: tuple[str, ...]
    opposites: tuple[str, ...] = ()
    takes_rest: bool = False  # the question looks at the rest itself
    _compiled: list[tuple[re.Pattern[str], bool]] = field(default_factory=list)

    def matches(self, wording: Wording) -> Iterator[tuple[Matched, bool]]:
        """Yield each way to read the wording as this statement, and whether that turns it round."""
        for pattern, flips in self._patterns():
            match = pattern.match(wording.core)
            if match is not None:
                yield _matched(match, wording), flips

    def _patterns(self) -> list[tuple[re.Pattern[str], bool]]:
        if not self._compiled:
            for phrases, flips in ((self.phrases, False), (self.opposites, True)):
                self._compiled.extend((compiled(phrase), flips) for phrase in phrases)
        return self._compiled


def compiled(phrase: str) -> re.Pattern[str]:
    pattern = re.sub(r"\{([A-Z]+)\}", lambda one: PLACEHOLDERS[one[1]], phrase)
    return re.compile(rf"(?:in {_NAME},? )?{pattern}(?![\w])(?P<rest>.*)$", re.IGNORECASE)


def _matched(match: re.Match[str], wording: Wording) -> Matched:
    groups = {key: text for key, text in match.groupdict().items() if text is not None}
    names = {key: tuple(wording.named(one) for one in _MARK.findall(text)) for key, text in groups.items()}
    ahead = _MARK.findall(wording.core[: min(match.start(key) for key in groups)])
    rest, scopes = _scoped(groups.get("rest", ""), wording)
    scopes += tuple(wording.named(one) for one in ahead)
    return Matched(wording, {key: found for key, found in names.items() if found}, groups, rest, scopes)


_SCOPE = re.compile(
    rf"^,? (?:in|inside|within|of|from|by|from within) ({_NAME}(?:(?:, |,? and |,? or ){_NAME})*)", re.IGNORECASE
)


def _scoped(rest: str, wording: Wording) -> tuple[str, tuple[Mention, ...]]:
    """Take "in `run()`" from what stands behind: there it is said to be."""
    match = _SCOPE.match(rest)
    if match is None:
        return rest.strip(" ,"), ()
    return rest[match.end() :].strip(" ,"), tuple(wording.named(one) for one in _MARK.findall(match[1]))


def number_of(text: str) -> float | None:
    """Read a number as people write it: 0o660, 0660, 8_192, three, once."""
    plain = text.lower().replace("_", "")
    plain = {"once": "1", "twice": "2", "thrice": "3", "a": "1", "an": "1"}.get(plain, plain)
    if plain in NUMBER_WORDS:
        return NUMBER_WORDS[plain]
    try:
        if plain.startswith(("0x", "0o")):
            return int(plain, 0)
        if len(plain) > 1 and plain.startswith("0") and plain.isdigit():
            return int(plain, 8)
        return float(plain)
    except ValueError:
        return None


def statements_of(tables: Sequence[Sequence[StatementKind]]) -> tuple[StatementKind, ...]:
    return tuple(one for table in tables for one in table)
