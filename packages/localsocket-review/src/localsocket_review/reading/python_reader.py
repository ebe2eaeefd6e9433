"""Python files, read by `ast` into the model."""

from __future__ import annotations

import ast
import io
import re
import tokenize
import warnings
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import PurePath

from localsocket_review.model.declarations import ClassInfo, FunctionInfo, FunctionKind, Member
from localsocket_review.model.expressions import Attribute, Name, This
from localsocket_review.model.place import Place
from localsocket_review.model.statements import Assign
from localsocket_review.model.unit import ADDRESS, Comment, Language, Unit
from localsocket_review.reading.clock import SECONDS_PER_FILE, Clock, TimeLimitPassed
from localsocket_review.reading.faults import Fault, NoPython
from localsocket_review.reading.python_spread import spread_options
from localsocket_review.reading.python_statements import PythonFunctions

# A name, or a slot as Qt writes it in a text: `ready()`.
_SOME = 3  # how many more lines are named
_NAMED_BY_TEXT = re.compile(r"[12]?([A-Za-z_]\w*)(?:\(.*\))?")


def read_python(path: str, source: str, seconds: float = SECONDS_PER_FILE) -> Unit:
    """Return the model of a Python file; what cannot be read comes back with the reason in `unread`."""
    clock = Clock(seconds)
    unit = Unit(path, Language.PYTHON, source, module_name=_module_name(path))
    try:
        tree = _parse(unit, clock)
    except NoPython as error:
        unit.parse_errors, unit.unread = 1, _refused([error.fault])
        return unit
    except TimeLimitPassed as passed:
        unit.unread = str(passed)
        return unit
    nodes = list(ast.walk(tree))
    unit.identifiers.update(_identifiers(nodes))
    unit.declared = _imported(nodes)
    _read_imports(unit, nodes)
    reader = PythonFunctions(unit, clock)
    try:
        unit.body = reader.read_module(tree)
    except TimeLimitPassed as passed:
        unit.unread = str(passed)
        return unit
    for found in unit.classes:
        _find_members(found)
    spread_options(unit)
    return unit


