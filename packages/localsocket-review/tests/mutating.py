"""Files that nobody would write: cut off, spliced, nested, doubled, shuffled and strewn with bytes."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from pathlib import Path
from random import Random

from planted_defects import CORPUS

Mutation = Callable[[bytes, Random], bytes]

_TOKEN = re.compile(rb"\w+|\s+|[^\w\s]")
_NUMBERS = (b"0", b"-1", b"1e999", b"0x", b"9" * 400, b"0b2", b"1_000_", b"07", b"'", b"1j", b"0777L")
_BYTES = (b"\0", b"\xff", b"\xef\xbb\xbf", b"\r", b"\x0c", b"\x1a", b"\x1b[31m", "\u202e".encode(), b"\\\n", b"\xc3")
_BRACKETS = ((b"(", b")"), (b"[", b"]"), (b"{", b"}"), (b"f'{", b"}'"), (b"lambda: (", b")"), (b"{0: ", b"}"))


@cache
def originals() -> Sequence[tuple[str, bytes]]:
    """Return the files of the corpus: what is mutated should do something with sockets."""
    files = sorted(path for path in CORPUS.rglob("*") if path.is_file())
    return [(path.suffix, path.read_bytes()) for path in files]


def cut_off(data: bytes, random: Random) -> bytes:
    return data[: random.randrange(len(data) + 1)]


def beheaded(data: bytes, random: Random) -> bytes:
    return data[random.randrange(len(data) + 1) :]


def hollowed(data: bytes, random: Random) -> bytes:
    first, last = sorted(random.randrange(len(data) + 1) for _ in range(2))
    return data[:first] + data[last:]


def spliced(data: bytes, random: Random) -> bytes:
    _, other = random.choice(originals())
    return cut_off(data, random) + beheaded(other, random)


def with_lines_spliced(data: bytes, random: Random) -> bytes:
    lines = data.splitlines(keepends=True)
    _, other = random.choice(originals())
    foreign = other.splitlines(keepends=True)
    for _ in range(random.randrange(1, 6)):
        lines.insert(random.randrange(len(lines) + 1), random.choice(foreign) if foreign else b"")
    return b"".join(lines)


def with_lines_moved(data: bytes, random: Random) -> bytes:
    lines = data.splitlines(keepends=True)
    for _ in range(random.randrange(1, 4)):
        if lines:
            lines.insert(random.randrange(len(lines)), lines.pop(random.randrange(len(lines))))
    return b"".join(lines)


def with_tokens_dropped(data: bytes, random: Random) -> bytes:
    tokens = _TOKEN.findall(data)
    share = random.choice((0.002, 0.02, 0.2))
    return b"".join(token for token in tokens if random.random() > share)


def with_tokens_swapped(data: bytes, random: Random) -> bytes:
    tokens = _TOKEN.findall(data)
    for _ in range(random.randrange(1, 8)):
        if tokens:
            one, other = random.randrange(len(tokens)), random.randrange(len(tokens))
            tokens[one], tokens[other] = tokens[other], tokens[one]
    return b"".join(tokens)


def with_arguments_dropped(data: bytes, random: Random) -> bytes:
    """Calls without arguments, lists without items: what no type checker would let through."""
    pattern = random.choice((rb"\([^()]*\)", rb"\[[^\[\]]*\]", rb"\([^(),]*,", rb"\"[^\"]*\"", rb"=[^=\n]*\n"))
    chance = random.random()
    return re.sub(pattern, lambda match: match[0][:1] + match[0][-1:] if random.random() < chance else match[0], data)


def with_odd_numbers(data: bytes, random: Random) -> bytes:
    return re.sub(rb"\b\d\w*", lambda _match: random.choice(_NUMBERS), data)


def with_stars(data: bytes, random: Random) -> bytes:
    return re.sub(rb"([(,] ?)(?=\w)", lambda match: match[1] + random.choice((b"", b"*", b"**", b"&")), data)


def nested(data: bytes, random: Random) -> bytes:
    opening, closing = random.choice(_BRACKETS)
    depth = random.choice((3, 30, 300, 3000))
    first, last = sorted(random.randrange(len(data) + 1) for _ in range(2))
    return data[:first] + opening * depth + data[first:last] + closing * depth + data[last:]


def indented(data: bytes, random: Random) -> bytes:
    return b"".join(b" " * random.choice((0, 0, 0, 1, 4, 80)) + line for line in data.splitlines(keepends=True))


def doubled(data: bytes, random: Random) -> bytes:
    return data * random.randrange(2, 5)


def strewn(data: bytes, random: Random) -> bytes:
    changed = bytearray(data)
    for _ in range(random.choice((1, 5, 50))):
        at = random.randrange(len(changed) + 1)
        changed[at:at] = random.choice(_BYTES)
    return bytes(changed)


def binary(data: bytes, random: Random) -> bytes:
    return random.randbytes(random.randrange(2000)).replace(b"\0", random.choice((b"\0", b"(", b"\n")))


def encoded(data: bytes, random: Random) -> bytes:
    return data.decode("utf-8", "replace").encode(random.choice(("utf-16", "utf-32", "latin-1", "utf-7")), "replace")


def in_the_other_language(data: bytes, random: Random) -> bytes:
    return random.choice(originals())[1]


MUTATIONS: tuple[Mutation, ...] = (
    cut_off,
    beheaded,
    hollowed,
    spliced,
    with_lines_spliced,
    with_lines_moved,
    with_tokens_dropped,
    with_tokens_swapped,
    with_arguments_dropped,
    with_odd_numbers,
    with_stars,
    nested,
    indented,
    doubled,
    strewn,
    binary,
    encoded,
    in_the_other_language,
)


def mutated(seed: int, number: int) -> Iterator[tuple[str, bytes]]:
    """Yield `number` files, the same for the same seed: a name that tells the mutations, and the content."""
    for index in range(number):
        random = Random(f"{seed}.{index}")
        suffix, data = random.choice(originals())
        names = []
        for mutation in random.sample(MUTATIONS, random.choice((1, 1, 2, 3))):
            data = mutation(data, random)
            names.append(mutation.__name__)
        yield f"{index}_{'_'.join(names)}{suffix}", data


def written(folder: Path, seed: int, number: int) -> Iterator[Path]:
    """Write the files one after the other; each is gone when the next is there."""
    for name, data in mutated(seed, number):
        path = folder / name
        path.write_bytes(data)
        yield path
        path.unlink()
