"""C and C++ files, read by tree-sitter into the model."""

from __future__ import annotations

import re
from collections import Counter

from tree_sitter import Node

from localsocket_review.model.declarations import ClassInfo, FunctionInfo, FunctionKind, Member
from localsocket_review.model.expressions import Attribute, Call, Display, Name, This
from localsocket_review.model.place import Place
from localsocket_review.model.source_text import c_code
from localsocket_review.model.statements import Assign, Statement
from localsocket_review.model.unit import ADDRESS, Language, Macro, Unit
from localsocket_review.reading.clock import SECONDS_PER_FILE, Clock, TimeLimitPassed
from localsocket_review.reading.cpp_declarators import (
    Declarator,
    construction,
    declarators,
    initial_value,
    parameters,
    take_apart,
)
from localsocket_review.reading.cpp_expressions import CppExpressions
from localsocket_review.reading.cpp_statements import CLASS_TYPES, PREPROCESSOR_BRANCHES, CppBody
from localsocket_review.reading.cpp_tree import (
    CppTree,
    count_errors,
    field,
    first_of,
    parse_fragment,
    parts,
    share_lost,
    text_of,
    type_text,
)
from localsocket_review.reading.qt_macros import MaskedSource, mask_macros
from localsocket_review.reading.split_statements import join_split_statements

_TRANSPARENT = frozenset({"translation_unit", "declaration_list", "linkage_specification", "ERROR", "preproc_else"})
_WORD = re.compile(r"[A-Za-z_]\w*")
_NAME_IN_TEXT = re.compile(r'"([A-Za-z_]\w*)"')  # which invokeMethod() may look up
_FIFTH, _TWENTIETH = 0.2, 0.05
_MANY_ERRORS, _LINES_PER_ERROR = 20, 40
_LONGEST_MACRO_VALUE = 300


def read_cpp(path: str, source: bytes, seconds: float = SECONDS_PER_FILE) -> Unit:
    """Return the model of a C or C++ file; one that takes longer than `seconds` says so in `unread`."""
    unit = Unit(path, Language.CPP, source.decode("utf-8", "replace"))
    masked = mask_macros(source)
    unit.masked_macros = masked.counts
    unit.body = FunctionInfo("", "", Place(path, 1), unit, FunctionKind.MODULE, body=[])
    try:
        tree = _tree(path, masked, Clock(seconds))
        unit.parse_errors = count_errors(tree.root)
        unit.half_read = _half_read(unit, share_lost(tree.root))
        unit.comments = tree.comments(masked.text) if ADDRESS in unit.source else []
        unit.identifiers = Counter(_WORD.findall(c_code(masked.text.decode("utf-8", "replace"), strings=False)))
        unit.identifiers.update(masked.hidden_words)
        unit.identifiers.update(_NAME_IN_TEXT.findall(unit.source))
        reader = _CppReader(unit, tree, masked, unit.body)
        reader.read(tree.root, _Scope())
        reader.place_class_macros()
    except TimeLimitPassed as passed:
        unit.unread = str(passed)
    return unit


def _tree(path: str, masked: MaskedSource, clock: Clock) -> CppTree:
    """Parse the source; where something is not understood, with the statements whole that the preprocessor cuts."""
    tree = CppTree(path, masked.text, clock)
    if tree.root.has_error and (whole := join_split_statements(masked.text)) != masked.text:
        other = CppTree(path, whole, clock)
        if share_lost(other.root) < share_lost(tree.root) or count_errors(other.root) < count_errors(tree.root):
            masked.text = whole
            return other
    return tree


def _half_read(unit: Unit, lost: float) -> str:
    """Say why a file does not count as read, if too much of it was lost.

    Macros alone rarely cost so much: of 700 headers of a system, which are full of them, 14 have lost a fifth.
    """
    is_dense = unit.parse_errors * _LINES_PER_ERROR > unit.source.count("\n") and unit.parse_errors >= _MANY_ERRORS
    if lost > _FIFTH or (is_dense and lost > _TWENTIETH):
        places = "1 place was" if unit.parse_errors == 1 else f"{unit.parse_errors} places were"
        return f"{places} not understood, {lost:.0%} of the file"
    return ""


