"""Count words and print the most frequent ones in columns."""
import argparse
import collections
import itertools
import re
import sys
from dataclasses import dataclass, field

WORD = re.compile(r"[A-Za-z']+")
STOP_WORDS = {"a", "an", "and", "in", "of", "or", "the", "to"}
DEFAULT_WIDTH = 72


class ColumnError(ValueError):
    pass


@dataclass
class Options:
    width: int = DEFAULT_WIDTH
    minimum: int = 2
    skip: set = field(default_factory=set)


def words_of(text, skip=STOP_WORDS):
    for match in WORD.finditer(text):
        word = match.group().lower()
        if word not in skip:
            yield word


def count_words(paths):
    counts = collections.Counter()
    for path in paths:
        with open(path, encoding="utf-8", errors="replace") as file:
            for line in file:
                counts.update(words_of(line))
    return counts


def merge(left, right, into={}):
    for source in (left, right):
        for key, value in source.items():
            into[key] = into.get(key, 0) + value
    return into


def columns(items, width):
    cells = [f"{word} {count}" for word, count in items]
    widest = max(len(cell) for cell in cells)
    if widest > width:
        raise ColumnError(f"a cell needs {widest} characters")
    per_row = max(1, width // (widest + 2))
    rows = []
    for start in range(0, len(cells), per_row):
        row = cells[start:start + per_row]
        rows.append("  ".join(cell.ljust(widest) for cell in row).rstrip())
    return rows


def read_list(name):
    file = open(name)
    return {line.strip() for line in file if line.strip()}


def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("files", nargs="+")
    parser.add_argument("--top", type=int, default=20)
    parser.add_argument("--width", type=int, default=DEFAULT_WIDTH)
    parser.add_argument("--skip-file")
    args = parser.parse_args(argv)
    options = Options(width=args.width)
    if args.skip_file:
        options.skip = read_list(args.skip_file)
    try:
        counts = count_words(args.files)
        chosen = [(word, n) for word, n in counts.most_common(args.top)
                  if n >= options.minimum and word not in options.skip]
        for row in columns(chosen, options.width):
            print(row)
    except:
        print("something went wrong", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