def _parse(unit: Unit, clock: Clock) -> ast.Module:
    """Parse a file, by `ast` where it can; its comments and what could not be parsed are told of in the unit."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # invalid escapes and the like are not ours to report
        try:
            tree = ast.parse(unit.source)
        except SyntaxError:
            return _parse_newer(unit, clock)
        except ValueError as error:  # a NUL byte
            raise NoPython(Fault(1, str(error))) from error
    unit.comments = _comments(unit.path, unit.source) if ADDRESS in unit.source else []
    return tree


def _parse_newer(unit: Unit, clock: Clock) -> ast.Module:
    from localsocket_review.reading.python_newer import parse_newer  # which most reviews do without

    found = parse_newer(unit.source, clock)
    if found.faults and all(isinstance(statement, ast.Pass) for statement in found.tree.body):
        raise NoPython(found.faults[0])  # nothing is left
    unit.parse_errors = len(found.faults)
    unit.half_read = _refused(found.faults) if found.faults else ""
    unit.identifiers.update(found.hidden_words)
    if ADDRESS in unit.source:
        lines = unit.source.split("\n")
        for line, column, text in found.comments:
            place = Place(unit.path, line, column, line, column + len(text.encode()))
            alone = not lines[line - 1].encode()[: column - 1].strip() if line <= len(lines) else True
            unit.comments.append(Comment(place, text.lstrip("#").strip(), alone))
    return found.tree


def _refused(faults: Sequence[Fault]) -> str:
    first, *others = faults
    also = ", nor " + ", ".join(str(fault.line) for fault in others[:_SOME]) if others else ""
    more = f" and {len(others) - _SOME} more" if len(others) > _SOME else ""
    return f"not valid Python: line {first.line} could not be parsed ({first.why}){also}{more}"


def _module_name(path: str) -> str:
    parts = PurePath(path).with_suffix("").parts
    return parts[-2] if parts[-1] == "__init__" and len(parts) > 1 else parts[-1]


def _comments(path: str, source: str) -> list[Comment]:
    comments = []
    try:
        for token in tokenize.generate_tokens(io.StringIO(source).readline):
            if token.type == tokenize.COMMENT:
                line, column = token.start
                place = Place(path, line, column + 1, *token.end)
                comments.append(Comment(place, token.string.lstrip("#").strip(), not token.line[:column].strip()))
    except (tokenize.TokenError, SyntaxError):  # ast reads what tokenize does not, such as form feeds in odd places
        pass
    return comments


def _identifiers(nodes: Sequence[ast.AST]) -> Counter[str]:
    """Count each name that is used: also an attribute, an import, a string that getattr() or Qt may look up."""
    found: Counter[str] = Counter()
    for node in nodes:
        match node:
            case ast.Name(id=name) | ast.Attribute(attr=name) | ast.keyword(arg=str(name)):
                found[name] += 1
            case ast.alias(name=name):
                found.update(name.split("."))
            case ast.Constant(value=str(text)) if named := _NAMED_BY_TEXT.fullmatch(text):
                found[named[1]] += 1
            case ast.Global(names=names) | ast.Nonlocal(names=names):
                found.update(names)
    found.update(_looked_up(nodes))
    return found


def _looked_up(nodes: Sequence[ast.AST]) -> Iterator[str]:
    """Yield the functions whose names getattr() may put together: `getattr(self, "on_" + kind)`."""
    if not any(isinstance(node, ast.Call) and _is_open_getattr(node) for node in nodes):
        return
    ends = {ends for node in nodes if (ends := _ends_of_name(node)) is not None}
    for node in nodes:
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        if any(node.name.startswith(first) and node.name.endswith(last) for first, last in ends):
            yield node.name


def _is_open_getattr(call: ast.Call) -> bool:
    is_getattr = isinstance(call.func, ast.Name) and call.func.id == "getattr"
    return is_getattr and len(call.args) > 1 and not isinstance(call.args[1], ast.Constant)


def _ends_of_name(node: ast.AST) -> tuple[str, str] | None:
    """Return how a name begins and ends that is put together here, if it begins with something."""
    match node:
        case ast.BinOp(op=ast.Add(), left=ast.Constant(value=str(first))):
            found = (first, "")
        case ast.BinOp(op=ast.Add(), left=ast.BinOp() as left, right=ast.Constant(value=str(last))):
            found = ((_ends_of_name(left) or ("", ""))[0], last)
        case ast.BinOp(op=ast.Mod(), left=ast.Constant(value=str(text))) if text.count("%s") == 1:
            first, _, last = text.partition("%s")
            found = (first, last)
        case ast.JoinedStr(values=[ast.Constant(value=str(first)), *_, last_part]):
            found = (first, str(last_part.value) if isinstance(last_part, ast.Constant) else "")
        case _:
            return None
    return found if len(found[0]) > 1 and "".join(found).isidentifier() else None


def _imported(nodes: Iterable[ast.AST]) -> Counter[str]:
    """Count the words of import statements, which are among the identifiers and use nothing."""
    aliases = (node for node in nodes if isinstance(node, ast.alias))
    return Counter(word for alias in aliases for word in alias.name.split("."))


def _read_imports(unit: Unit, nodes: Iterable[ast.AST]) -> None:
    for node in nodes:
        if isinstance(node, ast.Import):
            for alias in node.names:
                local = alias.asname or alias.name.split(".")[0]
                unit.import_places[local] = Place(unit.path, node.lineno, node.col_offset + 1)
                unit.imports[local] = alias.name if alias.asname else local
                unit.includes.append((alias.name, Place(unit.path, node.lineno, node.col_offset + 1)))
        elif isinstance(node, ast.ImportFrom):
            module = node.module or ""
            unit.includes.append((module, Place(unit.path, node.lineno, node.col_offset + 1)))
            for alias in node.names:
                if alias.name == "*":
                    unit.star_imports.append(module)
                else:
                    local = alias.asname or alias.name
                    unit.import_places[local] = Place(unit.path, alias.lineno, alias.col_offset + 1)
                    unit.imports[local] = f"{module}.{alias.name}".lstrip(".")


def _find_members(found: ClassInfo) -> None:
    """Give the class the members that its body and its methods assign."""
    for statement in found.body.statements() if found.body is not None else []:
        match statement:
            case Assign(target=Name(identifier=name), value=value, type=type_name):
                found.members.setdefault(name, Member(name, statement.place, type_name, value, is_static=True))
    for method in found.all_methods():
        for function in _with_nested(method):
            for statement in function.statements():
                match statement:
                    case Assign(target=Attribute(value=This(), name=name), type=type_name):
                        member = found.members.setdefault(name, Member(name, statement.place))
                        member.type = member.type or type_name


def _with_nested(function: FunctionInfo) -> list[FunctionInfo]:
    found = [function]
    for nested in function.nested:
        if nested.kind is not FunctionKind.METHOD:
            found.extend(_with_nested(nested))
    return found
