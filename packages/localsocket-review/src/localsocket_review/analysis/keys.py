"""Keys with which the ends of a connection know each other: whether they are secret at all."""

from __future__ import annotations

from collections.abc import Callable

from localsocket_review.analysis.names import Names
from localsocket_review.analysis.origins import Origins
from localsocket_review.analysis.sites import Site
from localsocket_review.analysis.texts import HoleKind, Text
from localsocket_review.analysis.values import Values
from localsocket_review.model.declarations import FunctionInfo
from localsocket_review.model.expressions import Call, Expression, Literal
from localsocket_review.model.place import Place
from localsocket_review.model.program import last_word

_KEY = "authkey"
# What makes another constant of constants.
_DERIVING = frozenset(
    {
        "encode",
        "decode",
        "bytes",
        "bytearray",
        "str",
        "sha1",
        "sha256",
        "sha512",
        "md5",
        "blake2b",
        "digest",
        "hexdigest",
        "fromhex",
        "b64decode",
        "unhexlify",
        "strip",
        "lower",
        "upper",
    }
)


def gives_key(site: Site) -> bool:
    """Say whether the call can be given a key."""
    return _KEY in site.api.roles


def key_of(site: Site) -> Expression | None:
    return site.argument(_KEY)


class Keys:
    """Tells which keys are written in the code."""

    def __init__(self, names: Names, values: Values, origins: Origins) -> None:
        self._names = names
        self._values = values
        self._origins = origins

    def is_secret(self, key: Expression | None, function: FunctionInfo) -> bool:
        if key is None or self.is_absent(key, function):
            return False
        return self.constant(key, function) is None and self.guessable(key, function) is None

    def is_absent(self, key: Expression, function: FunctionInfo) -> bool:
        """Say whether the key is None in the end."""
        origins = self._origins.of(key, function)
        return any(isinstance(origin.expression, Literal) and origin.expression.value is None for origin in origins)

    def constant(self, key: Expression, function: FunctionInfo) -> Place | None:
        """Return where the key's text is written, if it, or what is used where nothing else is set, is a constant."""
        return self._made_of(key, function, lambda text: text.literal is not None)

    def guessable(self, key: Expression, function: FunctionInfo) -> Place | None:
        """Return where the key is made of what every user of the machine knows: of a user's name or number."""
        return self._made_of(key, function, _is_known_to_all)

    def _made_of(self, key: Expression, function: FunctionInfo, is_so: Callable[[Text], bool]) -> Place | None:
        for text in self._values.texts(key, function):
            if is_so(text):
                return text.place or key.place
        for origin in self._origins.of(key, function):
            if isinstance(origin.expression, Call) and self._is_derived(origin.expression, origin.function, is_so):
                return origin.expression.place
        return None

    def _is_derived(self, call: Call, function: FunctionInfo, is_so: Callable[[Text], bool]) -> bool:
        if last_word(call.called_name) not in _DERIVING:
            return False
        sources = list(call.arguments)
        if call.receiver is not None and not self._names.external(call.receiver, function):
            sources.append(call.receiver)
        return bool(sources) and all(self._is_made_so(source, function, is_so) for source in sources)

    def _is_made_so(self, expression: Expression, function: FunctionInfo, is_so: Callable[[Text], bool]) -> bool:
        if isinstance(expression, Call) and self._is_derived(expression, function, is_so):
            return True
        texts = self._values.texts(expression, function)
        return bool(texts) and all(map(is_so, texts))


def _is_known_to_all(text: Text) -> bool:
    known = (isinstance(part, str) or part.kind is HoleKind.PREDICTABLE for part in text.parts)
    return bool(text.parts) and all(known)
