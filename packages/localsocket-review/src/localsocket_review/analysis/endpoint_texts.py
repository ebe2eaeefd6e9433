"""Which texts an argument holds that names an endpoint: a path, an abstract name, or a C address."""

from __future__ import annotations

from collections.abc import Callable

from localsocket_review.analysis.calls import ProgramCalls
from localsocket_review.analysis.definitions import Definitions, How
from localsocket_review.analysis.inference import Inference
from localsocket_review.analysis.names import Names, Variable
from localsocket_review.analysis.sites import Trail
from localsocket_review.analysis.texts import Texts, without_scheme
from localsocket_review.model.declarations import FunctionInfo
from localsocket_review.model.expressions import Display, Expression, Name, Unary, dotted, strip_casts


class EndpointTexts:
    """Finds the path in an address of C, by whatever pointer it is given; `texts` and `field_texts` evaluate it."""

    def __init__(
        self,
        names: Names,
        inference: Inference,
        calls: ProgramCalls,
        definitions: Definitions,
        texts: Callable[[Expression, FunctionInfo, Trail], Texts],
        field_texts: Callable[[Variable, Expression, FunctionInfo, Trail], Texts],
    ) -> None:
        self._names = names
        self._inference = inference
        self._calls = calls
        self._definitions = definitions
        self._texts = texts
        self._field_texts = field_texts

    def of(self, expression: Expression, function: FunctionInfo, trail: Trail) -> Texts:
        """Return the texts of an argument that names an endpoint; of a C address, what its `sun_path` holds."""
        variable = self._names.variable(expression, function)
        address = strip_casts(expression)
        if variable is not None and function.unit.language == "c++" and not variable.path.endswith("sun_path"):
            path = Variable(variable.owner, f"{variable.path}.sun_path")
            if self._inference.is_a(address, function, "sockaddr_un") or self._has_field(path):
                return without_scheme(self._field_texts(path, expression, function, trail))
            pointed = self._pointed_to(address, function)
            if pointed is not None:
                return self.of(pointed, function, trail)
            given = self._given_addresses(address, function, trail)
            if given:
                return given
            other = self._pointer_to(variable, function)
            if other is not None:
                return without_scheme(self._field_texts(other, expression, function, trail))
        if isinstance(address, Display) and address.kind == "tuple":
            return frozenset()  # a host and a port
        return without_scheme(self._texts(expression, function, trail))

    def _given_addresses(self, address: Expression, function: FunctionInfo, trail: Trail) -> Texts:
        """Return the paths in the addresses that callers give by a pointer of any type."""
        parameter = next((one for one in function.parameters if one.name == dotted(address)), None)
        if parameter is None or not any(word in parameter.type for word in ("void", "sockaddr")):
            return frozenset()
        if trail and trail[-1][1] is function:
            site = trail[-1][0]
            value = self._calls.value_given(site, function, parameter.name)
            given, rest = [] if value is None else [(value, site.caller)], trail[:-1]
        else:
            given, rest = self._calls.values_given(function, parameter.name), ()
        return frozenset(
            text
            for value, caller in given
            if self._inference.is_a(strip_casts(value), caller, "sockaddr_un")
            for text in self.of(value, caller, rest)
        )

    def _pointed_to(self, address: Expression, function: FunctionInfo) -> Expression | None:
        """Return the one address that a pointer of another type points to: `void *any = &local;`."""
        made = [one for one in self._definitions.at(address, function) if one.how is not How.DECLARED]
        values = [strip_casts(one.value) for one in made if one.how is How.VALUE and one.value is not None]
        if len(made) == 1 and len(values) == 1 and made[0].function is function:
            match values[0]:
                case Unary(operator="&", operand=Name()) | Name():
                    return values[0] if values[0] is not address else None
        return None

    def _pointer_to(self, variable: Variable, function: FunctionInfo) -> Variable | None:
        """Return the path in an address written by a pointer: `un = (struct sockaddr_un *)&storage;`."""
        for made in self._definitions.reaching(function).all:
            if made.how is How.VALUE and made.value is not None and made.variable.owner is function:
                path = Variable(function, f"{made.variable.path}.sun_path")
                if self._names.variable(strip_casts(made.value), function) == variable and self._has_field(path):
                    return path
        return None

    def _has_field(self, path: Variable) -> bool:
        return any(found.variable == path for found in self._definitions.everywhere(path))
