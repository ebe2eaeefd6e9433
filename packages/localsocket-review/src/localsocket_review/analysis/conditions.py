"""What one condition says of a variable: that it is small, stays inside a directory, or holds a known text."""

from __future__ import annotations

from collections.abc import Iterator

from localsocket_review.analysis.calls import ProgramCalls
from localsocket_review.analysis.control_flow import Guard
from localsocket_review.analysis.filling import Filling
from localsocket_review.analysis.names import Names, Variable
from localsocket_review.analysis.sites import argument_of
from localsocket_review.model.declarations import FunctionInfo
from localsocket_review.model.expressions import (
    Attribute,
    Binary,
    Call,
    Cast,
    Comprehension,
    Display,
    Expression,
    Literal,
    Name,
    Unary,
    dotted,
    strip_casts,
    walk,
)

_CHECKING = frozenset(
    {
        "fullmatch",
        "match",
        "regex_match",
        "isalnum",
        "isidentifier",
        "isdigit",
        "isdecimal",
        "is_relative_to",
        "contains",
        "count",
        "exactMatch",
        "hasMatch",
        "startswith",
        "startsWith",
        "has_key",
    }
)
_COMPARING = frozenset({"strcmp", "strcasecmp", "g_strcmp0", "qstrcmp", "wcscmp"})  # they give 0 for the same text
# What says of one character that it is harmless.
OF_CHARACTERS = frozenset({"isalnum", "isalpha", "isdigit", "isxdigit", "islower", "isupper", "g_ascii_isalnum"})
# What looks for a piece of a text.
_LOOKING = frozenset(
    {
        "strchr",
        "strrchr",
        "strstr",
        "strpbrk",
        "memchr",
        "find",
        "rfind",
        "index",
        "indexOf",
        "contains",
        "find_first_of",
    }
)
_UPPER = {"<", "<=", "=="}
_LOWER = {">", ">=", "=="}
_FLIPPED = {"<": ">", "<=": ">=", ">": "<", ">=": "<=", "==": "==", "!=": "!="}
_NEGATED = {"<": ">=", "<=": ">", ">": "<=", ">=": "<", "==": "!=", "!=": "=="}


