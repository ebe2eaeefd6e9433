"""Members that hold a descriptor, and the classes that never close it by themselves."""

from __future__ import annotations

from collections.abc import Iterator

from localsocket_review.analysis.calls import ProgramCalls
from localsocket_review.analysis.effects import Effects
from localsocket_review.analysis.names import Names, Variable
from localsocket_review.apis.meaning import Act
from localsocket_review.model.declarations import ClassInfo, FunctionInfo, FunctionKind, Member
from localsocket_review.model.expressions import Call, strip_casts
from localsocket_review.model.place import Place


class Descriptors:
    """Finds what classes open and keep."""

    def __init__(self, names: Names, calls: ProgramCalls, effects: Effects) -> None:
        self._names = names
        self._calls = calls
        self._effects = effects

    def left_open_by(self, found: ClassInfo) -> Iterator[tuple[Member, Place]]:
        """Yield the members that hold a descriptor which the destructor does not close, and where it is opened."""
        destructors = [method for method in found.all_methods() if method.kind is FunctionKind.DESTRUCTOR]
        if any(one.body is None or self._effects.of(one, Act.CLOSE) for one in destructors):
            return
        for member in found.members.values():
            if member.type != "int" or member.is_static:
                continue
            for method in found.all_methods():
                opened = self._opened_in(method, Variable(found, member.name)) if method.body is not None else None
                if opened is not None:
                    yield member, opened
                    break

    def _opened_in(self, method: FunctionInfo, variable: Variable) -> Place | None:
        for target, value in method.assignments():
            made = strip_casts(value)
            api = self._calls.api_of(made, method) if isinstance(made, Call) else None
            is_opening = api is not None and api.returns == "descriptor"
            if is_opening and self._names.variable(target, method) == variable:
                return made.place
        return None
