"""The names of code that a sentence mentions: quoted, looking like code, or called a class, a function, a member."""

from __future__ import annotations

import re
import sys
from collections.abc import Collection, Iterator
from dataclasses import dataclass

_SPAN = re.compile(r"`(?P<code>[^`]+)`")
_NAME = r"~?[A-Za-z_]\w*(?:(?:::|\.|->)~?[A-Za-z_]\w*)*"
_ARGUMENTS = r"\((?:[^()]|\([^()]*\))*\)"
_ONLY_NAME = re.compile(rf"&?(?P<name>{_NAME})\s*(?P<arguments>{_ARGUMENTS})?;?")
_BARE = re.compile(rf"(?<![\w/.:@`-])(?P<name>{_NAME})(?P<arguments>{_ARGUMENTS})?(?![\w`])")
_WORD = re.compile(r"[A-Za-z_]\w*")
_FILE = re.compile(r"[\w./-]+\.(?:cpp|cc|cxx|c|h|hpp|hxx|hh|py|pyw|pyi|inl)\b")
_FILE_LINE = re.compile(r"(?P<file>[\w./-]+\.(?:cpp|cc|cxx|c|h|hpp|hxx|hh|py))(?::|,? (?:at |on )?line )(?P<line>\d+)")
_HEADER = re.compile(r"(?:#\s*include\s*)?<(?P<name>[\w./]+)>")
_RULE_ID = re.compile(r"\b(?:LS\d{3}|CWE-\d+)\b")

_DECLARED = re.compile(
    r"(?:class|struct|def|async def|#define|static|virtual|const|bool|void|int|qint64|auto|"
    r"[A-Z]\w+(?:<[^<>]*>)?[\s*&]+)?[\s*&]*"
    rf"(?P<name>{_NAME})\s*(?P<arguments>{_ARGUMENTS})?\s*(?:const|override|->\s*\w+)?\s*[:;]?"
)
_CUE = (
    r"class|struct|function|method|slot|signal|member|variable|field|macro|parameter|attribute|constant|argument|test|"
    r"descriptor|pointer|object|flag|instance"
)
_CUE_BEFORE = re.compile(
    rf"\b(?P<cue>{_CUE})(?:s|es)?\s+(?:called |named )?(?P<quote>[\"']?)(?P<name>[A-Za-z_]\w*)(?P=quote)", re.I
)
_CUE_AFTER = re.compile(rf"(?P<quote>[\"']?)\b(?P<name>[A-Za-z_]\w*)(?P=quote)\s+(?P<cue>{_CUE})\b", re.I)
_QUOTED = re.compile(r"[\"'](?P<name>[A-Za-z_]\w*(?:::\w+)*)(?P<arguments>\([^()]*\))?[\"'](?!\w)")
_SCOPE_BEFORE = re.compile(
    r"\b(?:in|inside|within|of|from|by)\s+(?:the\s+|its\s+|your\s+)?"
    r"(?:(?:class|file|function|method|struct|constructor of)\s+)?`?$",
    re.IGNORECASE,
)
_INHERITS = re.compile(
    r"\b(?:inherit|deriv|sub-?class)\w*\W+(?:publicly\W+)?(?:from|of|by)\W+(?:the\W+class\W+)?`?$", re.I
)
_PROSE = frozenset({"e.g", "i.e", "etc", "vs", "n.b", "a.k.a", "and.or"})
_PROPER_NOUN = re.compile(
    r"JavaScript|TypeScript|GitHub|GitLab|PySide|PyQt|PyQt5|PyQt6|PySide6|PySide2|OpenSSL|macOS|LaTeX|"
    r"StackOverflow|McCabe|SonarQube|CppCheck|ClangTidy|QtTest|QtNetwork|QtCore|CamelCase|camelCase|PascalCase|"
    r"lowerCamelCase|UpperCamelCase|snake_case|lower_case|UPPER_CASE|SCREAMING_SNAKE_CASE|AddressSanitizer|"
    r"ThreadSanitizer|IPv4|IPv6|FreeBSD|OpenBSD"
)
_KEYWORD = re.compile(
    r"new|this|self|cls|void|int|bool|char|auto|const|true|false|True|False|None|nullptr|NULL|return|if|else|"
    r"with|try|finally|except|catch|goto|switch|case|lambda|yield|raise|throw|async|await|break|continue|pass|else|elif|"
    r"for|while|def|class|struct|static|virtual|public|private|protected|import|from|namespace|using|std"
)
_PREFIX = re.compile(r"[a-z]{0,2}_")  # what names begin with: m_, s_
_STARTS = re.compile(r"\W*(?:(?:the|a|an)\s+)?", re.IGNORECASE)
_VERB_FOLLOWS = re.compile(
    r"(?:'s)?\s+(?:is|are|was|has|had|does|do|did|should|can|cannot|will|would|must|might|may|could|never|also|only|"
    r"objects?|instances?|(?:leak|lack|miss|need|ignore|inherit|derive|call|use|block|read|write|violate|drop|handle|"
    r"contain|remove|define|declare|own|keep|run|start|stop)(?:s|es))\b"
)
_SMALL_WORDS = re.compile(
    r"in|is|are|of|and|or|for|to|the|an?|with|on|not?|has|have|that|which|from|by|at|as|its?|be|but|than|when|if|this|"
    r"these|those|there|was|were|do(?:es)?|can|may|also|only|never",
    re.IGNORECASE,
)
_NOT_ARGUMENTS = frozenset({"s", "es", "ren", "ies", "n", "S"})