class Conditions:
    """Reads one condition at a time."""

    def __init__(self, names: Names, calls: ProgramCalls, filling: Filling) -> None:
        self._names = names
        self._calls = calls
        self._filling = filling

    def bounds(self, guard: Guard, variable: Variable, function: FunctionInfo) -> bool:
        """Say whether the condition keeps the variable below something."""
        match guard.test:
            case Binary(operator="in", left=left):
                return guard.holds and self._compares(left, variable, function)
            case Binary(operator=operator, left=left, right=right) if operator in _FLIPPED:
                if self._compares(right, variable, function) and not self._compares(left, variable, function):
                    operator = _FLIPPED[operator]
                    left, right = right, left
                if not self._compares(left, variable, function):
                    return False
                if self._is_subtracted(left, variable, function):
                    operator = _FLIPPED[operator]  # `size - at >= 4`
                operator = operator if guard.holds else _NEGATED[operator]
                return operator in _UPPER and not self._compares(right, variable, function)
        return False

    def is_not_negative(self, guard: Guard, variable: Variable, function: FunctionInfo) -> bool:
        """Say whether the condition keeps the variable from being negative."""
        match guard.test:
            case Binary(operator="in", left=left):
                return guard.holds and self._compares(left, variable, function)
            case Binary(operator=operator, left=left, right=right) if operator in _FLIPPED:
                if self._compares(right, variable, function):
                    operator, left, right = _FLIPPED[operator], right, left
                if not self._compares(left, variable, function) or self._compares(right, variable, function):
                    return False
                if self._is_subtracted(left, variable, function):
                    operator = _FLIPPED[operator]
                if isinstance(left, Cast) and "unsigned" in left.type.replace("size_t", "unsigned"):
                    return True  # one comparison for both ends
                operator = operator if guard.holds else _NEGATED[operator]
                return operator in _LOWER and not _is_negative(right)
        return False

    def keeps_inside(self, guard: Guard, variable: Variable, function: FunctionInfo) -> bool:
        """Say whether the condition lets no name with a separator or with two dots through."""
        test, holds = guard.test, guard.holds
        match test:
            case Binary(operator="==" | "!=" as operator, left=left, right=right) if _is_nothing(right):
                test, holds = left, holds is not (operator == "==")  # strchr(…) == NULL, find(…) == npos
            case Binary(operator=">=" | ">" | "<" as operator, left=left, right=Literal(value=0 | -1)):
                test, holds = left, holds is not (operator == "<")  # indexOf(…) >= 0
        match test:
            case Binary(operator="in" | "not in" as contained, left=Literal(value=text), right=right):
                return holds is not (contained == "in") and _separates(text) and self.reads(right, variable, function)
            case Binary(operator="in" | "not in" as contained, left=left, right=Attribute(name="parents") as above):
                is_inside = holds is (contained == "in")  # `root in path.parents`
                return is_inside and self.reads(above, variable, function) and not self.reads(left, variable, function)
            case Call(called_name="any", arguments=(Comprehension() as each,)):
                return not holds and _looks_for_separator(each) and self.reads(each.element, variable, function)
            case Binary(operator="==" | "!=" as operator, left=Call(called_name="commonpath") as common):
                return holds is (operator == "==") and self.reads(common, variable, function)
            case Binary(operator="==" | "!=" as operator, right=Call(called_name="commonpath") as common):
                return holds is (operator == "==") and self.reads(common, variable, function)
            case Call() as call if call.called_name in _LOOKING:
                texts = [part.value for part in call.arguments if isinstance(part, Literal)]
                return not holds and any(map(_separates, texts)) and self.reads(call, variable, function)
        return False

    def restricts(self, guard: Guard, variable: Variable, function: FunctionInfo) -> bool:
        """Say whether the condition lets only known texts through."""
        match guard.test:
            case Binary(operator="in" | "not in" as operator, left=left):
                return guard.holds is (operator == "in") and self.reads(left, variable, function)
            case Binary(operator="==" | "!=" as operator, left=left, right=right):
                constant = isinstance(strip_casts(left), Literal) or isinstance(strip_casts(right), Literal)
                is_equal = guard.holds is (operator == "==")
                if {getattr(one, "called_name", "") for one in (left, right)} == {"strspn", "strlen"}:
                    constant = True  # all of it is of these characters
                is_filling = any(self._fills(part, function) for part in walk(guard.test))
                return is_equal and constant and not is_filling and self.reads(guard.test, variable, function)
            case Call() as call if call.called_name in _COMPARING:
                is_known = any(isinstance(strip_casts(one), Literal) for one in call.arguments)
                return not guard.holds and is_known and self.reads(call, variable, function)
            case Call(called_name=name, function=Name()) if name in OF_CHARACTERS:
                return False  # C's, of one character
            case Call(called_name="startswith" | "startsWith", arguments=(Literal(value=str() | bytes() as text), *_)):
                # What follows `on ` may be anything; what follows a directory's name was made absolute before.
                is_path = "/" in (text if isinstance(text, str) else text.decode("latin-1"))
                return guard.holds and is_path and self.reads(guard.test, variable, function)
            case Call() as call if call.called_name in _CHECKING:
                return guard.holds and self.reads(call, variable, function)
        return False

    def _fills(self, expression: Expression, function: FunctionInfo) -> bool:
        """Say whether this receives into what it is given: what is compared then is how that went."""
        if not isinstance(expression, Call):
            return False
        api = self._calls.api_of(expression, function)
        return (
            any(self._filling.by(expression, function))
            if api is None
            else not api.roles.keys().isdisjoint({"buffer", "buffers_from"})
        )

    def _compares(self, side: Expression, variable: Variable, function: FunctionInfo) -> bool:
        """Say whether one side of a comparison is the number, or made of it: `recv(fd, &number, 4, 0) == 4` is not."""
        named = [
            part
            for part in walk(side)
            if isinstance(part, (Name, Attribute)) and self._names.variable(part, function) == variable
        ]
        if not named:
            return False
        filled = {part.operand for part in walk(side) if isinstance(part, Unary) and part.operator == "&"}
        measured = (part for part in walk(side) if isinstance(part, Call) and part.called_name == "sizeof")
        filled.update(part for one in measured for argument in one.arguments for part in walk(argument))
        filled.update(part for buffer in self._buffers_in(side, function) for part in walk(buffer))
        return any(part not in filled for part in named)

    def _is_subtracted(self, side: Expression, variable: Variable, function: FunctionInfo) -> bool:
        """Say whether the side grows as the number shrinks: what is left behind it."""
        match strip_casts(side):
            case Binary(operator="-", left=left, right=right):
                return self.reads(right, variable, function) is not self._is_subtracted(left, variable, function)
            case Binary(operator="+", left=left, right=right):
                return any(self._is_subtracted(one, variable, function) for one in (left, right))
        return False

    def _buffers_in(self, side: Expression, function: FunctionInfo) -> Iterator[Expression]:
        """Yield what calls fill: of `recv(fd, numbers, size, 0) == size` no number is compared."""
        for call in (part for part in walk(side) if isinstance(part, Call)):
            api = self._calls.api_of(call, function)
            buffer = argument_of(call, api, "buffer") if api is not None else None
            yield from self._filling.buffers(call, function) if buffer is None else (buffer,)

    def reads(self, expression: Expression, variable: Variable, function: FunctionInfo) -> bool:
        return any(
            self._names.variable(part, function) == variable
            for part in walk(expression)
            if isinstance(part, (Name, Attribute))
        )


def _is_negative(expression: Expression) -> bool:
    """`>= -1` keeps -1."""
    return isinstance(expression, Unary) and expression.operator == "-"


def _is_nothing(expression: Expression) -> bool:
    """What says that a piece was not found: NULL, nullptr, std::string::npos, -1."""
    name = dotted(strip_casts(expression)).rpartition(".")[2]
    is_none = isinstance(expression, Literal) and expression.value in (None, 0)
    return is_none or _is_negative(expression) or name in ("NULL", "nullptr", "npos")


def _looks_for_separator(each: Comprehension) -> bool:
    """`part in name for part in ("..", "/")`."""
    pieces = [item for _, iterable in each.loops if isinstance(iterable, Display) for item in iterable.items]
    is_contained = isinstance(each.element, Binary) and each.element.operator == "in"
    return is_contained and any(isinstance(piece, Literal) and _separates(piece.value) for piece in pieces)


def _separates(text: object) -> bool:
    """Say whether a name without this piece leads out of no directory."""
    return text in ("/", "..", "../", b"/", b"..", b"../", ord("/"))
