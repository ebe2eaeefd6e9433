"""Texts that are known in part, and how they are put together."""

from __future__ import annotations

import os.path
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import Enum, auto

from localsocket_review.model.place import Place

MOST_TEXTS = 12  # of one expression: more are not followed
_SCHEMES = ("ipc://", "unix://", "unix:path=", "unix:", "local://")


class HoleKind(Enum):
    """What is known of a part of a text that is not known itself."""

    UNKNOWN = auto()
    PRIVATE = auto()  # a fresh directory that only this user may enter
    RUNTIME = auto()  # the user's runtime directory
    HOME = auto()  # the user's home, which others may enter on many systems
    PREDICTABLE = auto()  # a process or user id, a host or user name
    RANDOM = auto()


@dataclass(frozen=True, slots=True)
class Hole:
    """A part of a text that is not known; two of the same `origin` are the same text."""

    kind: HoleKind
    origin: object = None


@dataclass(frozen=True, slots=True)
class Text:
    """A text of known pieces and holes; `place` is where its first piece is written."""

    parts: tuple[str | Hole, ...]
    place: Place | None = field(default=None, compare=False)

    @property
    def literal(self) -> str | None:
        return "".join(map(str, self.parts)) if all(isinstance(part, str) for part in self.parts) else None

    @property
    def beginning(self) -> str:
        """The known piece at the front."""
        return self.parts[0] if self.parts and isinstance(self.parts[0], str) else ""

    def has(self, *kinds: HoleKind) -> bool:
        return any(isinstance(part, Hole) and part.kind in kinds for part in self.parts)

    @property
    def begins_unknown(self) -> bool:
        """Whether nothing is known of the directory that it begins with."""
        first = self.parts[0] if self.parts else None
        return isinstance(first, Hole) and first.kind is HoleKind.UNKNOWN

    @property
    def is_unknown(self) -> bool:
        return all(isinstance(part, Hole) and part.kind is HoleKind.UNKNOWN for part in self.parts)

    def __str__(self) -> str:
        return "".join(part if isinstance(part, str) else "…" for part in self.parts)


Texts = frozenset[Text]


def constant_texts(value: object, place: Place) -> list[Text]:
    if isinstance(value, bytes):
        return [Text((value.decode("utf-8", "replace"),), place)]
    return [] if value is None else [Text((str(value),), place)]


def hole(kind: HoleKind, origin: object) -> Text:
    return Text((Hole(kind, origin),))


def unknown_text(origin: object) -> Texts:
    return frozenset({hole(HoleKind.UNKNOWN, origin)})


def known_text(known: str | HoleKind, origin: object) -> list[Text]:
    return [Text((known,)) if isinstance(known, str) else hole(known, origin)]


def concatenate(texts: Sequence[Text], separator: str = "") -> Text:
    parts: list[str | Hole] = []
    for text in texts:
        piece = list(text.parts)
        if separator and piece and isinstance(piece[0], str) and piece[0].startswith(separator):
            parts = []  # an absolute path starts anew
        elif separator and parts and not (isinstance(parts[-1], str) and parts[-1].endswith(separator)):
            parts.append(separator)
        parts.extend(piece)
    merged: list[str | Hole] = []
    for part in parts:
        if merged and isinstance(part, str) and isinstance(merged[-1], str):
            merged[-1] += part
        elif part != "":
            merged.append(part)
    return Text(tuple(merged), next((text.place for text in texts if text.place is not None), None))


def parent_of(text: Text) -> Text:
    if text.parts and isinstance(text.parts[-1], str):
        return Text((*text.parts[:-1], os.path.dirname(text.parts[-1])))
    return Text((*text.parts, "/.."))


def lie_in(texts: Texts, *kinds: HoleKind) -> bool:
    """Say whether a text lies in a directory of such a kind, and so do all of which the beginning is known.

    The others may be what was kept of an earlier call, or what somebody chose for once.
    """
    return any(text.has(*kinds) for text in texts) and all(text.has(*kinds) or not text.beginning for text in texts)


def without_scheme(texts: Texts) -> Texts:
    """Take off what only says that the address is local."""
    found = set()
    for text in texts:
        for scheme in _SCHEMES:
            if text.beginning.startswith(scheme):
                text = Text((text.beginning.removeprefix(scheme), *text.parts[1:]), text.place)
        found.add(text)
    return frozenset(found)
