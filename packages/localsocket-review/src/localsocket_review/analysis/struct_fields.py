"""What is put into the fields of C structs, which no method of theirs sets: `server->fd = socket(…)`."""

from __future__ import annotations

from collections import defaultdict
from functools import cached_property

from localsocket_review.analysis.inference import Inference
from localsocket_review.model.declarations import FunctionInfo
from localsocket_review.model.expressions import Attribute, Expression
from localsocket_review.model.program import Program
from localsocket_review.model.statements import Assign
from localsocket_review.model.unit import Language


class StructFields:
    """Joins the functions that share a struct by its type and the field's name."""

    def __init__(self, program: Program, inference: Inference) -> None:
        self._program = program
        self._inference = inference

    def given(self, field: Attribute, function: FunctionInfo) -> list[tuple[Expression, FunctionInfo]]:
        """Return what the functions of the program put into the field, of whichever object of the struct."""
        if function.unit.language is not Language.CPP or field.name not in self._assigned:
            return []
        struct = self._inference.type_of(field.value, function)
        known = self._program.class_named(struct, function.unit) if struct else None
        return [
            (value, setter)
            for target, value, setter in self._assigned[field.name]
            if known is not None
            and self._inference.type_of(target.value, setter) == struct
            and self._program.class_named(struct, setter.unit) is known
        ]

    @cached_property
    def _assigned(self) -> dict[str, list[tuple[Attribute, Expression, FunctionInfo]]]:
        found: defaultdict[str, list[tuple[Attribute, Expression, FunctionInfo]]] = defaultdict(list)
        for function in self._program.functions:
            for statement in function.statements() if function.unit.language is Language.CPP else ():
                match statement:
                    case Assign(target=Attribute() as target, value=Expression() as value, operator="="):
                        found[target.name].append((target, value, function))
        return dict(found)
