"""The head of an HTTP request, byte for byte: what leaves room for two readings is refused before anybody reads it.

A head that two programs read differently is how one request is smuggled in the body of another (RFC 9112, section
11.2). h11 is as lenient as the standard lets it be with line ends, folded lines and repeated lengths. Nothing that
speaks to a local socket needs that.
"""

from __future__ import annotations

import re

from localsocket.showing import shown
from localsocket.wire.http_problems import BadRequest

LONGEST_HEAD = 16 * 1024  # bytes

_END = re.compile(rb"\r?\n\r?\n")
_REQUEST_LINE = re.compile(rb"[A-Z]{1,32} [\x21-\x7e]+ HTTP/(\d\.\d)\r?\n")
_MOST_HEADERS = 100
_ENDS_BADLY = re.compile(rb"(?<!\r)\n|\r(?!\n)")
_FOLDED = re.compile(rb"\n[ \t]")
_LENGTH = re.compile(rb"^content-length[ \t]*:[ \t]*([^\r\n]*?)[ \t]*\r?$", re.IGNORECASE | re.MULTILINE)
_CODING = re.compile(rb"^transfer-encoding[ \t]*:", re.IGNORECASE | re.MULTILINE)


class HeadReader:
    """Takes bytes, and gives the next head when it is there; what follows that is left in `rest`."""

    def __init__(self) -> None:
        self.rest = bytearray()
        self._looked_at = 0  # bytes in which no end is
        self._has_passed_over = False  # an empty line before the head

    def take(self) -> bytes | None:
        """Return the next head with the empty line at its end, or None while it is not whole. Raises BadRequest."""
        rest = self.rest
        if not self._has_passed_over and rest.startswith(b"\r"):
            if len(rest) == 1:
                return None
            self._has_passed_over = True
            if rest.startswith(b"\r\n"):
                del rest[:2]  # some clients send an empty line too much behind a body
        self._check_first_line()
        end = _END.search(rest, max(0, self._looked_at - 3), LONGEST_HEAD)
        if end is None:
            if len(rest) >= LONGEST_HEAD:
                raise BadRequest(
                    "headers-too-long", f"the request line and the headers are longer than {LONGEST_HEAD} bytes"
                )
            self._looked_at = len(rest)
            return None
        self._looked_at = 0
        self._has_passed_over = False
        head = bytes(rest[: end.end()])
        del rest[: end.end()]
        check_head(head)
        return head

    def _check_first_line(self) -> None:
        """Raise BadRequest as soon as the first line is there and is none of HTTP/1: nothing is waited for then."""
        rest = self.rest
        if (length := rest.find(b"\n", 0, LONGEST_HEAD) + 1) and self._looked_at < length:
            found = _REQUEST_LINE.fullmatch(rest, 0, length)
            if found is None:
                raise BadRequest("bad-request", f"this is not an HTTP request line: {shown(bytes(rest[:length]))}")
            if found[1] not in (b"1.0", b"1.1"):
                raise BadRequest("wrong-http-version", "this service speaks HTTP/1.0 and HTTP/1.1")


def check_head(head: bytes) -> None:
    """Raise BadRequest for a head with more than one reading."""
    if _ENDS_BADLY.search(head):
        raise BadRequest("bad-request", "a line of the head does not end with CR and LF")
    if _FOLDED.search(head):
        raise BadRequest("bad-request", "a header continues on a second line, which RFC 9112 no longer allows")
    if b"\0" in head:
        raise BadRequest("bad-request", "there is a NUL in the head")
    if head.count(b"\n") > _MOST_HEADERS + 2:
        raise BadRequest("headers-too-long", f"there are more than {_MOST_HEADERS} headers")
    lengths, codings = _LENGTH.findall(head), len(_CODING.findall(head))
    if len(lengths) + codings > 1:
        raise BadRequest("bad-request", "the length of the body is given twice, by Content-Length or Transfer-Encoding")
    if lengths and not (lengths[0].isdigit() and len(lengths[0]) <= _DIGITS):
        raise BadRequest("bad-request", f"Content-Length is {shown(lengths[0])}, which is not a length")
    if codings and b" HTTP/1.0\r\n" in head:
        raise BadRequest("bad-request", "HTTP/1.0 has no Transfer-Encoding")


_DIGITS = 18
