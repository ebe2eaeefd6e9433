"""What a method inherits: whether a base class, of the program or of a framework, gave it its name."""

from __future__ import annotations

from localsocket_review.analysis.inference import Inference
from localsocket_review.apis.hooks import HOOKS, QT_VIRTUALS, is_hook
from localsocket_review.apis.tables import Tables
from localsocket_review.model.declarations import ClassInfo, FunctionInfo
from localsocket_review.model.program import Program, last_word

# Bases of Python's own that call nothing by its name.
_PLAIN = frozenset(
    {
        "ABC",
        "BaseException",
        "ConnectionError",
        "Enum",
        "Exception",
        "Flag",
        "Generic",
        "IntEnum",
        "IntFlag",
        "NamedTuple",
        "OSError",
        "Protocol",
        "RuntimeError",
        "StrEnum",
        "TimeoutError",
        "TypedDict",
        "ValueError",
        "bytes",
        "dict",
        "int",
        "list",
        "object",
        "set",
        "std.enable_shared_from_this",
        "str",
        "tuple",
        "type",
    }
)


class Heritage:
    """Follows bases through the program and the tables."""

    def __init__(self, program: Program, inference: Inference, tables: Tables) -> None:
        self._program = program
        self._tables = tables
        self._inference = inference

    def is_given(self, method: FunctionInfo) -> bool:
        """Say whether somebody else chose the method's name: a framework, or a base class."""
        if method.is_override or is_hook(method.name, method.unit.language):
            return True
        owner = method.owner
        if owner is None or (method.enclosing is not None and method.enclosing is not owner.body):
            return False
        return self.has_unknown_base(owner) or self.base_method(method) is not None

    def base_method(self, method: FunctionInfo) -> FunctionInfo | None:
        """Return the method of a base class in the program that this one takes the place of."""
        if method.owner is None:
            return None
        for base in self._program.lineage(method.owner):
            if base is not method.owner:
                for inherited in base.methods.get(method.name, ()):
                    if len(inherited.parameters) == len(method.parameters):
                        return inherited
        return None

    def framework_virtual(self, method: FunctionInfo) -> str:
        """Return the Qt class whose virtual this method is, if its class inherits one."""
        lineage = self._inference.class_lineage(method.owner)[1:] if method.owner is not None else []
        for base in lineage:
            if method.name in QT_VIRTUALS.get(base, ()):
                return base
            if base == "QWidget" and method.name.endswith("Event"):
                return base
        return ""

    def has_unknown_base(self, found: ClassInfo) -> bool:
        """Say whether a base is neither in the files nor in the tables: it may call anything by name."""
        for base in self._inference.class_lineage(found)[1:]:
            is_known = base in HOOKS or base in self._tables.bases or last_word(base) in _PLAIN or base in _PLAIN
            if not is_known and self._program.class_named(base, found.unit) is None:
                return True
        return False
