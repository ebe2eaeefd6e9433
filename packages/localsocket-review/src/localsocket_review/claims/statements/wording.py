"""A part of a sentence in plain form: negations, hedges and fillers taken out and counted, names as marks."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from localsocket_review.claims.mentions import Mention
from localsocket_review.claims.word_sets import word_set

_CONTRACTIONS = (
    (r"\bcan(?:no|')t\b", "can not"),
    (r"\bwon't\b", "will not"),
    (r"\b(\w+)n't\b", r"\1 not"),
    (r"\bI(?:'d| would)\b", "one should"),
    (r"\b(it|there|that)'s\b", r"\1 is"),
)
_OPENINGS = re.compile(
    r"^\W*(?:(?:(?:please )?note that|however|also|moreover|furthermore|additionally|in addition|"
    r"besides|finally|overall|actually|in fact|"
    r"unfortunately|first|second|third|lastly|again|likewise|similarly|conversely|by contrast|nit|"
    r"minor|note|warning|bug|"
    r"issue|problem|here|currently|as written|as it stands|also note|please note|(?:please )?note that|"
    r"i (?:noticed|see|found|think|believe|suspect)(?: that)?|it (?:seems|appears|looks like|is clear|"
    r"turns out)(?: that)?|"
    r"within (?:this|the) (?:file|code|program|module|script)|"
    r"as far as (?:i|one) can (?:see|tell)|(?:the )?reason is that|for example|for instance|in (?:this|the) (?:\w+ )?"
    r"(?:file|code|program|module|class|project|script))\b[\s,:]*)+",
    re.IGNORECASE,
)
_NEGATIONS = re.compile(
    r"\b(?:(?:does|do|did|is|are|was|were|has|have|had|will|would|should|could|can|must|may|might) not|never|no longer|"
    r"nowhere|hardly ever|not|(?:fails?|failed|failing|forgets?|forgot|neglects?|neglected|omits?|omitted) to)\b",
    re.IGNORECASE,
)
_KEPT = re.compile(r"(is|are|was|were|has|have|should|must|can|could|may|might|will|would)\s", re.IGNORECASE)
_HEDGES = re.compile(
    r"\b(?:apparently|seemingly|possibly|potentially|probably|likely|perhaps|maybe|presumably|arguably)\b|"
    r"\b(?:seems?|appears?) to\b(?: be\b)?|\b(?:may|might|could|can)\b(?= (?:not )?[a-z]+)",
    re.IGNORECASE,
)
_FILLERS = re.compile(
    r"\b(?:really|simply|just|explicitly|directly|ever|even|still|also|both|correctly|properly|all(?! "
    r"(?:local |other )?users)|of "
    r"its own|of their own|"
    r"currently|clearly|obviously|already|indeed|actually|in turn|either)\b",
    re.IGNORECASE,
)
_WANTED = re.compile(
    r"\b(?:could|can|may|might)(?= (?:also |well |easily )?be (?:marked |declared |made |turned |a |an "
    r")*(?:explicit|const|override|"
    r"final|static|virtual|noexcept|private|constexpr|removed|dropped|simplified|replaced)\b)|"
    r"\b(?:should|must|ought to|needs? to|had better|is supposed to|are supposed to)\b(?: (?:not "
    r")?(?:really |also )?)?",
    re.IGNORECASE,
)
_IMPERATIVE = re.compile(
    r"^[^\w`]*(?:please |instead,? |better:? |consider |i suggest |we should |one should |you should |"
    r"it would be (?:better|best|safer) to |(?:suggested )?(?:fix|suggestion|recommendation):\s*)*"
    r"(?:(?:consider|avoid|prefer)(?=\W)|(?:mark|make|declare|add|call|use|set|pass|check|close|delete|remove|handle|"
    r"catch|drop|give|replace|rename)\b|(?<=consider )(?:adding|marking|making|using|calling|passing|"
    r"declaring|checking)\b)",
    re.IGNORECASE,
)
_HERE = re.compile(
    r"[\s,]*\b(?:anywhere|somewhere|at all|here|at any point|else|in (?:this|the) (?:whole |entire |"
    r"given )?(?:file|code|"
    r"program|module|codebase|source|sources|script|project|snippet|translation unit|code base|source file)s?|"
    r"(?:as|though) (?:it|they) should(?: be)?|as well|too|nowadays|throughout|elsewhere|"
    r"(?:and )?(?:can|could|should|may) (?:safely )?be (?:removed|dropped|deleted))\W*$",
    re.IGNORECASE,
)
_LABELS = re.compile(r"\s*\((?:CWE-\d+|LS\d+)[^()]*\)")
_TRUE_THAT = re.compile(r"^(?:it is|this is) (?:true|the case|correct|so) that ", re.IGNORECASE)
_SPACES = re.compile(r"\s+")


@dataclass(frozen=True, slots=True)
class Wording:
    """The plain form. `is_negated` counts the negations; what is only wanted is said not to be, so it counts too."""

    core: str
    is_negated: bool
    is_wanted: bool
    is_hedged: bool
    mentions: tuple[Mention, ...]
    has_second_negation: bool = False

    def named(self, mark: str) -> Mention:
        return self.mentions[int(mark)]


def wording_of(text: str, mentions: Sequence[Mention]) -> Wording:
    """Bring a part of a sentence to its plain form."""
    mentions = [one for one in mentions if one.name not in KEYWORDS]
    core = _marked(text, mentions)
    for pattern, plain in _CONTRACTIONS:
        core = re.sub(pattern, plain, core, flags=re.IGNORECASE)
    core = _LABELS.sub("", core)
    core = _condition_last(_OPENINGS.sub("", core))
    core, condition = _parted(core)
    core, wanted = _without_wish(core)
    core, hedges = _HEDGES.subn(" ", core)
    core, negations = _NEGATIONS.subn(_without_negation, core)
    core = _FILLERS.sub(" ", core) + condition
    core = _TRUE_THAT.sub("", _SPACES.sub(" ", core).strip(" .,;:!"))
    while (shorter := _HERE.sub("", core)) != core:
        core = shorter
    is_negated = (negations + wanted) % 2 == 1
    return Wording(core.strip(" .,;:!"), is_negated, bool(wanted), bool(hedges), tuple(mentions), negations > 1)


_CONDITION_FIRST = re.compile(
    r"^\W*(?P<condition>(?:when|whenever|if|while|once)\b[^,]*),\s+(?:then )?(?P<main>.+)$", re.IGNORECASE | re.DOTALL
)
_CONDITION = re.compile(
    (
        r"(?<=\w|>)[\s,]+(?:when|whenever|if|while|unless|until|once (?=the|a|it)|provided|even though|in "
        r"case|as soon as|where)\b"
    ),
    re.I,
)
KEYWORDS = word_set(
    "required optional mandatory explicit override final virtual const static abstract noexcept "
    "constexpr async public private "
    "protected inline new "
    "delete default"
)


def _condition_last(core: str) -> str:
    """ "When `bind()` fails, `fd` leaks" says the same as "`fd` leaks when `bind()` fails"."""
    match = _CONDITION_FIRST.match(core)
    return f"{match['main'].rstrip(' .;:!')} {match['condition']}" if match else core


def _parted(core: str) -> tuple[str, str]:
    """Part what is said from its condition, whose negations are not those of the sentence."""
    match = _CONDITION.search(core)
    return (core[: match.start()], core[match.start() :]) if match else (core, "")


def is_wish(text: str) -> bool:
    """Say whether a part asks for something: "add a check", "I'd make it explicit"."""
    return _IMPERATIVE.match(text) is not None or _WANTED.search(text) is not None or text.startswith("I'd ")


def _marked(text: str, mentions: Sequence[Mention]) -> str:
    pieces: list[str] = []
    position = 0
    for number, mention in enumerate(mentions):
        pieces.append(_bare(text[position : mention.start]))
        pieces.append(f"<{number}>")
        position = mention.end
    pieces.append(_bare(text[position:]))
    return "".join(pieces)


def _bare(text: str) -> str:
    return text.replace("<", " ").replace(">", " ").replace("`", "").replace("*", "")


def _without_wish(core: str) -> tuple[str, int]:
    """Take out "should": what a review asks for is said to be missing."""
    without, count = _WANTED.subn("", core, count=1)
    if count:
        return without, 1
    return core, int(_IMPERATIVE.match(core) is not None)


def _without_negation(found: re.Match[str]) -> str:
    """ "is not called" is "is called" denied; "does not call" is "call" denied."""
    kept = _KEPT.match(found[0])
    return kept[1] if kept else ""
