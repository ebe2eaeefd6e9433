"""Python expressions, lowered to the model's."""

from __future__ import annotations

import ast
from collections.abc import Callable, Sequence

from localsocket_review.model.declarations import FunctionInfo
from localsocket_review.model.expressions import (
    Assignment,
    Attribute,
    Await,
    Binary,
    Call,
    Comprehension,
    Conditional,
    Display,
    Expression,
    Format,
    Lambda,
    Literal,
    Name,
    Other,
    Slice,
    Starred,
    Subscript,
    This,
    Unary,
)
from localsocket_review.model.place import Place

OPERATORS: dict[type[ast.AST], str] = {
    ast.Add: "+",
    ast.Sub: "-",
    ast.Mult: "*",
    ast.MatMult: "@",
    ast.Div: "/",
    ast.FloorDiv: "//",
    ast.Mod: "%",
    ast.Pow: "**",
    ast.LShift: "<<",
    ast.RShift: ">>",
    ast.BitOr: "|",
    ast.BitAnd: "&",
    ast.BitXor: "^",
    ast.And: "and",
    ast.Or: "or",
    ast.Not: "not",
    ast.Invert: "~",
    ast.UAdd: "+",
    ast.USub: "-",
    ast.Eq: "==",
    ast.NotEq: "!=",
    ast.Lt: "<",
    ast.LtE: "<=",
    ast.Gt: ">",
    ast.GtE: ">=",
    ast.In: "in",
    ast.NotIn: "not in",
    ast.Is: "is",
    ast.IsNot: "is not",
}
_DISPLAYS: dict[type[ast.AST], str] = {ast.Tuple: "tuple", ast.List: "list", ast.Set: "set"}


class PythonExpressions:
    """Lowers the expressions of one function, whose first parameter may be called `this_name`.

    A lambda's body is lowered by `lower_lambda`, which the reader of functions gives.
    """

    def __init__(self, path: str, this_name: str, lower_lambda: Callable[[ast.Lambda], FunctionInfo]) -> None:
        self._path = path
        self._this_name = this_name
        self._lower_lambda = lower_lambda

    def place(self, node: ast.expr | ast.stmt | ast.excepthandler | ast.pattern | ast.arg | ast.keyword) -> Place:
        end_line = node.end_lineno or node.lineno
        end_column = node.end_col_offset if node.end_col_offset is not None else node.col_offset
        return Place(self._path, node.lineno, node.col_offset + 1, end_line, end_column + 1)

    def lower(self, node: ast.expr) -> Expression:
        place = self.place(node)
        match node:
            case ast.Name(id=name):
                return This(place) if name == self._this_name else Name(place, name)
            case ast.Constant(value=value):
                if value is None or isinstance(value, (str, bytes, int, float, bool)):
                    return Literal(place, value)
                return Other(place, "constant")
            case ast.Attribute(value=value, attr=name):
                return Attribute(place, self.lower(value), name)
            case ast.Call():
                return self._call(node, place)
            case ast.Subscript(value=value, slice=index):
                return Subscript(place, self.lower(value), self.lower(index))
            case ast.Slice():
                return Slice(place, self.lower_all([part for part in (node.lower, node.upper, node.step) if part]))
            case ast.UnaryOp(op=operator, operand=operand):
                return Unary(place, OPERATORS[type(operator)], self.lower(operand))
            case ast.BinOp(left=left, op=operator, right=right):
                return Binary(place, OPERATORS[type(operator)], self.lower(left), self.lower(right))
            case ast.BoolOp(op=operator, values=values):
                return self._chain(OPERATORS[type(operator)], self.lower_all(values))
            case ast.Compare():
                return self._comparison(node)
            case ast.IfExp(test=test, body=then, orelse=otherwise):
                return Conditional(place, self.lower(test), self.lower(then), self.lower(otherwise))
            case ast.NamedExpr(target=target, value=value):
                return Assignment(place, self.lower(target), self.lower(value))
            case ast.Tuple(elts=items) | ast.List(elts=items) | ast.Set(elts=items):
                return Display(place, _DISPLAYS[type(node)], self.lower_all(items))
            case ast.Dict(keys=keys, values=values):
                lowered = tuple(None if key is None else self.lower(key) for key in keys)
                return Display(place, "dict", self.lower_all(values), lowered)
            case _:
                return self._less_common(node, place)

    def lower_all(self, nodes: Sequence[ast.expr]) -> tuple[Expression, ...]:
        return tuple(self.lower(node) for node in nodes)

    def _less_common(self, node: ast.expr, place: Place) -> Expression:
        match node:
            case ast.JoinedStr(values=values):
                return Format(place, self.lower_all(values))
            case ast.FormattedValue(value=value):
                return self.lower(value)
            case ast.Await(value=value):
                return Await(place, self.lower(value))
            case ast.Starred(value=value):
                return Starred(place, self.lower(value))
            case ast.Lambda():
                return Lambda(place, self._lower_lambda(node))
            case ast.ListComp(elt=element, generators=loops) | ast.SetComp(elt=element, generators=loops):
                return self._comprehension(place, self.lower(element), loops)
            case ast.GeneratorExp(elt=element, generators=loops):
                return self._comprehension(place, self.lower(element), loops)
            case ast.DictComp(key=key, value=value, generators=loops):
                pair = Display(place, "tuple", (self.lower(key), self.lower(value)))
                return self._comprehension(place, pair, loops)
        inside = [child for child in ast.iter_child_nodes(node) if isinstance(child, ast.expr)]
        match type(node).__name__:
            case "TemplateStr":  # of Python 3.14
                return Format(place, self.lower_all(inside))
            case "Interpolation":
                return self.lower(inside[0])
        return Other(place, type(node).__name__.lower(), self.lower_all(inside))

    def _call(self, node: ast.Call, place: Place) -> Call:
        # The keywords of `**options` are not known; what it holds is kept under a name that no keyword can have.
        keywords = {keyword.arg or "**": self.lower(keyword.value) for keyword in node.keywords}
        return Call(place, self.lower(node.func), self.lower_all(node.args), keywords)

    def _comprehension(self, place: Place, element: Expression, loops: list[ast.comprehension]) -> Comprehension:
        sources = tuple((self.lower(loop.target), self.lower(loop.iter)) for loop in loops)
        conditions = tuple(self.lower(condition) for loop in loops for condition in loop.ifs)
        return Comprehension(place, element, sources, conditions)

    def _comparison(self, node: ast.Compare) -> Expression:
        operands = self.lower_all([node.left, *node.comparators])
        comparisons: list[Expression] = [
            Binary(joined(left.place, right.place), OPERATORS[type(operator)], left, right)
            for operator, left, right in zip(node.ops, operands, operands[1:], strict=False)
        ]
        return self._chain("and", comparisons)

    def _chain(self, operator: str, operands: Sequence[Expression]) -> Expression:
        whole = operands[0]
        for operand in operands[1:]:
            whole = Binary(joined(whole.place, operand.place), operator, whole, operand)
        return whole


def joined(first: Place, last: Place) -> Place:
    return Place(first.file, first.line, first.column, last.end_line, last.end_column)
