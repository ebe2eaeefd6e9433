"""A flow: received data on its way from a source to a sink, written as a small program.

Each program comes three times: as it is, which is a defect; with a source that is no peer, and with a guard before the
sink, which are none. The tables of a language (c.py, cpp.py, python.py) say what there is of each; here they are put
together.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

_MARK = re.compile(r"^(?P<indent>[ ]*)@(?P<what>SOURCE|SINK)(?::(?P<name>[^@]+))?@$", re.MULTILINE)


class Twin(StrEnum):
    """What is different from the defect."""

    BAD = "bad"
    OTHER_SOURCE = "other source"
    GUARDED = "guarded"


@dataclass(frozen=True, slots=True)
class Source:
    """How received text comes into `$B`, a buffer or variable; `clean` puts text of the program's own there."""

    name: str
    text: str
    clean: str
    head: str = ""


@dataclass(frozen=True, slots=True)
class Sink:
    """What is done with the text `$V`; `guard`, where `$G` stands, makes it harmless. `rules`: who has to say so."""

    name: str
    text: str
    guard: str
    rules: frozenset[str]
    head: str = ""
    is_typical: bool = False  # of its kind: every way is tried with it


@dataclass(frozen=True, slots=True)
class Handler:
    """A program of a framework, which has its source in it: `$S`, what is received, or `clean` in its place."""

    name: str
    text: str
    received: str
    clean: str
    head: str = ""


@dataclass(frozen=True, slots=True)
class Way:
    """A program with `@SOURCE:buffer@` and `@SINK:value@` on lines of their own; more files for a longer one."""

    name: str
    text: str
    more: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Language:
    """The tables of one language; `default` is the source of those programs that are about ways and sinks."""

    name: str
    suffix: str
    head: str
    sources: Sequence[Source]
    ways: Sequence[Way]
    sinks: Sequence[Sink]
    handlers: Sequence[Handler] = ()

    @property
    def direct(self) -> Way:
        return self.ways[0]


@dataclass(frozen=True, slots=True)
class Flow:
    """One program: its files by their names, and which rules have to find it where it is bad."""

    language: Language
    source: Source
    way: Way
    sink: Sink
    twin: Twin

    @property
    def is_bad(self) -> bool:
        return self.twin is Twin.BAD

    @property
    def name(self) -> str:
        return f"{self.language.name}: {self.source.name} → {self.way.name} → {self.sink.name} ({self.twin})"

    @property
    def files(self) -> dict[str, str]:
        suffix = self.language.suffix
        texts = {f"main{suffix}": self.way.text, **dict(self.way.more)}
        head = "".join((self.language.head, self.source.head, self.sink.head))
        return {name: head + "\n" + self._filled(text) for name, text in texts.items()}

    def _filled(self, text: str) -> str:
        received = self.source.clean if self.twin is Twin.OTHER_SOURCE else self.source.text
        return _MARK.sub(self._lines, text).replace("$S", received)

    def _lines(self, mark: re.Match[str]) -> str:
        if mark["what"] == "SOURCE":
            text = self.source.clean if self.twin is Twin.OTHER_SOURCE else self.source.text
            text = text.replace("$B", mark["name"] or "text")
        else:
            guard = self.sink.guard if self.twin is Twin.GUARDED else ""
            text = self.sink.text.replace("$G\n", guard).replace("$V", mark["name"] or "name")
        return "\n".join(mark["indent"] + line if line else "" for line in text.strip("\n").split("\n"))


def flows(language: Language, *, are_all: bool = True) -> Iterator[Flow]:
    """Yield every way, source and framework with each kind of sink, and every sink; all with their two good twins.

    If not all, yield each of those once: a way, source or framework with one kind of sink, the next with the next kind.
    """
    first, direct = language.sources[0], language.direct
    typical = [sink for sink in language.sinks if sink.is_typical]
    starts = [(first, way) for way in language.ways[1:]] + [(source, direct) for source in language.sources[1:]]
    for handler in language.handlers:
        source = Source(handler.name, handler.received, handler.clean, handler.head)
        starts.append((source, Way(handler.name, handler.text)))
    pairs = [(first, direct, sink) for sink in language.sinks]
    for number, (source, way) in enumerate(starts):
        tried = typical if are_all else [typical[number % len(typical)]]
        pairs += [(source, way, sink) for sink in tried]
    for source, way, sink in pairs:
        for twin in Twin:
            yield Flow(language, source, way, sink, twin)
