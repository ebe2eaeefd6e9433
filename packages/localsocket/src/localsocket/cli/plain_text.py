"""What peers say, made fit to be shown: no character of theirs commands a terminal, ends a line or turns words around.

Whatever may come from a peer goes through here on its way to a terminal: names, results, descriptions, messages of
errors, log lines, bytes. Rich is given it as Text, never as markup.
"""

from __future__ import annotations

import codecs
import contextlib
import re
from typing import Any

from localsocket.plain_lines import LONGEST_LINE as LONGEST_LINE
from localsocket.plain_lines import lines as lines
from localsocket.plain_lines import one_line as one_line
from localsocket.plain_lines import visible as visible

# What json leaves as it is and a terminal obeys: DEL, the C1 controls, marks of direction, separators of lines. In the
# text of JSON such characters stand in strings only, where \u is an escape.
_PERHAPS_ESCAPED = re.compile(r"[^ -~]")


def json_text(value: object, *, indent: int | None = None) -> str:
    """Return a value that a peer sent as JSON, on one line, or on many where `indent` says so.

    Bytes are in base64, arrays as over HTTP. What JSON has no form for is given as Python writes it.
    """
    import msgspec  # which a list of endpoints needs nowhere else

    try:
        encoded = msgspec.json.encode(value, enc_hook=_in_words)
    except (TypeError, ValueError):
        encoded = msgspec.json.encode(_in_words(value))
    if indent is not None:
        encoded = msgspec.json.format(encoded, indent=indent)
    return escaped_json(encoded.decode())


def escaped_json(text: str, *, is_ascii: bool = False) -> str:
    """Return the same JSON with an escape for each character that is not seen, or for all beyond ASCII."""
    return _PERHAPS_ESCAPED.sub(lambda found: _json_escape(found[0], is_ascii), text)


def _json_escape(letter: str, is_ascii: bool) -> str:
    if letter == "\n" or (visible(letter) == letter and not is_ascii):
        return letter
    import json  # for what hardly any peer says

    return json.dumps(letter)[1:-1]


def _in_words(value: Any) -> Any:
    from msgspec.msgpack import Ext

    if isinstance(value, Ext):
        return {"extension": value.code, "data": value.data}
    from localsocket.values.known_types import PLAIN  # which few values need

    with contextlib.suppress(TypeError, ValueError):
        if (handling := PLAIN.handling(type(value))) is not None:
            return handling.encode(value, is_json=True)
    return ascii(value)


class TerminalText:
    """Bytes of a peer as text for a terminal, however they are cut: lines and tabs stay, other controls are escaped."""

    def __init__(self) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8")("backslashreplace")
        self._carriage_return = ""

    def feed(self, data: bytes, *, is_last: bool = False) -> str:
        """Return what can be shown so far; what is left may be the beginning of a character, or of CR LF."""
        text = self._carriage_return + self._decoder.decode(data, is_last)
        self._carriage_return = "\r" if text.endswith("\r") and not is_last else ""
        whole = text.removesuffix("\r") if self._carriage_return else text
        return "\n".join(lines(whole))
