"""C and C++ statements, lowered to the model's."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

from tree_sitter import Node

from localsocket_review.model.declarations import ClassInfo, FunctionInfo
from localsocket_review.model.expressions import Assignment, Display, Expression, Literal, Name, Other
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
    Goto,
    Label,
    Loop,
    Raise,
    Return,
    Statement,
    Try,
)
from localsocket_review.reading.cpp_declarators import (
    Declarator,
    construction,
    declarators,
    initial_value,
    looks_like_arguments,
    parameters_as_arguments,
    take_apart,
)
from localsocket_review.reading.cpp_expressions import CppExpressions
from localsocket_review.reading.cpp_tree import CppTree, field, first_of, parts, text_of, type_text

CLASS_TYPES = ("class_specifier", "struct_specifier", "union_specifier")
PREPROCESSOR_BRANCHES = ("preproc_ifdef", "preproc_if", "preproc_elif", "preproc_else", "preproc_elifdef")


class NestedDefinitions(Protocol):
    """What the reader of declarations does for the statements of `function`."""

    def read_lambda(self, node: Node, enclosing: FunctionInfo) -> FunctionInfo: ...

    def read_class(self, node: Node, enclosing: FunctionInfo) -> ClassInfo | None: ...


class CppBody:
    """Lowers the statements of one function."""

    def __init__(self, tree: CppTree, definitions: NestedDefinitions, function: FunctionInfo) -> None:
        self._tree = tree
        self._definitions = definitions
        self._function = function
        self.expressions = CppExpressions(tree, lambda node: definitions.read_lambda(node, function))

    def lower(self, node: Node | None) -> list[Statement]:
        """Return the statements of a block, or of a statement that stands where a block could."""
        return [] if node is None else list(self._statements(node))

    def _statements(self, node: Node) -> Iterator[Statement]:
        self._tree.check_time()
        place, kind = self.expressions.place(node), node.type
        match kind:
            case "compound_statement" | "ERROR" | "translation_unit" | "else_clause" | "declaration_list":
                for part in parts(node):
                    yield from self._statements(part)
            case "expression_statement":
                for part in parts(node):
                    yield from self._evaluate(part)
            case "declaration":
                yield from self.declaration(node)
            case "if_statement":
                yield from self._branch(node)
            case "labeled_statement":
                yield Label(place, text_of(field(node, "label")))
                for part in parts(node)[1:]:
                    yield from self._statements(part)
            case "for_statement" | "for_range_loop" | "while_statement" | "do_statement":
                yield from self._loop(node)
            case "switch_statement":
                yield self._choice(node)
            case "try_statement":
                yield self._try(node)
            case _ if (leaving := self._leaving(node, place, kind)) is not None:
                yield leaving
            case _:
                yield from self._less_common(node, kind)

    def _leaving(self, node: Node, place: Place, kind: str) -> Statement | None:
        """Return what goes on somewhere else than at the next statement."""
        match kind:
            case "return_statement" | "co_return_statement":
                return Return(place, self._only(node))
            case "throw_statement":
                return Raise(place, self._only(node))
            case "break_statement":
                return Break(place)
            case "continue_statement":
                return Continue(place)
            case "goto_statement":
                return Goto(place, text_of(field(node, "label")))
        return None

    def _less_common(self, node: Node, kind: str) -> Iterator[Statement]:
        place = self.expressions.place(node)
        if kind in PREPROCESSOR_BRANCHES:
            yield from self._preprocessor_branch(node)
        elif kind in CLASS_TYPES:
            defined = self._definitions.read_class(node, self._function)
            if defined is not None:
                yield Define(place, defined)
        elif kind.endswith(("_expression", "identifier", "_literal")):
            yield from self._evaluate(node)
        elif kind in ("attributed_statement", "case_statement", "linkage_specification"):
            for part in parts(node):
                yield from self._statements(part)

    def _evaluate(self, node: Node) -> Iterator[Statement]:
        """An assignment or a deletion among statements is one; a comma makes several."""
        if node.type == "comma_expression":
            for part in parts(node):
                yield from self._evaluate(part)
            return
        lowered = self.expressions.lower(node)
        if isinstance(lowered, Assignment):
            yield Assign(lowered.place, lowered.target, lowered.value, lowered.operator)
        else:
            yield Evaluate(lowered.place, lowered)

    def _only(self, node: Node) -> Expression | None:
        inside = parts(node)
        return self.expressions.lower(inside[0]) if inside else None

    def declaration(self, node: Node) -> Iterator[Assign]:
        """Yield an assignment for each variable declared, also for one that has no value yet."""
        type_node = field(node, "type")
        if type_node is not None and type_node.type in CLASS_TYPES and field(type_node, "body") is not None:
            self._definitions.read_class(type_node, self._function)
        base = type_text(type_node)
        listed = declarators(node)
        for one in listed:
            declarator = take_apart(one)
            if one is listed[-1] and declarator.value is None and field(node, "value") is not None:
                declarator.value, declarator.is_assigned = field(node, "value"), True  # in a condition
            if declarator.name is None:
                continue
            yield from self._declare(one, declarator, base)

    def _declare(self, node: Node, declarator: Declarator, base: str) -> Iterator[Assign]:
        place, name = self.expressions.place(node), declarator.name
        if name is None:
            return
        full_type = base + declarator.suffix
        if declarator.function is not None and not declarator.is_function_pointer:
            # Inside a function this is nearly always a construction, which the grammar cannot tell from a declaration.
            if looks_like_arguments(declarator.function):
                arguments = parameters_as_arguments(declarator.function, self.expressions)
                target = Name(self.expressions.place(name), text_of(name))
                yield Assign(place, target, construction(full_type, arguments, place), type=full_type)
            return
        value = initial_value(declarator, full_type, place, self.expressions)
        if name.type == "structured_binding_declarator":
            bound = tuple(Name(self.expressions.place(part), text_of(part)) for part in parts(name))
            yield Assign(place, Display(place, "tuple", bound), value, type=full_type)
            return
        yield Assign(place, self.expressions.lower(name), value, type=full_type)

    def _condition(self, node: Node | None) -> Iterator[Statement | Expression]:
        """Yield what a condition declares, and last the expression that is tested."""
        if node is None:
            return
        if node.type == "condition_clause":
            initializer = field(node, "initializer")
            if initializer is not None:
                for part in parts(initializer) if initializer.type == "init_statement" else [initializer]:
                    yield from self._statements(part)
            node = field(node, "value") or node
        if node.type == "declaration":
            declared = list(self.declaration(node))
            yield from declared
            if declared:
                yield Name(declared[-1].place, getattr(declared[-1].target, "identifier", ""))
            return
        yield self.expressions.lower(node)

    def _tested(self, node: Node | None) -> tuple[list[Statement], Expression | None]:
        found = list(self._condition(node))
        before = [part for part in found if isinstance(part, Statement)]
        tests = [part for part in found if isinstance(part, Expression)]
        return before, tests[-1] if tests else None

    def _branch(self, node: Node) -> Iterator[Statement]:
        before, test = self._tested(field(node, "condition"))
        yield from before
        place = self.expressions.place(node)
        then, otherwise = self.lower(field(node, "consequence")), self.lower(field(node, "alternative"))
        yield Branch(place, test or Other(place, "condition"), then, otherwise)

    def _loop(self, node: Node) -> Iterator[Statement]:
        place, body = self.expressions.place(node), self.lower(field(node, "body"))
        if node.type == "for_range_loop":
            declarator = take_apart(field(node, "declarator"))
            target = self._loop_target(declarator)
            yield Assign(place, target, None, type=type_text(field(node, "type")) + declarator.suffix)
            source = field(node, "right")
            yield Loop(place, None, body, target, None if source is None else self.expressions.lower(source))
            return
        initializer, update = field(node, "initializer"), field(node, "update")
        if initializer is not None:
            if initializer.type == "declaration":
                yield from self.declaration(initializer)
            else:
                yield from self._evaluate(initializer)
        before, test = self._tested(field(node, "condition"))
        yield from before
        if isinstance(test, Literal) and test.value:
            test = None
        step = None if update is None else self.expressions.lower(update)
        yield Loop(place, test, body, step=step, tests_last=node.type == "do_statement")

    def _loop_target(self, declarator: Declarator) -> Expression:
        name = declarator.name
        if name is None:
            return Name(self._function.place, "")
        if name.type == "structured_binding_declarator":
            bound = tuple(Name(self.expressions.place(part), text_of(part)) for part in parts(name))
            return Display(self.expressions.place(name), "tuple", bound)
        return self.expressions.lower(name)

    def _choice(self, node: Node) -> Choice:
        _, subject = self._tested(field(node, "condition"))
        block = field(node, "body")
        cases = [] if block is None else self._cases(block, [])
        for case in cases:
            body = case.body
            case.falls_through = not body or not isinstance(body[-1], (Break, Return, Raise, Continue, Goto))
            if body and isinstance(body[-1], Break):
                body.pop()
        place = self.expressions.place(node)
        return Choice(place, subject or Other(place, "subject"), cases)

    def _cases(self, node: Node, cases: list[Case]) -> list[Case]:
        """Add the cases in a block. The grammar ends one at an `#if` in it: what follows is its, up to the next one."""
        condition = _condition_of(node) if node.type in PREPROCESSOR_BRANCHES else None
        for part in parts(node):
            if condition is not None and part.id == condition.id:
                continue
            if part.type == "case_statement":
                value = field(part, "value")
                values = () if value is None else (self.expressions.lower(value),)
                inside = [child for child in parts(part) if value is None or child.id != value.id]
                body = [statement for child in inside for statement in self._statements(child)]
                cases.append(Case(self.expressions.place(part), values, body))
            elif part.type in PREPROCESSOR_BRANCHES and _has_cases(part):
                self._cases(part, cases)
            elif cases:
                cases[-1].body.extend(self._statements(part))
        return cases

    def _try(self, node: Node) -> Try:
        handlers = []
        for clause in parts(node):
            if clause.type != "catch_clause":
                continue
            listed = field(clause, "parameters")
            caught = first_of(listed, "parameter_declaration") if listed is not None else None
            type_node = field(caught, "type") if caught is not None else None
            types = () if type_node is None else (self.expressions.lower(type_node),)
            name = text_of(take_apart(field(caught, "declarator")).name) if caught is not None else ""
            handlers.append(Except(self.expressions.place(clause), types, name, self.lower(field(clause, "body"))))
        return Try(self.expressions.place(node), self.lower(field(node, "body")), handlers)

    def _preprocessor_branch(self, node: Node) -> Iterator[Statement]:
        """Either side may be compiled: both are read, as the two sides of a condition."""
        alternative = field(node, "alternative")
        condition = _condition_of(node)
        left_out = {part.id for part in (alternative, condition) if part is not None}
        then = [statement for part in parts(node) if part.id not in left_out for statement in self._statements(part)]
        if node.type == "preproc_else":
            yield from then
            return
        place = self.expressions.place(node)
        yield Branch(place, Other(place, f"#if {text_of(condition)}"), then, self.lower(alternative))


def _condition_of(branch: Node) -> Node | None:
    return field(branch, "name") or field(branch, "condition")


def _has_cases(branch: Node) -> bool:
    """Say whether an `#if` leaves out whole cases, on one of its sides."""
    return any(
        part.type == "case_statement" or (part.type in PREPROCESSOR_BRANCHES and _has_cases(part))
        for part in parts(branch)
    )