class _Scope:
    """Where a declaration stands: in which namespaces and class, in which section, below `template<…>` or not."""

    def __init__(self, path: tuple[str, ...] = (), owner: ClassInfo | None = None, is_template: bool = False) -> None:
        self.path = path
        self.is_anonymous = False  # what it holds is seen in this file alone
        self.owner = owner
        self.is_template = is_template
        self.section = "public" if owner is None or owner.is_struct else "private"

    def qualified(self, name: str) -> str:
        return ".".join((*self.path, name))


class _CppReader:
    """Reads the declarations of one file into its unit."""

    def __init__(self, unit: Unit, tree: CppTree, masked: MaskedSource, module: FunctionInfo) -> None:
        self._unit = unit
        self._tree = tree
        self._masked = masked
        self._module = module
        self._module_body = CppBody(tree, self, module)
        self._class_ranges: list[tuple[int, int, ClassInfo]] = []
        self._namespaces: set[str] = set()

    # --- where declarations stand ---------------------------------------------------------------------------------

    def read(self, node: Node, scope: _Scope) -> None:
        self._tree.check_time()
        kind = node.type
        if kind in _TRANSPARENT or kind in PREPROCESSOR_BRANCHES:
            for part in parts(node):
                self.read(part, scope)
        elif kind == "namespace_definition":
            self._read_namespace(node, scope)
        elif kind == "template_declaration":
            inner = _Scope(scope.path, scope.owner, is_template=True)
            inner.section, inner.is_anonymous = scope.section, scope.is_anonymous
            for part in parts(node)[1:]:
                self.read(part, inner)
        elif kind in CLASS_TYPES:
            self._read_class(node, scope)
        elif kind == "enum_specifier":
            self._read_enumerators(node)
        elif kind == "function_definition":
            self._read_definition(node, scope)
        elif kind in ("declaration", "field_declaration", "friend_declaration", "type_definition"):
            self._read_declaration(node, scope)
        elif kind == "access_specifier":
            scope.section = self._masked.sections.get(node.start_byte, text_of(node))
        else:
            self._read_other(node, kind)

    def _read_other(self, node: Node, kind: str) -> None:
        place = self._tree.place(node)
        if kind == "preproc_include":
            self._unit.includes.append((text_of(field(node, "path")).strip('<>"'), place))
        elif kind in ("preproc_def", "preproc_function_def"):
            self._read_macro(node, place)
        elif kind == "using_declaration":
            path = text_of(parts(node)[-1]).replace("::", ".") if parts(node) else ""
            if any(child.type == "namespace" for child in node.children):
                self._unit.star_imports.append(path)
            else:
                self._unit.imports[path.rpartition(".")[2]] = path
        elif kind in ("namespace_alias_definition", "alias_declaration"):
            name, target = text_of(field(node, "name")), parts(node)[-1]
            self._unit.imports[name] = type_text(target).partition("<")[0].replace("::", ".")
        elif kind == "expression_statement" and self._module.body is not None:
            self._module.body.extend(self._module_body.lower(node))

    def _read_namespace(self, node: Node, scope: _Scope) -> None:
        words = tuple(text_of(field(node, "name")).split("::")) if field(node, "name") is not None else ()
        self._namespaces.update(words)
        block = field(node, "body")
        if block is not None:
            inner = _Scope((*scope.path, *words))
            inner.is_anonymous = scope.is_anonymous or not words
            self.read(block, inner)

    # --- macros and constants -------------------------------------------------------------------------------------

    def _read_macro(self, node: Node, place: Place) -> None:
        """Record a macro; one without parameters is a constant as well, if its value is an expression."""
        name, value = text_of(field(node, "name")), text_of(field(node, "value")).strip()
        value = re.sub(r"//.*|/\*.*?\*/", "", value).strip()
        has_parameters = node.type == "preproc_function_def"
        self._unit.macros[name] = Macro(name, value, place, has_parameters)
        if has_parameters or not 0 < len(value) < _LONGEST_MACRO_VALUE or self._module.body is None:
            return
        root = parse_fragment(f"auto value = {value};".encode())
        declared = first_of(root, "declaration")
        if root.has_error or declared is None or len(parts(root)) != 1:
            return
        expression = take_apart(field(declared, "declarator")).value
        if expression is not None:
            lowered = CppExpressions(self._tree, self._no_lambda, at=place).lower(expression)
            self._module.body.append(Assign(place, Name(place, name), lowered, type="macro"))

    def _no_lambda(self, node: Node) -> FunctionInfo:
        return FunctionInfo("", "", self._module.place, self._unit, FunctionKind.LAMBDA)

    def _read_enumerators(self, node: Node) -> None:
        listed = field(node, "body")
        for part in parts(listed) if listed is not None else []:
            name, value = field(part, "name"), field(part, "value")
            if part.type == "enumerator" and name is not None and value is not None and self._module.body is not None:
                place = self._tree.place(part)
                lowered = self._module_body.expressions.lower(value)
                self._module.body.append(Assign(place, Name(place, text_of(name)), lowered, type="enum"))

    # --- classes --------------------------------------------------------------------------------------------------

    def read_class(self, node: Node, enclosing: FunctionInfo) -> ClassInfo | None:
        """Read a class that a function defines."""
        return self._read_class(node, _Scope(tuple(filter(None, enclosing.qualified_name.split(".")))))

    def _read_class(self, node: Node, scope: _Scope, typedef_name: str = "") -> ClassInfo | None:
        name, block = text_of(field(node, "name")).partition("<")[0] or typedef_name, field(node, "body")
        if block is None or not name:
            return None
        name = name.rpartition("::")[2]
        found = ClassInfo(name, scope.qualified(name), self._tree.place(node), self._unit)
        found.is_struct, found.is_template = node.type != "class_specifier", scope.is_template
        found.bases = _bases(node)
        found.body = FunctionInfo(
            name, found.qualified_name, found.place, self._unit, FunctionKind.CLASS_BODY, body=[], owner=found
        )
        self._unit.classes.append(found)
        self._class_ranges.append((block.start_byte, block.end_byte, found))
        self._read_members(block, _Scope((*scope.path, name), found))
        return found

    def _read_members(self, block: Node, scope: _Scope) -> None:
        """Read what a class declares, and then the bodies of its methods, which know of all members."""
        bodies: list[tuple[Node, str]] = []
        for part in parts(block):
            if part.type == "function_definition":
                bodies.append((part, scope.section))
            else:
                self.read(part, scope)
        for part, scope.section in bodies:
            self.read(part, scope)

    def place_class_macros(self) -> None:
        """Give each Q_OBJECT to the innermost class around it."""
        for offset, macro in self._masked.class_macros.items():
            around = [entry for entry in self._class_ranges if entry[0] < offset < entry[1]]
            if around:
                _, _, found = min(around, key=lambda entry: entry[1] - entry[0])
                line = self._masked.text.count(b"\n", 0, offset) + 1
                found.macros[macro] = Place(self._unit.path, line)

    # --- declarations ---------------------------------------------------------------------------------------------

    def _read_declaration(self, node: Node, scope: _Scope) -> None:
        type_node = field(node, "type")
        if type_node is not None and type_node.type in CLASS_TYPES:
            names = [text_of(take_apart(one).name or one) for one in declarators(node)]
            self._read_class(type_node, scope, names[0] if node.type == "type_definition" and names else "")
        elif type_node is not None and type_node.type == "enum_specifier":
            self._read_enumerators(type_node)
        if node.type == "type_definition":
            self._name_type(node, type_node)
        if node.type == "type_definition" or node.type == "friend_declaration":
            return
        for one in declarators(node):
            declarator = take_apart(one)
            if declarator.name is None:
                continue
            if declarator.function is not None and not declarator.is_function_pointer:
                self._declare_function(node, declarator, scope)
            elif scope.owner is not None:
                self._declare_member(node, one, declarator, scope, scope.owner)
            else:
                self._declare_variable(node, one, declarator)

    def _name_type(self, node: Node, type_node: Node | None) -> None:
        """Note another name of a structure with a tag, or of a number: `typedef unsigned char uchar`."""
        is_class = type_node is not None and type_node.type in CLASS_TYPES
        meant = text_of(field(type_node, "name")) if type_node is not None and is_class else type_text(type_node)
        for one in declarators(node):
            if meant and (is_class or one.type in ("type_identifier", "primitive_type")):
                self._unit.type_names[text_of(take_apart(one).name or one)] = meant

    def _declare_member(self, node: Node, one: Node, declarator: Declarator, scope: _Scope, owner: ClassInfo) -> None:
        name, full_type = text_of(declarator.name), type_text(field(node, "type")) + declarator.suffix
        place = self._tree.place(one)
        default = field(node, "default_value")
        if default is not None:
            declarator.value, declarator.is_assigned = default, default.type != "initializer_list"
        value = initial_value(declarator, full_type, place, self._module_body.expressions)
        is_static = _has_specifier(node, "static")
        self._unit.declared[name] += 1
        owner.members[name] = Member(name, place, full_type, value, scope.section, is_static)

    def _declare_variable(self, node: Node, one: Node, declarator: Declarator) -> None:
        """A variable outside of functions; one named `Class::name` is that class's static member."""
        full_type = type_text(field(node, "type")) + declarator.suffix
        place = self._tree.place(one)
        value = initial_value(declarator, full_type, place, self._module_body.expressions)
        words = text_of(declarator.name).split("::")
        if len(words) > 1 and words[-2] not in self._namespaces:
            owner = self._partial_class(words[:-1])
            owner.members[words[-1]] = Member(words[-1], place, full_type, value, is_static=True)
        elif self._module.body is not None:
            self._module.body.append(Assign(place, Name(place, words[-1]), value, type=full_type))

    def _declare_function(self, node: Node, declarator: Declarator, scope: _Scope) -> None:
        function = self._function(node, declarator, scope)
        if function.owner is not None:
            function.owner.methods.setdefault(function.name, []).append(function)
        else:
            self._unit.functions.append(function)

    # --- functions ------------------------------------------------------------------------------------------------

    def _read_definition(self, node: Node, scope: _Scope) -> None:
        declarator = take_apart(field(node, "declarator"))
        if declarator.name is None:
            return
        function = self._function(node, declarator, scope)
        function.body = []
        body = CppBody(self._tree, self, function)
        initializers = first_of(node, "field_initializer_list")
        if initializers is not None:
            function.body.extend(self._initializers(initializers, function, body))
        function.body.extend(body.lower(field(node, "body") or first_of(node, "try_statement")))
        if first_of(node, "delete_method_clause") is not None:
            function.body = None
        self._unit.functions.append(function)
        if function.owner is not None:
            function.owner.methods.setdefault(function.name, []).append(function)

    def _function(self, node: Node, declarator: Declarator, scope: _Scope) -> FunctionInfo:
        words = _name_words(declarator.name)
        name, owner = words[-1], scope.owner
        self._unit.declared[name] += 1
        if owner is None and len(words) > 1 and words[-2] not in self._namespaces:
            owner = self._partial_class(words[:-1])
        kind = FunctionKind.FUNCTION if owner is None else _method_kind(name, owner.name)
        qualified = scope.qualified(name) if scope.owner is owner and len(words) == 1 else ".".join(words)
        function = FunctionInfo(name, qualified, self._tree.place(node), self._unit, kind, owner=owner)
        function.parameters = parameters(declarator.function, self._module_body.expressions)
        function.return_type = type_text(field(node, "type")) + declarator.suffix
        if declarator.function is not None:
            trailing = first_of(declarator.function, "trailing_return_type")
            if trailing is not None:
                function.return_type = type_text(first_of(trailing, "type_descriptor"))
            function.is_override = any(
                text_of(part) in ("override", "final") for part in declarator.function.named_children
            )
        function.section = scope.section if scope.owner is not None else ""
        function.is_static = _has_specifier(node, "static") or (owner is None and scope.is_anonymous)
        function.is_virtual = any(child.type == "virtual" or text_of(child) == "virtual" for child in node.children)
        function.is_explicit = first_of(node, "explicit_function_specifier") is not None
        function.is_template = scope.is_template
        return function

    def _initializers(self, node: Node, function: FunctionInfo, body: CppBody) -> list[Statement]:
        """A constructor's list: members are assigned, bases and the class itself are called."""
        found: list[Statement] = []
        for part in parts(node):
            if part.type != "field_initializer" or not parts(part):
                continue
            target, *values = parts(part)
            place, name = self._tree.place(part), text_of(target)
            arguments = body.expressions.arguments(values[-1]) if values else ()
            bare = name.partition("<")[0].rpartition("::")[2]
            if _names_a_base(bare, function):
                function.base_calls.append(Call(place, Name(place, bare), arguments))
                continue
            member = function.owner.members.get(name) if function.owner is not None else None
            value = arguments[0] if len(arguments) == 1 else Display(place, "initializer", arguments)
            if member is not None and "*" not in member.type and (len(arguments) != 1 or member.type[:1] == "Q"):
                value = construction(member.type, arguments, place)
            found.append(Assign(place, Attribute(place, This(place), name), value))
        return found

    def read_lambda(self, node: Node, enclosing: FunctionInfo) -> FunctionInfo:
        function = FunctionInfo(
            "",
            enclosing.qualified_name,
            self._tree.place(node),
            self._unit,
            FunctionKind.LAMBDA,
            owner=enclosing.owner,
            enclosing=enclosing,
            body=[],
        )
        enclosing.nested.append(function)
        captures = field(node, "captures")
        function.captures = re.findall(r"&?=?\w+|[&=]", text_of(captures)) if captures is not None else []
        body = CppBody(self._tree, self, function)
        declarator = field(node, "declarator")
        function.parameters = parameters(declarator, body.expressions)
        for part in parts(captures) if captures is not None else []:
            if part.type == "lambda_capture_initializer" and field(part, "left") and field(part, "right"):
                function.body = [*self._captured(part, body)]
        function.body = [*(function.body or []), *body.lower(field(node, "body"))]
        return function

    def _captured(self, node: Node, body: CppBody) -> list[Statement]:
        left, right = field(node, "left"), field(node, "right")
        if left is None or right is None:
            return []
        place = self._tree.place(node)
        return [Assign(place, Name(place, text_of(left)), body.expressions.lower(right), type="auto")]

    def _partial_class(self, words: list[str]) -> ClassInfo:
        """Return the class that a definition outside of it names, which a header may declare."""
        name = words[-1].partition("<")[0]
        for known in self._unit.classes:
            if known.name == name:
                return known
        partial = ClassInfo(name, ".".join(words), Place(self._unit.path, 1), self._unit)
        self._unit.classes.append(partial)
        return partial


