"""Standard input and files, which no peer writes to."""

from __future__ import annotations

from localsocket_review.model.declarations import FunctionInfo
from localsocket_review.model.expressions import Attribute, Call, Expression, Literal, Name, dotted, strip_casts

_INPUTS = frozenset({"sys.stdin", "sys.stdin.buffer", "sys.__stdin__", "stdin", "std.cin", "STDIN_FILENO"})
_SEEKING = frozenset({"lseek", "lseek64", "llseek", "ftruncate", "posix_fadvise"})


def is_sought_in(descriptor: Expression, function: FunctionInfo) -> bool:
    """Say whether the function moves to a place in what the descriptor is open for, as one can in files alone."""
    name = dotted(strip_casts(descriptor))
    return bool(name) and any(
        call.called_name in _SEEKING and call.arguments and dotted(strip_casts(call.arguments[0])) == name
        for call in function.calls()
    )


def is_standard_input(source: Expression) -> bool:
    """Say whether this is standard input: by its number, its descriptor or the object."""
    source = strip_casts(source)
    match source:
        case Literal(value=value):
            return type(value) is int and value == 0
        case Name() | Attribute():
            return dotted(source) in _INPUTS
        case Call(called_name="fileno" | "dup" | "fdopen", arguments=(first, *_)):
            return is_standard_input(first)
        case Call(called_name="fileno" | "detach", function=Attribute(value=value)):
            return is_standard_input(value)
        case Call(called_name="GetStdHandle"):
            return True
    return False
