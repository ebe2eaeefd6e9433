"""Which sockets of C are local ones, as far as the text tells: of those that may be a network's, the answer is no."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator

from localsocket_review.analysis.calls import ProgramCalls
from localsocket_review.analysis.inference import Inference
from localsocket_review.analysis.neighbours import Neighbours
from localsocket_review.analysis.origins import Origins
from localsocket_review.analysis.sites import Site
from localsocket_review.apis.meaning import Act
from localsocket_review.model.declarations import FunctionInfo
from localsocket_review.model.expressions import Attribute, Call, Expression, Literal, dotted, strip_casts
from localsocket_review.model.program import last_word
from localsocket_review.model.unit import Unit

_LOCAL = re.compile(r"[AP]F_(?:UNIX|LOCAL)|sockaddr_un|sun_path")
_OTHER = re.compile(
    r"[AP]F_(?!UNIX$|LOCAL$|UNSPEC$)[A-Z]\w*|sockaddr_(?!un$|storage$)\w+|getaddrinfo|gethostbyname\w*|IPPROTO_\w+"
)


class LocalFamilies:
    """Asks the family, the listener and the address of a peer; where they do not tell, what else the file names."""

    def __init__(self, calls: ProgramCalls, inference: Inference, origins: Origins, neighbours: Neighbours) -> None:
        self._calls = calls
        self._inference = inference
        self._origins = origins
        self._neighbours = neighbours
        self._kinds: dict[Unit, tuple[bool, bool]] = {}

    def is_local(self, site: Site) -> bool:
        """Say whether what socket(), socketpair() or accept() gives is a local socket."""
        if site.api.name == "socketpair":
            return True  # Linux makes no other ones
        told = self._told_by_family(site) if site.api.name == "socket" else self._told_by_listener(site)
        return self._is_local_file(site.function.unit) if told is None else told

    def _told_by_family(self, site: Site) -> bool | None:
        if not site.call.arguments:
            return None
        origins = [origin.expression for origin in self._origins.of(site.call.arguments[0], site.function)]
        names = [last_word(dotted(one)) for one in origins]
        if any(map(_LOCAL.fullmatch, names)) or any(isinstance(one, Literal) and one.value == 1 for one in origins):
            return True
        is_of_address = all(isinstance(one, Attribute) for one in origins)  # `address->ss_family`: of any kind
        return False if is_of_address or all(map(_OTHER.fullmatch, names)) else None

    def _told_by_listener(self, site: Site) -> bool | None:
        if not site.call.arguments:
            return None
        listener, *others = site.call.arguments
        answers = [*self._families_of(listener, site.function), *self._told_by_addresses(others[:1], site.function)]
        if True in answers or self._may_be_any(listener, site.function):
            return True
        return False if answers and None not in answers else None

    def _may_be_any(self, listener: Expression, function: FunctionInfo) -> bool:
        """Say whether whoever calls gives the listener, in a file that knows local sockets: one may be local."""
        is_given = any(origin.parameter is not None for origin in self._origins.of(listener, function))
        return is_given and not self._calls.callers(function) and self._named_in(function.unit)[0]

    def _families_of(self, listener: Expression, function: FunctionInfo) -> Iterator[bool | None]:
        for origin in self._origins.of(listener, function):
            call = strip_casts(origin.expression)
            made = self._calls.site(call, origin.function) if isinstance(call, Call) else None
            if made is not None and made.api.name == "socket" and made.api.act & Act.CONSTRUCT:
                yield self._told_by_family(made)

    def _told_by_addresses(self, addresses: Collection[Expression], function: FunctionInfo) -> Iterator[bool]:
        for address in addresses:
            for origin in self._origins.of(address, function):
                value = strip_casts(origin.expression)
                named = last_word(self._inference.type_of(value, origin.function))
                if _LOCAL.fullmatch(named):
                    yield True
                elif _OTHER.fullmatch(named):
                    yield False

    def _is_local_file(self, unit: Unit) -> bool:
        """Say whether the file names local sockets alone, or where it names none, those that belong to it do."""
        is_local, is_other = self._named_in(unit)
        if is_local or is_other:
            return is_local and not is_other
        named = [self._named_in(near) for near in self._neighbours.of(unit)]
        return any(local for local, _ in named) and not any(other for _, other in named)

    def _named_in(self, unit: Unit) -> tuple[bool, bool]:
        if unit not in self._kinds:
            words = unit.identifiers
            self._kinds[unit] = any(map(_LOCAL.fullmatch, words)), any(map(_OTHER.fullmatch, words))
        return self._kinds[unit]
