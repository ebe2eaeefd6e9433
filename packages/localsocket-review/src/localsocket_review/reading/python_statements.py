"""Python statements, functions and classes, lowered to the model's."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence

from localsocket_review.model.declarations import ClassInfo, FunctionInfo, FunctionKind, Parameter
from localsocket_review.model.expressions import (
    Attribute,
    Call,
    Display,
    Expression,
    Literal,
    Name,
    Other,
    Starred,
    Subscript,
    Unary,
    dotted,
)
from localsocket_review.model.place import Place
from localsocket_review.model.statements import (
    Assign,
    Branch,
    Break,
    Case,
    Choice,
    Continue,
    Define,
    Evaluate,
    Except,
    Loop,
    Raise,
    Return,
    Statement,
    Try,
    With,
)
from localsocket_review.model.unit import Unit
from localsocket_review.reading.clock import Clock
from localsocket_review.reading.python_expressions import OPERATORS, PythonExpressions, joined
from localsocket_review.reading.python_records import add_constructor

_ANY_FUNCTION = ast.FunctionDef | ast.AsyncFunctionDef


class PythonFunctions:
    """Reads the functions and classes of one file into its unit. Raises TimeLimitPassed when the clock says so."""

    def __init__(self, unit: Unit, clock: Clock) -> None:
        self.unit = unit
        self.check_time = clock.check

    def read_module(self, tree: ast.Module) -> FunctionInfo:
        module = FunctionInfo("", "", _start_of(self.unit), self.unit, FunctionKind.MODULE)
        module.body = _Body(self, module, this_name="").lower(tree.body)
        return module

    def read_function(
        self, node: _ANY_FUNCTION | ast.Lambda, enclosing: FunctionInfo, owner: ClassInfo | None, this_name: str
    ) -> FunctionInfo:
        """Read a function, which `owner` makes a method, and which sees the object that encloses it as `this_name`."""
        name = "" if isinstance(node, ast.Lambda) else node.name
        decorators = [] if isinstance(node, ast.Lambda) else node.decorator_list
        arguments = [*node.args.posonlyargs, *node.args.args]
        is_static = any(isinstance(found, ast.Name) and found.id == "staticmethod" for found in decorators)
        if owner is not None and arguments and not is_static:
            this_name = arguments[0].arg
        elif this_name in {argument.arg for argument in _every_argument(node.args)}:
            this_name = ""
        outer = PythonExpressions(self.unit.path, "", lambda inner: self.read_function(inner, enclosing, None, ""))
        function = FunctionInfo(
            name,
            ".".join(filter(None, (owner.qualified_name if owner else enclosing.qualified_name, name))),
            outer.place(node),
            self.unit,
            _kind(name, owner, node),
            owner=owner or enclosing.owner,
            enclosing=enclosing,
            decorators=[outer.lower(decorator) for decorator in decorators],
            is_async=isinstance(node, ast.AsyncFunctionDef),
            is_static=is_static,
        )
        if not isinstance(node, ast.Lambda) and node.returns is not None:
            function.return_type = _annotation(node.returns)
        function.parameters = list(
            _parameters(node.args, outer, this_name if owner is not None and not is_static else "")
        )
        enclosing.nested.append(function)
        body = _Body(self, function, this_name)
        if isinstance(node, ast.Lambda):
            value = body.expressions.lower(node.body)
            function.body = [Return(value.place, value)]
        else:
            function.body = body.lower(node.body)
        return function

    def read_class(self, node: ast.ClassDef, enclosing: FunctionInfo, this_name: str) -> ClassInfo:
        outer = PythonExpressions(
            self.unit.path, this_name, lambda inner: self.read_function(inner, enclosing, None, this_name)
        )
        qualified = ".".join(filter(None, (enclosing.qualified_name, node.name)))
        found = ClassInfo(node.name, qualified, outer.place(node), self.unit)
        found.decorators = [outer.lower(decorator) for decorator in node.decorator_list]
        found.bases = [name for base in node.bases if (name := dotted(outer.lower(_without_arguments(base))))]
        found.body = FunctionInfo(
            node.name, qualified, found.place, self.unit, FunctionKind.CLASS_BODY, owner=found, enclosing=enclosing
        )
        enclosing.nested.append(found.body)
        self.unit.classes.append(found)
        found.body.body = _Body(self, found.body, this_name="").lower(node.body)
        for method in found.body.nested:
            if method.name:
                found.methods.setdefault(method.name, []).append(method)
        add_constructor(found)
        return found


class _Body:
    """Lowers the statements of one function."""

    def __init__(self, reader: PythonFunctions, function: FunctionInfo, this_name: str) -> None:
        self._reader = reader
        self._function = function
        self._this_name = this_name
        self.expressions = PythonExpressions(reader.unit.path, this_name, self._lower_lambda)

    def _lower_lambda(self, node: ast.Lambda) -> FunctionInfo:
        return self._reader.read_function(node, self._function, None, self._this_name)

    def lower(self, nodes: Sequence[ast.stmt]) -> list[Statement]:
        return [statement for node in nodes for statement in self._statement(node)]

    def _statement(self, node: ast.stmt) -> Iterator[Statement]:
        self._reader.check_time()
        place, lower = self.expressions.place(node), self.expressions.lower
        match node:
            case ast.Expr(value=value):
                yield Evaluate(place, lower(value))
            case ast.Assign(targets=targets, value=value):
                lowered = lower(value)
                for target in targets:
                    yield from self._assign(node, lower(target), lowered)
            case ast.AnnAssign(target=target, annotation=annotation, value=assigned):
                lowered_value = None if assigned is None else lower(assigned)
                yield Assign(place, lower(target), lowered_value, type=_annotation(annotation))
            case ast.AugAssign(target=target, op=operator, value=value):
                yield Assign(place, lower(target), lower(value), f"{OPERATORS[type(operator)]}=")
            case ast.If(test=test, body=then, orelse=otherwise):
                yield Branch(place, lower(test), self.lower(then), self.lower(otherwise))
            case ast.For(target=target, iter=iterable) | ast.AsyncFor(target=target, iter=iterable):
                yield Loop(
                    place, None, self.lower(node.body), lower(target), lower(iterable), None, self.lower(node.orelse)
                )
            case ast.While(test=test, body=body, orelse=otherwise):
                lowered_test = lower(test)
                endless = isinstance(lowered_test, Literal) and bool(lowered_test.value)
                yield Loop(place, None if endless else lowered_test, self.lower(body), otherwise=self.lower(otherwise))
            case ast.Return(value=returned):
                yield Return(place, None if returned is None else lower(returned))
            case ast.Raise(exc=raised):
                yield Raise(place, None if raised is None else lower(raised))
            case _:
                yield from self._less_common(node)

    def _less_common(self, node: ast.stmt) -> Iterator[Statement]:
        place, lower = self.expressions.place(node), self.expressions.lower
        match node:
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                owner = self._function.owner if self._function.kind is FunctionKind.CLASS_BODY else None
                yield Define(place, self._reader.read_function(node, self._function, owner, self._this_name))
            case ast.ClassDef():
                yield Define(place, self._reader.read_class(node, self._function, self._this_name))
            case ast.With() | ast.AsyncWith():
                items = tuple(
                    (lower(item.context_expr), None if item.optional_vars is None else lower(item.optional_vars))
                    for item in node.items
                )
                yield With(place, items, self.lower(node.body), isinstance(node, ast.AsyncWith))
            case ast.Try() | ast.TryStar():
                yield Try(
                    place,
                    self.lower(node.body),
                    [self._handler(handler) for handler in node.handlers],
                    self.lower(node.orelse),
                    self.lower(node.finalbody),
                )
            case ast.Match(subject=subject, cases=cases):
                yield Choice(place, chosen := lower(subject), [self._case(case, chosen) for case in cases])
            case ast.Assert(test=test):
                failed = Unary(self.expressions.place(test), "not", lower(test))
                yield Branch(place, failed, [Raise(place, Name(place, "AssertionError"))])
            case ast.Delete(targets=targets):
                for target in targets:
                    yield Evaluate(place, Call(place, Name(place, "del"), (lower(target),)))
            case ast.Global(names=names) | ast.Nonlocal(names=names):
                self._function.outer_names |= frozenset(names)
            case ast.Break():
                yield Break(place)
            case ast.Continue():
                yield Continue(place)
            case _ if type(node).__name__ == "TypeAlias":  # of Python 3.12
                name, value = (lower(child) for child in ast.iter_child_nodes(node) if isinstance(child, ast.expr))
                yield Assign(joined(name.place, value.place), name, value)

    def _assign(self, node: ast.Assign, target: Expression, value: Expression) -> Iterator[Statement]:
        """Assign pairwise where both sides are displays of one length, so that each name has its own value."""
        place = self.expressions.place(node)
        match target, value:
            case Display(items=targets), Display(items=values) if len(targets) == len(values) and not any(
                isinstance(item, Starred) for item in (*targets, *values)
            ):
                for one_target, one_value in zip(targets, values, strict=True):
                    yield Assign(place, one_target, one_value)
            case _:
                yield Assign(place, target, value)

    def _handler(self, node: ast.ExceptHandler) -> Except:
        types: tuple[Expression, ...] = ()
        if isinstance(node.type, ast.Tuple):
            types = self.expressions.lower_all(node.type.elts)
        elif node.type is not None:
            types = (self.expressions.lower(node.type),)
        return Except(self.expressions.place(node), types, node.name or "", self.lower(node.body))

    def _case(self, case: ast.match_case, subject: Expression) -> Case:
        values = tuple(self._pattern_values(case.pattern))
        body = self.lower(case.body)
        if case.guard is not None:
            body = [Branch(self.expressions.place(case.guard), self.expressions.lower(case.guard), body)]
        return Case(self.expressions.place(case.pattern), values, [*self._captured(case.pattern, subject), *body])

    def _captured(self, pattern: ast.pattern, subject: Expression) -> Iterator[Statement]:
        """Yield what a pattern gives names to, as assignments: of `["show", name]` that of the second element."""
        place = self.expressions.place(pattern)
        match pattern:
            case ast.MatchAs(pattern=inner, name=name):
                if name is not None:
                    yield Assign(place, Name(place, name), subject)
                if inner is not None:
                    yield from self._captured(inner, subject)
            case ast.MatchStar(name=str() as name):
                yield Assign(place, Name(place, name), subject)
            case ast.MatchMapping(keys=keys, patterns=patterns):
                for key, inner in zip(keys, patterns, strict=True):
                    yield from self._captured(inner, Subscript(place, subject, self.expressions.lower(key)))
            case ast.MatchClass(patterns=patterns, kwd_attrs=names, kwd_patterns=named):
                for inner in patterns:
                    yield from self._captured(inner, subject)
                for name, inner in zip(names, named, strict=True):
                    yield from self._captured(inner, Attribute(place, subject, name))
            case ast.MatchOr(patterns=patterns):
                for inner in patterns:
                    yield from self._captured(inner, subject)
            case ast.MatchSequence(patterns=patterns):
                for position, inner in enumerate(patterns):
                    is_star = isinstance(inner, ast.MatchStar)
                    part = subject if is_star else Subscript(place, subject, Literal(place, position))
                    yield from self._captured(inner, part)

    def _pattern_values(self, pattern: ast.pattern) -> Iterator[Expression]:
        """Yield what a case compares with; nothing for one that takes everything."""
        match pattern:
            case ast.MatchValue(value=value):
                yield self.expressions.lower(value)
            case ast.MatchSingleton(value=value):
                yield Literal(self.expressions.place(pattern), value)
            case ast.MatchOr(patterns=patterns):
                for inner in patterns:
                    yield from self._pattern_values(inner)
            case ast.MatchAs(pattern=inner):
                if inner is not None:
                    yield from self._pattern_values(inner)
            case _:
                yield Other(self.expressions.place(pattern), "pattern")


def _kind(name: str, owner: ClassInfo | None, node: ast.AST) -> FunctionKind:
    if isinstance(node, ast.Lambda):
        return FunctionKind.LAMBDA
    if owner is None:
        return FunctionKind.FUNCTION
    return {"__init__": FunctionKind.CONSTRUCTOR, "__del__": FunctionKind.DESTRUCTOR}.get(name, FunctionKind.METHOD)


def _every_argument(arguments: ast.arguments) -> Iterator[ast.arg]:
    yield from (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs)
    yield from (argument for argument in (arguments.vararg, arguments.kwarg) if argument is not None)


def _parameters(arguments: ast.arguments, lowering: PythonExpressions, this_name: str) -> Iterator[Parameter]:
    positional = [*arguments.posonlyargs, *arguments.args]
    no_default: list[ast.expr | None] = [None] * (len(positional) - len(arguments.defaults))
    defaults = [*no_default, *arguments.defaults, *arguments.kw_defaults]
    every = zip([*positional, *arguments.kwonlyargs], defaults, strict=True)
    for index, (argument, default) in enumerate(every):
        if index == 0 and this_name and argument.arg == this_name:
            continue
        yield Parameter(
            lowering.place(argument),
            argument.arg,
            "" if argument.annotation is None else _annotation(argument.annotation),
            None if default is None else lowering.lower(default),
        )
    for variadic in (arguments.vararg, arguments.kwarg):
        if variadic is not None:
            yield Parameter(lowering.place(variadic), variadic.arg, is_variadic=True)


def _annotation(node: ast.expr) -> str:
    """Return the type as text, without the quotes of a forward reference and without what says that it may be None."""
    text = node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ast.unparse(node)
    optional = re.fullmatch(r"(?:typing\.)?Optional\[(.*)\]", text)
    text = optional.group(1) if optional else text
    return text.replace(" | None", "").replace("None | ", "").strip()


def _without_arguments(node: ast.expr) -> ast.expr:
    return node.value if isinstance(node, ast.Subscript) else node


def _start_of(unit: Unit) -> Place:
    return Place(unit.path, 1)