def _bases(node: Node) -> list[str]:
    clause = first_of(node, "base_class_clause")
    listed = parts(clause) if clause is not None else []
    return [
        type_text(part).partition("<")[0]
        for part in listed
        if part.type in ("type_identifier", "qualified_identifier", "template_type")
    ]


def _name_words(node: Node | None) -> list[str]:
    """Return the words of a function's name: `Server`, `~Server`; an operator's name is one word."""
    text = "".join(text_of(node).split()) if node is not None and node.type != "operator_cast" else "operator"
    scopes, operator, symbol = text.partition("operator")
    if operator and not symbol[:1].isalnum() and not symbol.startswith("_"):
        return [*filter(None, scopes.split("::")), f"operator{symbol}"]
    return re.sub(r"<[^<>]*>", "", text).split("::") if "<" in text else text.split("::")


def _method_kind(name: str, owner: str) -> FunctionKind:
    if name == owner:
        return FunctionKind.CONSTRUCTOR
    if name.startswith("~"):
        return FunctionKind.DESTRUCTOR
    return FunctionKind.OPERATOR if name.startswith("operator") else FunctionKind.METHOD


def _names_a_base(name: str, function: FunctionInfo) -> bool:
    owner = function.owner
    if owner is None:
        return False
    if name in {base.rpartition("::")[2] for base in owner.bases} or name == owner.name:
        return True
    # Without the header, a name like a Qt class or a class of ours is a base, since members begin in lower case.
    return owner.body is None and name[:1].isupper() and not name.startswith("M_")


def _has_specifier(node: Node, word: str) -> bool:
    return any(child.type == "storage_class_specifier" and text_of(child) == word for child in node.children)
