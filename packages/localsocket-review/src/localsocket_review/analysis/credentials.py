"""What a program asks the system about its peers, and what becomes of the process id in the answer."""

from __future__ import annotations

from functools import cached_property

from localsocket_review.analysis.calls import ProgramCalls
from localsocket_review.analysis.inference import Inference
from localsocket_review.analysis.names import Names
from localsocket_review.analysis.origins import Origins
from localsocket_review.analysis.sites import Site
from localsocket_review.analysis.values import Values
from localsocket_review.apis.meaning import Act
from localsocket_review.model.declarations import FunctionInfo
from localsocket_review.model.expressions import (
    Attribute,
    Call,
    Expression,
    Name,
    Subscript,
    dotted,
    strip_casts,
)
from localsocket_review.model.place import Place
from localsocket_review.model.program import last_word

_OPTIONS = frozenset({"SO_PEERCRED", "LOCAL_PEERCRED", "LOCAL_PEEREID", "LOCAL_PEERPID", "SO_PEERSEC"})
_SO_PEERCRED = 17
_STRUCTURES = ("ucred", "sockpeercred", "xucred", "cmsgcred")
_ASKING = frozenset({"getpeereid", "getpeerucred"})


class Credentials:
    """The questions for credentials, and the answers."""

    def __init__(
        self, names: Names, inference: Inference, calls: ProgramCalls, values: Values, origins: Origins
    ) -> None:
        self._names = names
        self._inference = inference
        self._calls = calls
        self._values = values
        self._origins = origins

    @cached_property
    def questions(self) -> list[Site]:
        """Every call that asks the system who a peer is."""
        sites = self._calls.sites(Act.CHECK_PEER)
        return [site for site in sites if site.api.method in _ASKING or self.is_question(site)]

    def is_question(self, site: Site) -> bool:
        """Say whether this getsockopt asks for credentials, and not for something else."""
        for argument in site.call.arguments:
            if last_word(dotted(strip_casts(argument))) in _OPTIONS:
                return True
            for origin in self._origins.of(argument, site.function):
                if last_word(dotted(strip_casts(origin.expression))) in _OPTIONS:
                    return True
        return any(_SO_PEERCRED in self._values.numbers(one, site.function) for one in site.call.arguments[1:3])

    def process_id(self, expression: Expression, function: FunctionInfo) -> Place | None:
        """Return where the process id was asked for that the expression, or a part of it, holds."""
        if isinstance(expression, (Name, Attribute, Subscript, Call)):
            place = self._process_id_itself(expression, function)
            if place is not None:
                return place
        if isinstance(expression, Call) and self._calls.callees(expression, function):
            return None  # what the program's own function makes of it is another thing
        places = (self.process_id(child, function) for child in expression.children())
        return next((place for place in places if place is not None), None)

    def _process_id_itself(self, expression: Expression, function: FunctionInfo) -> Place | None:
        for origin in self._origins.of(expression, function):
            made = strip_casts(origin.expression)
            if isinstance(made, Attribute) and made.name == "pid" and self._is_credentials(made.value, origin.function):
                return made.place
            if isinstance(made, Call) and origin.part == 0:
                place = self._unpacked(made, origin.function)
                if place is not None:
                    return place
        return None

    def _is_credentials(self, expression: Expression, function: FunctionInfo) -> bool:
        """Say whether a C structure, or the object of a library, holds the credentials of a peer."""
        if self._inference.type_of(expression, function) in _STRUCTURES:
            return True
        if last_word(dotted(strip_casts(expression))) in ("peer", "credentials", "creds", "cred", "ucred"):
            return True
        variable = self._names.variable(expression, function)
        return variable is not None and any(
            self._names.variable(argument, site.function) == variable
            for site in self.questions
            for argument in site.call.arguments
        )

    def _unpacked(self, call: Call, function: FunctionInfo) -> Place | None:
        """`struct.unpack("3i", connection.getsockopt(…, SO_PEERCRED, …))`, whose first part is the process id."""
        api = self._calls.api_of(call, function)
        if api is None or not api.act & Act.UNPACK:
            return None
        for argument in call.arguments:
            for origin in self._origins.of(argument, function):
                made = origin.expression
                if isinstance(made, Call):
                    site = self._calls.site(made, origin.function)
                    if site is not None and site.api.act & Act.CHECK_PEER and self.is_question(site):
                        return made.place
        return None
