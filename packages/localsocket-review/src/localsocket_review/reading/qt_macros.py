"""Qt's macros, masked byte for byte, so that a C++ grammar reads the code and every position stays true."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field

# What a word is replaced by; padded with blanks to its own length.
_SYNONYMS = {
    b"Q_DECL_OVERRIDE": b"override",
    b"Q_DECL_FINAL": b"final",
    b"Q_DECL_NOEXCEPT": b"noexcept",
    b"Q_DECL_NOTHROW": b"noexcept",
    b"Q_DECL_CONSTEXPR": b"constexpr",
    b"Q_NULLPTR": b"nullptr",
    b"Q_FOREVER": b"for(;;)",
    b"forever": b"for(;;)",
}
# Those that say something about the class that they stand in.
_CLASS_MACROS = frozenset({b"Q_OBJECT", b"Q_GADGET", b"Q_OBJECT_FAKE", b"Q_NAMESPACE"})
# Those that stand like a declaration, with what is in their parentheses.
_DECLARATION_MACROS = frozenset(
    b"Q_PROPERTY Q_ENUM Q_ENUMS Q_FLAG Q_FLAGS Q_CLASSINFO Q_INTERFACES Q_DISABLE_COPY Q_DISABLE_COPY_MOVE "
    b"Q_DISABLE_MOVE Q_DECLARE_PRIVATE Q_DECLARE_PRIVATE_D Q_DECLARE_PUBLIC Q_PRIVATE_SLOT Q_DECLARE_METATYPE "
    b"Q_DECLARE_FLAGS Q_DECLARE_OPERATORS_FOR_FLAGS Q_DECLARE_TR_FUNCTIONS Q_DECLARE_LOGGING_CATEGORY "
    b"Q_LOGGING_CATEGORY Q_PLUGIN_METADATA Q_DECLARE_INTERFACE Q_DECLARE_TYPEINFO Q_DECLARE_SHARED Q_ENUM_NS "
    b"Q_FLAG_NS Q_OBJECT_BINDABLE_PROPERTY Q_OVERRIDE Q_MOC_INCLUDE QML_NAMED_ELEMENT Q_REVISION "
    b"QT_DEPRECATED_X QT_DEPRECATED_VERSION_X QT_WARNING_DISABLE_GCC QT_WARNING_DISABLE_CLANG QTEST_MAIN "
    b"QTEST_GUILESS_MAIN QTEST_APPLESS_MAIN QT_REQUIRE_CONFIG".split()
)
_BLANKED = frozenset(
    b"Q_INVOKABLE Q_SCRIPTABLE Q_EMIT Q_DECL_DEPRECATED QT_BEGIN_NAMESPACE QT_END_NAMESPACE Q_REQUIRED_RESULT "
    b"Q_ALWAYS_INLINE Q_NEVER_INLINE Q_DECL_UNUSED Q_DECL_HIDDEN QT_WARNING_PUSH QT_WARNING_POP QT_DEPRECATED "
    b"QML_ELEMENT Q_DECL_RELAXED_CONSTEXPR Q_DECL_COLD_FUNCTION Q_NODISCARD_CTOR Q_WEAK_OVERLOAD".split()
)
_TOKEN = re.compile(
    rb"""
    //[^\n]* | /\*.*?\*/                                  # comments and texts stay as they are
    | R"(?P<raw>[^()\\\s]{0,16})\(.*?\)(?P=raw)"
    | "(?:\\.|[^"\\\n])*" | '(?:\\.|[^'\\\n]){1,8}'
    | \b(?P<section>(?:(?:public|protected|private)[ \t]+(?:slots|Q_SLOTS)|signals|Q_SIGNALS))\s*:(?!:)
    | \b(?P<emit>emit)\b(?=\s+[\w:(])
    | \b(?P<connect>SIGNAL|SLOT)[ \t]*(?=\()
    | \b(?P<foreach>foreach|Q_FOREACH)[ \t]*\((?P<each>[^(),;]*(?:<[^();]*>)?[^(),;]*)(?P<comma>,)
    | \b(?P<fetch>QFETCH(?:_GLOBAL)?)[ \t]*\((?P<fetched>[^()\n]*?),[ \t]*\w+[ \t]*\)
    | \b(?P<word>Q_[A-Z_]+|QT_[A-Z_]+|QML_[A-Z_]+|QTEST_[A-Z_]*MAIN|forever(?=\s*\{))\b
    | \b(?P<export>[A-Z][A-Z0-9_]*_(?:EXPORT|API|DLLSPEC))\b(?=\s+[A-Za-z_~])
    """,
    re.VERBOSE | re.DOTALL,
)

_INVOKABLE = re.compile(rb"\bQ_(?:INVOKABLE|SCRIPTABLE)\b[^;{}()]*?(\w+)\s*\(")


@dataclass(slots=True)
class MaskedSource:
    """The source with its macros masked. The offsets tell where `sections` begin and `class_macros` stood."""

    text: bytes
    sections: dict[int, str] = field(default_factory=dict)
    class_macros: dict[int, str] = field(default_factory=dict)
    counts: Counter[str] = field(default_factory=Counter)
    hidden_words: Counter[str] = field(default_factory=Counter)  # what a masked macro mentions, such as an accessor


def mask_macros(source: bytes) -> MaskedSource:
    masked = MaskedSource(source)
    text = bytearray(source)
    for token in _TOKEN.finditer(source):
        kind = token.lastgroup
        if kind is None or kind == "raw":
            continue
        start, end = token.span("connect" if kind == "connect" else kind)
        word = source[start:end]
        if kind == "comma":
            start, end = token.span("foreach")
            text[start:end] = b"for".ljust(end - start)
            text[token.start("comma")] = ord(":")
            word = source[start:end]
        elif kind == "fetched":
            word = _mask_fetch(text, token)
        elif kind == "section":
            section = " ".join(word.decode().replace("Q_SIGNALS", "signals").replace("Q_SLOTS", "slots").split())
            masked.sections[start] = section
            access = "public" if section == "signals" else section.split()[0]
            text[start:end] = access.encode().ljust(end - start)
        elif kind == "connect":
            end = _closing(source, token.end())
            if end < 0:
                continue
            text[start], text[end] = ord('"'), ord('"')
        elif kind == "word":
            end = _mask_word(masked, text, word, start, end)
        else:
            text[start:end] = b" " * (end - start)
        masked.counts[word.decode()] += 1
        if kind in ("word", "connect"):
            masked.hidden_words.update(
                re.findall(r"[A-Za-z_]\w*", source[start + len(word) : end].decode("utf-8", "replace"))
            )
    masked.text = bytes(text)
    masked.hidden_words.update(word.decode() for word in _INVOKABLE.findall(source))
    return masked


def _mask_fetch(text: bytearray, token: re.Match[bytes]) -> bytes:
    """`QFETCH(int, size)` declares a variable: make it `int size`."""
    text[slice(*token.span("fetch"))] = b" " * len(token["fetch"])
    text[text.index(b"(", token.start())] = ord(" ")
    text[token.end("fetched")] = ord(" ")
    text[token.end() - 1] = ord(" ")
    return token["fetch"]


def _mask_word(masked: MaskedSource, text: bytearray, word: bytes, start: int, end: int) -> int:
    """Mask one of Qt's words where it is one that the grammar stumbles over, and return where the mask ends."""
    if word in _SYNONYMS:
        text[start:end] = _SYNONYMS[word].ljust(end - start)
        return end
    if word in _CLASS_MACROS:
        masked.class_macros[start] = word.decode()
    elif word in _DECLARATION_MACROS:
        opening = re.match(rb"\s*", text[end : end + 80])
        at = end + (opening.end() if opening else 0)
        if text[at : at + 1] == b"(" and (closing := _closing(bytes(text[: at + 4096]), at)) > 0:
            end = closing + 1
    elif word not in _BLANKED and not word.endswith((b"_EXPORT", b"_IMPORT")):
        return end
    kept = bytes(byte if byte in b"\r\n" else 0x20 for byte in text[start:end])
    text[start:end] = kept
    return end


def _closing(source: bytes, opening: int) -> int:
    """Return where the parenthesis that opens there is closed, or -1."""
    depth = 0
    for token in re.compile(rb"[()]").finditer(source, opening):
        depth += 1 if token.group() == b"(" else -1
        if depth == 0:
            return token.start()
    return -1