@dataclass(frozen=True, slots=True)
class Mention:
    """A name as it stands in a sentence. `qualifier` is the class or object in front of it, as written.

    `arguments` is what stands in its parentheses, None without them; `cue` what the sentence calls it.
    """

    name: str
    qualifier: str
    arguments: str | None
    text: str
    start: int
    end: int
    cue: str = ""
    is_quoted: bool = False
    is_scope: bool = False
    is_file: bool = False
    line: int = 0

    @property
    def is_rule(self) -> bool:
        """Say whether it is the number of a rule or of a weakness."""
        return _RULE_ID.fullmatch(self.name) is not None

    def topic(self, topics: Collection[str]) -> str:
        """Return the word by which it belongs to what is said, and not to what that is said of: `pickle.loads`."""
        return next((word for word in (self.name, self.qualifier) if word in topics), "")

    @property
    def parameters(self) -> list[str]:
        """The parameters of a signature, without those inside template arguments being parted."""
        return split_parameters(self.arguments or "")


def split_parameters(text: str) -> list[str]:
    parts, depth, start = [], 0, 0
    for position, character in enumerate(text):
        depth += (character in "<([{") - (character in ">)]}")
        if character == "," and depth == 0:
            parts.append(text[start:position])
            start = position + 1
    parts.append(text[start:])
    return [part.strip() for part in parts if part.strip()]


def mentions_in(sentence: str, known: Collection[str]) -> list[Mention]:
    """Return the names that a sentence mentions, in their order; `known` are the names that the code has."""
    found: list[Mention] = []
    for mention in _candidates(sentence, known):
        is_module = mention.is_quoted and mention.text == "struct"  # of Python
        is_name = (is_module or not _KEYWORD.fullmatch(mention.name)) and not _PREFIX.fullmatch(mention.name)
        if is_name and all(mention.end <= other.start or other.end <= mention.start for other in found):
            found.append(mention)
    return sorted(found, key=lambda mention: mention.start)


def _candidates(sentence: str, known: Collection[str]) -> Iterator[Mention]:
    """Yield what may be a name, the surest signs first: where two overlap, the first one holds."""
    for match in _FILE_LINE.finditer(sentence):
        yield _file(sentence, match["file"], match.start(), match.end(), int(match["line"]))
    for match in _SPAN.finditer(sentence):
        yield from _in_code(sentence, match, known)
    for match in _FILE.finditer(sentence):
        yield _file(sentence, match[0], match.start(), match.end(), 0)
    for match in _RULE_ID.finditer(sentence):
        yield _mention(sentence, match[0], None, match.start(), match.end())
    for match in _BARE.finditer(sentence):
        arguments = match["arguments"]
        if arguments is not None and arguments[1:-1] in _NOT_ARGUMENTS:
            continue
        if _looks_like_code(match["name"], arguments) or _is_spoken_of(sentence, match, known):
            yield _mention(sentence, match["name"], arguments, match.start(), match.end())
    for match in _QUOTED.finditer(sentence):
        if match["name"] in known or match["arguments"] is not None:
            yield _mention(sentence, match["name"], match["arguments"], match.start(), match.end())
    yield from _called_something(sentence, known)


