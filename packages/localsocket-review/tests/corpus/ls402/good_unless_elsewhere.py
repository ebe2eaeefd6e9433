def parse_line(line):
    return line.split()


def joinLine(words):
    return " ".join(words)


def count_words(line):
    return len(parse_line(line))
