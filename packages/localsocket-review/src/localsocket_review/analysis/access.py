"""Who may reach an endpoint: what is said of its permissions, and whether anybody asks who the peer is."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from functools import cached_property
from pathlib import PurePath

from localsocket_review.analysis.calls import ProgramCalls
from localsocket_review.analysis.control_flow import ControlFlow
from localsocket_review.analysis.definitions import Definitions, How
from localsocket_review.analysis.inference import Inference
from localsocket_review.analysis.names import Names
from localsocket_review.analysis.origins import Origins
from localsocket_review.analysis.sites import Site
from localsocket_review.analysis.values import Values
from localsocket_review.apis.meaning import Act
from localsocket_review.model.declarations import FunctionInfo
from localsocket_review.model.expressions import (
    Attribute,
    Binary,
    Call,
    Expression,
    Literal,
    Subscript,
    Unary,
    strip_casts,
    walk,
)
from localsocket_review.model.program import Program
from localsocket_review.model.unit import Unit

_CREDENTIALS = frozenset(
    {
        "SO_PEERCRED",
        "SO_PEERPIDFD",
        "SO_PEERSEC",
        "SO_PASSCRED",
        "SCM_CREDENTIALS",
        "SCM_CREDS",
        "LOCAL_PEERCRED",
        "LOCAL_CREDS",
        "getpeereid",
        "getpeerucred",
        "curve_server",
        "ThreadAuthenticator",
    }
)
_SO_PEERCRED = 17
_ABSTRACT = ("\0", "unix-abstract:", "abstract://", "unix:abstract=", "ipc://@", "unix:@", "unix://@")
_ABSTRACT_OPTION = 8


class Access:
    """What a program says about who may enter."""

    def __init__(
        self,
        program: Program,
        inference: Inference,
        calls: ProgramCalls,
        definitions: Definitions,
        values: Values,
        origins: Origins,
        names: Names,
        flow_of: Callable[[FunctionInfo], ControlFlow],
    ) -> None:
        self._program = program
        self._inference = inference
        self._calls = calls
        self._values = values
        self._definitions = definitions
        self._origins = origins
        self._names = names
        self._flow_of = flow_of
        self._asking: dict[Unit, bool] = {}

    def bits(self, expression: Expression | None, function: FunctionInfo) -> int:
        """Return the bits that a mode or a set of options may have, also of one that is known in part."""
        if expression is None:
            return 0
        known = 0
        for number in self._values.numbers(expression, function):
            known |= number
        for definition in self._definitions.at(expression, function):
            if definition.how is How.EXTENDED and definition.value is not None:  # `flags |= MSG_CMSG_CLOEXEC`
                known |= self.bits(definition.value, definition.function)
        match strip_casts(expression):
            case Binary(operator="|", left=left, right=right):
                return known | self.bits(left, function) | self.bits(right, function)
            case Call() as call if returned := self._calls.returned_by(call, function):
                for value, callee in returned:
                    known |= self.bits(value, callee)
            case Call(arguments=arguments) if not known:
                for argument in arguments:
                    known |= self.bits(argument, function) if isinstance(argument, (Attribute, Binary)) else 0
        return known

    def asks_for_credentials(self, unit: Unit) -> bool:
        """Say whether anything in the file, or in one that it imports or includes, asks the system who a peer is."""
        if unit not in self._asking:
            self._asking[unit] = any(self._asks(one) for one in (unit, *self._used_by(unit)))
        return self._asking[unit]

    def _used_by(self, unit: Unit) -> Iterator[Unit]:
        for imported in unit.imports.values():
            for name in imported.split(".")[-2:]:  # a module, or something of one
                module = self._program.module_named(name, unit)
                if module is not None:
                    yield module
        for stem in {PurePath(name).stem for name, _ in unit.includes}:
            yield from (other for other in self._by_stem.get(stem, ()) if other.language is unit.language)

    @cached_property
    def _by_stem(self) -> dict[str, list[Unit]]:
        found: defaultdict[str, list[Unit]] = defaultdict(list)
        for unit in self._program.units:
            found[PurePath(unit.path).stem].append(unit)
        return dict(found)

    def _asks(self, unit: Unit) -> bool:
        if _CREDENTIALS & set(unit.identifiers):
            return True
        sites = (site for site in self._calls.sites(Act.CHECK_PEER) if site.function.unit is unit)
        return any(
            _SO_PEERCRED in self._values.numbers(argument, site.function)
            for site in sites
            for argument in site.call.arguments[1:3]
        )

    def is_descriptor_of_socket(self, expression: Expression, function: FunctionInfo) -> bool:
        if isinstance(expression, Call) and expression.called_name == "fileno" and expression.receiver is not None:
            return self._inference.is_a(expression.receiver, function, "socket.socket")
        return any(
            isinstance(origin.expression, Call)
            and (site := self._calls.site(origin.expression, origin.function)) is not None
            and site.api.returns == "descriptor"
            for origin in self._origins.of(expression, function)
        )

    # --- abstract names -------------------------------------------------------------------------------------------

    def is_abstract(self, site: Site) -> bool:
        """Say whether a call takes or uses a name in the abstract namespace, which has no permissions."""
        if site.api.method == "setSocketOptions":
            return bool(self.bits(site.argument("mode"), site.function) & _ABSTRACT_OPTION)
        endpoint = site.argument("endpoint")
        if endpoint is None:
            return False
        texts = self._values.texts(endpoint, site.function) | self._values.endpoint(endpoint, site.function)
        named = [text for text in texts if text.beginning.startswith(_ABSTRACT) and text.literal != "\0"]
        if site.api.act & Act.CONNECT:  # a name that is given from outside, as systemd's, is another program's choice
            named = [text for text in named if text.beginning != "\0"]
        if named:
            return True
        return site.function.unit.language == "c++" and self._is_filled_abstractly(site)

    def _is_filled_abstractly(self, site: Site) -> bool:
        """Say whether an address is written behind its first byte, here or by who is called or calls."""
        own = list(_writes_behind_first_byte(site.function))
        if own:
            flow = self._flow_of(site.function)
            return any(flow.may_follow(call, site.call) and self._is_of_address(part, site) for call, part in own)
        near = [callee for call in site.function.calls() for callee in self._calls.callees(call, site.function)]
        callers = [caller.caller for caller in self._calls.callers(site.function)]
        return any(any(_writes_behind_first_byte(function)) for function in (*near, *callers))

    def _is_of_address(self, written: Expression, site: Site) -> bool:
        """Say whether what is written to may be the address of the call: two of one function are told apart."""
        endpoint = site.argument("endpoint")
        address = None if endpoint is None else self._names.variable(_referred(endpoint), site.function)
        sun_path = next(
            (part for part in walk(written) if isinstance(part, Attribute) and part.name == "sun_path"), None
        )
        other = None if sun_path is None else self._names.variable(sun_path.value, site.function)
        return address is None or other is None or address == other


def _referred(expression: Expression) -> Expression:
    inner = strip_casts(expression)
    return strip_casts(inner.operand) if isinstance(inner, Unary) and inner.operator == "&" else inner


def _writes_behind_first_byte(function: FunctionInfo) -> Iterator[tuple[Call, Expression]]:
    for call in function.calls():
        for argument in call.arguments:
            if _is_behind_first_byte(argument):
                yield call, argument


def _is_behind_first_byte(expression: Expression) -> bool:
    match expression:
        case Unary(operator="&", operand=Subscript(value=Attribute(name="sun_path"), index=Literal(value=1))):
            return True
        case Binary(operator="+", left=Attribute(name="sun_path"), right=Literal(value=1)):
            return True
        case _:
            inner = strip_casts(expression)
            return inner is not expression and not isinstance(inner, Subscript) and _is_behind_first_byte(inner)