def _called_something(sentence: str, known: Collection[str]) -> Iterator[Mention]:
    """Yield what is called a class, a function, a member: "the class Echo", "the stop method"."""
    for pattern in (_CUE_BEFORE, _CUE_AFTER):
        for match in pattern.finditer(sentence):
            is_plain_word = match["cue"].lower() in ("class", "struct") and match["name"].islower()
            if _SMALL_WORDS.fullmatch(match["name"]) or (is_plain_word and not match["quote"]):
                continue  # "the server class"
            is_introduced = " called " in match[0] or " named " in match[0]
            if match["name"] in known or match["quote"] or is_introduced:
                start, end = match.span("name")
                yield _mention(sentence, match["name"], None, start, end, cue=match["cue"].lower())


def _in_code(sentence: str, span: re.Match[str], known: Collection[str]) -> Iterator[Mention]:
    code = span["code"].strip()
    if header := _HEADER.fullmatch(code):
        yield _file(sentence, header["name"], span.start(), span.end(), 0)
        return
    if _FILE.fullmatch(code):
        yield _file(sentence, code, span.start(), span.end(), 0)
        return
    if _RULE_ID.fullmatch(code):
        yield _mention(sentence, code, None, span.start(), span.end(), is_quoted=True)
        return
    whole = _ONLY_NAME.fullmatch(code)
    if whole is None:
        whole = _declared(code)
    if whole is not None:
        yield _mention(sentence, whole["name"], whole["arguments"], span.start(), span.end(), is_quoted=True)
        return
    words = [word for word in _WORD.findall(code) if word in known]
    if words:
        yield _mention(sentence, words[0], None, span.start(), span.end(), is_quoted=True)


def _declared(code: str) -> re.Match[str] | None:
    """A name with its type or keyword before it: `void stop()`, `class Echo`, `#define LIMIT`, `-> bool` after it."""
    return _DECLARED.fullmatch(code)


def _looks_like_code(name: str, arguments: str | None) -> bool:
    if _PROPER_NOUN.fullmatch(name) or name.lower() in _PROSE:
        return False
    if arguments is not None or "::" in name or "->" in name:
        return True
    if "." in name:
        parts = name.split(".")
        is_of_module = parts[0] in sys.stdlib_module_names
        return all(map(_is_word, parts)) and (is_of_module or any(_looks_like_code(part, None) for part in parts))
    if "_" in name.strip("_") or name.startswith("__") or re.fullmatch(r"_\w{2,}", name):
        return True
    return bool(re.search(r"[a-z0-9][A-Z]", name) or re.match(r"Q[A-Z][a-z]", name)) and len(name) > 2


def _is_word(part: str) -> bool:
    return len(part) > 1


def _is_spoken_of(sentence: str, match: re.Match[str], known: Collection[str]) -> bool:
    """Say whether a word that could be plain English is a name: BACKLOG, and `Client` or `running` as a subject."""
    name = match["name"]
    if name not in known or match["arguments"] is not None:
        return False
    if name.isupper():
        return len(name) > 2  # ID and IO are words
    is_first = _STARTS.fullmatch(sentence[: match.start()]) is not None
    follows = _VERB_FOLLOWS.match(sentence, match.end()) is not None
    if name[0].isupper():
        return not is_first or follows
    return match.start() == 0 and follows  # a sentence that begins in lower case begins with a name


def _mention(
    sentence: str,
    name: str,
    arguments: str | None,
    start: int,
    end: int,
    *,
    cue: str = "",
    is_quoted: bool = False,
) -> Mention:
    words = [name] if _RULE_ID.fullmatch(name) else re.split(r"::|->|\.", name)
    before, after = sentence[:start], sentence[end:]
    cue = cue or _cue_beside(before, after)
    is_scope = bool(_SCOPE_BEFORE.search(before)) or bool(re.match(r"'s?\s", after))
    is_scope = is_scope and not _INHERITS.search(before)
    return Mention(
        words[-1],
        words[-2] if len(words) > 1 else "",
        arguments[1:-1].strip() if arguments is not None else None,
        name + (arguments or ""),
        start,
        end,
        cue,
        is_quoted,
        is_scope,
    )


def _cue_beside(before: str, after: str) -> str:
    ahead = re.search(rf"\b({_CUE})(?:s|es)?\s+[\"'`]?$", before, re.I)
    behind = re.match(rf"[\"'`]?\s+({_CUE})\b", after, re.I)
    match = ahead or behind
    return match[1].lower() if match else ""


def _file(sentence: str, path: str, start: int, end: int, line: int) -> Mention:
    is_scope = bool(_SCOPE_BEFORE.search(sentence[:start])) or line > 0
    return Mention(
        path.rpartition("/")[2], "", None, path, start, end, is_quoted=True, is_scope=is_scope, is_file=True, line=line
    )
