"""Which texts and numbers an expression may be: through variables, members, helpers, and all the ways to join."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Sequence

from localsocket_review.analysis.calls import ProgramCalls
from localsocket_review.analysis.definitions import Definition, Definitions, How, is_made_of_parameters
from localsocket_review.analysis.inference import Inference
from localsocket_review.analysis.known_values import (
    ENVIRONMENT,
    JOINING,
    KNOWN_CALLS,
    KNOWN_VARIABLES,
    PRIVATE_OBJECTS,
    SAME_TEXT,
    STANDARD_LOCATIONS,
)
from localsocket_review.analysis.memo import Inquiry, memo
from localsocket_review.analysis.names import Names, Variable
from localsocket_review.analysis.options import Default, Options
from localsocket_review.analysis.platforms import of_other_systems
from localsocket_review.analysis.settings import Settings
from localsocket_review.analysis.sites import LONGEST_TRAIL, CallSite, Trail
from localsocket_review.analysis.texts import (
    Hole,
    HoleKind,
    Text,
    Texts,
    concatenate,
    constant_texts,
    hole,
    known_text,
    parent_of,
    unknown_text,
    without_scheme,
)
from localsocket_review.analysis.whole_numbers import Numbers
from localsocket_review.apis.c_library import FRESH_MEMORY
from localsocket_review.model.declarations import ClassInfo, FunctionInfo
from localsocket_review.model.expressions import (
    Assignment,
    Attribute,
    Await,
    Binary,
    Call,
    Cast,
    Conditional,
    Display,
    Expression,
    Format,
    Literal,
    Name,
    Starred,
    Subscript,
    Unary,
    dotted,
    strip_casts,
)
from localsocket_review.model.program import last_word
from localsocket_review.model.statements import Return, contains
from localsocket_review.model.unit import Language

_MOST_TEXTS = 12
_LONGEST_REPEATED = 200


class Values:
    """Evaluates expressions of a program, as far as the text tells. `trail` is how the function was come to."""

    def __init__(
        self, names: Names, inference: Inference, calls: ProgramCalls, definitions: Definitions, options: Options
    ) -> None:
        self._names = names
        self._inference = inference
        self._calls = calls
        self._definitions = definitions
        self._options = options
        self._settings = Settings(definitions, calls)
        self._numbers = Numbers(calls, definitions, options, self._settings)
        self.inquiry = Inquiry()

    def numbers(self, expression: Expression, function: FunctionInfo) -> frozenset[int]:
        """Return the whole numbers that the expression may be, none where the text does not tell."""
        return self._numbers.of(expression, function)

    # --- texts ----------------------------------------------------------------------------------------------------

    @memo(at_itself=lambda *_: frozenset(), too_deep=lambda expression, *_: unknown_text(expression))
    def texts(self, expression: Expression, function: FunctionInfo, trail: Trail = ()) -> Texts:
        """Return every text that the expression may be; holes stand for what is not known."""
        return _some(self._evaluate(expression, function, trail))

    def _evaluate(self, expression: Expression, function: FunctionInfo, trail: Trail) -> Iterable[Text]:
        match expression:
            case Literal(value=value):
                return constant_texts(value, expression.place)
            case Format(parts=parts):
                return self._joined(parts, function, trail)
            case Binary(operator="+" | "/" as operator, left=left, right=right):
                return self._joined((left, right), function, trail, separator="/" if operator == "/" else "")
            case Binary(operator="%", left=left, right=right):
                values = right.items if isinstance(right, Display) else (right,)
                return self._filled(left, values, function, trail)
            case Call():
                return self._call(expression, function, trail)
            case Subscript():
                return self._subscript(expression, function, trail)
            case Name() | Attribute():
                return self._variable(expression, function, trail)
        alike = _of_the_same_text(expression)
        return (
            (text for one in alike for text in self.texts(one, function, trail)) if alike else unknown_text(expression)
        )

    def _joined(
        self, parts: Sequence[Expression], function: FunctionInfo, trail: Trail, separator: str = ""
    ) -> Iterable[Text]:
        choices = [self.texts(part, function, trail) for part in parts]
        for combination in itertools.product(*choices):
            yield concatenate(combination, separator)

    def _filled(
        self, pattern: Expression, values: Sequence[Expression], function: FunctionInfo, trail: Trail
    ) -> Iterable[Text]:
        """Yield the pattern with its places for values filled: `%s`, `{}`, `%1`."""
        for text in self.texts(pattern, function, trail):
            pieces = re.split(r"%(?:\([^)]*\))?[-#0 +]*[\d.*]*[lhzjt]*[a-zA-Z]|%\d+|\{[^{}]*\}", text.literal or "")
            if text.literal is None or len(pieces) == 1:
                yield text
                continue
            filled: list[Texts] = []
            for position, piece in enumerate(pieces):
                filled.append(frozenset({Text((piece,), text.place)}))
                if position < len(pieces) - 1:
                    known = position < len(values)
                    filled.append(self.texts(values[position], function, trail) if known else unknown_text(pattern))
            for combination in itertools.islice(itertools.product(*filled), _MOST_TEXTS):
                yield concatenate(combination)

    def _call(self, call: Call, function: FunctionInfo, trail: Trail) -> Iterable[Text]:
        name = last_word(self._names.external(call.function, function)) or call.called_name
        for external in self._names.external_candidates(call.function, function):
            known = KNOWN_CALLS.get(external)
            if known is not None:
                return known_text(known, call)
            if external in SAME_TEXT and "." in external and len(call.arguments) == 1:
                return self.texts(call.arguments[0], function, trail)
            if external in ENVIRONMENT:
                return self._environment(call, function, trail)
            if last_word(external) in ("writableLocation", "standardLocations") and call.arguments:
                known = STANDARD_LOCATIONS.get(last_word(dotted(call.arguments[0])))
                return known_text(known, call) if known is not None else unknown_text(call)
        if name in ("path", "filePath") and self._is_private_object(call.receiver, function):
            rest = self._joined(call.arguments, function, trail, "/") if call.arguments else [Text(("",))]
            return [concatenate((hole(HoleKind.PRIVATE, call), text), "/") for text in rest]
        if name == "mktemp" and "dir" in call.keywords:
            directories = self.texts(call.keywords["dir"], function, trail)
            named = [
                concatenate((text, hole(HoleKind.RANDOM, call)), "/") for text in directories if text.parts != ("",)
            ]
            return named or unknown_text(call)
        site = self._calls.site(call, function)
        if site is not None and site.api.method in ("snprintf", "sprintf"):
            pattern, *values = site.arguments_from("source")
            return self._filled(pattern, values, function, trail)
        if name in ("format", "arg") and call.receiver is not None:
            external = self._names.external(call.receiver, function)
            if external in ("std", "fmt") and call.arguments:
                return self._filled(call.arguments[0], call.arguments[1:], function, trail)
            return self._filled(call.receiver, (*call.arguments, *call.keywords.values()), function, trail)
        return self._joining_call(call, name, function, trail)

    def _is_private_object(self, expression: Expression | None, function: FunctionInfo) -> bool:
        return expression is not None and self._inference.is_a(expression, function, *PRIVATE_OBJECTS)

    def _joining_call(self, call: Call, name: str, function: FunctionInfo, trail: Trail) -> Iterable[Text]:
        is_method = call.receiver is not None and self._names.is_object(call.receiver, function)
        is_path = is_method and name in ("joinpath", "filePath", "absoluteFilePath")
        if name in JOINING and (len(call.arguments) > 1 or name == "join") and not is_method:
            return self._joined(call.arguments, function, trail, separator="/")
        if is_path and call.receiver is not None and call.arguments:
            return self._joined((call.receiver, *call.arguments), function, trail, separator="/")
        if name == "operator/" or (name == "append" and call.receiver is not None and call.arguments):
            return self._joined((call.receiver or call, *call.arguments), function, trail)
        inside = [
            text
            for callee in self._calls.callees(call, function)
            if not callee.is_constructor
            for text in self._returned(callee, self._calls.trail_into(callee, call, function, trail))
        ]
        if inside or name in FRESH_MEMORY:
            return inside
        if name in ("with_suffix", "with_name") and is_method and call.receiver is not None and call.arguments:
            bases = self.texts(call.receiver, function, trail)
            if name == "with_name":
                bases = frozenset(map(parent_of, bases))
            added = self.texts(call.arguments[0], function, trail)
            return [concatenate(pair, "/" if name == "with_name" else "") for pair in itertools.product(bases, added)]
        if last_word(name) in ("string", "basic_string", "QString", "QByteArray") and len(call.arguments) == 2:
            counts = self.numbers(call.arguments[0], function)
            return [
                Text((text.literal * count,), text.place)
                for text in self.texts(call.arguments[1], function, trail)
                for count in counts
                if text.literal is not None and count < _LONGEST_REPEATED
            ] or unknown_text(call)
        if name in SAME_TEXT:
            source = call.receiver if is_method else call.arguments[0] if call.arguments else None
            if source is not None:
                return self.texts(source, function, trail)
        return self._looked_up(call, function, trail) or unknown_text(call)

    def _returned(self, callee: FunctionInfo, trail: Trail) -> Iterable[Text]:
        if len(trail) > LONGEST_TRAIL:
            return
        elsewhere = list(of_other_systems(callee))
        for statement in callee.statements():
            value = statement.value if isinstance(statement, Return) else None
            if value is not None and not any(contains(branch, value) for branch in elsewhere):
                yield from self.texts(value, callee, trail)

    def _environment(self, call: Call, function: FunctionInfo, trail: Trail) -> Iterable[Text]:
        name = self._only_literal(call.arguments[0], function) if call.arguments else ""
        yield hole(KNOWN_VARIABLES.get(name, HoleKind.UNKNOWN), ("environment", name))
        for default in (*call.arguments[1:], *call.keywords.values()):
            yield from self.texts(default, function, trail)

    def _subscript(self, subscript: Subscript, function: FunctionInfo, trail: Trail) -> Iterable[Text]:
        if self._names.external(subscript.value, function) == "os.environ":
            name = self._only_literal(subscript.index, function)
            return [hole(KNOWN_VARIABLES.get(name, HoleKind.UNKNOWN), ("environment", name))]
        return self._entry(subscript.value, subscript.index, function, trail) or unknown_text(subscript)

    def _entry(self, container: Expression, key: Expression, function: FunctionInfo, trail: Trail) -> list[Text]:
        """Return what a dictionary holds at a key."""
        wanted = self._only_literal(key, function)
        return [
            text
            for known, value, where in (self._settings.entries(container, function) if wanted else ())
            if known is not None and self._only_literal(known, where) == wanted
            for text in self.texts(value, where, trail if where is function else ())
        ]

    def _looked_up(self, call: Call, function: FunctionInfo, trail: Trail) -> list[Text]:
        """Return what a look-up in settings gives, that of the default included: `given.get("path", default)`."""
        default = self._settings.default(call)
        found = [] if default is None else list(self.texts(default, function, trail))
        if call.receiver is not None and call.called_name in ("get", "pop") and call.arguments:
            found.extend(self._entry(call.receiver, call.arguments[0], function, trail))
        return found

    def _only_literal(self, expression: Expression, function: FunctionInfo) -> str:
        texts = self.texts(expression, function)
        literals = [text.literal for text in texts if text.literal is not None]
        return literals[0] if len(literals) == 1 else ""

    def _variable(self, expression: Expression, function: FunctionInfo, trail: Trail) -> Iterable[Text]:
        if isinstance(expression, Attribute):
            if expression.name == "name" and self._is_private_object(expression.value, function):
                return [hole(HoleKind.PRIVATE, expression)]
            if expression.name == "parent":
                return [parent_of(text) for text in self.texts(expression.value, function, trail)]
        variable = self._names.variable(expression, function)
        if variable is None:
            return unknown_text(dotted(expression) or expression)
        found = self.of_definitions(
            self._definitions.of_variable(variable, expression, function), variable, function, trail
        )
        if isinstance(expression, Attribute) and all(text.is_unknown for text in found):
            of_class = self._of_class(expression, function, trail)
            if not all(text.is_unknown for text in of_class):
                return of_class
            given = self._of_given_object(expression, function, trail) or of_class
            return given or found | self._defaults(self._options.of_attribute(expression, function))
        return found

    def _of_class(self, attribute: Attribute, function: FunctionInfo, trail: Trail) -> Texts:
        """What the class of an object says of its member, or what its property returns."""
        getters = self._calls.getters(attribute, function)
        found = {text for getter in getters for text in self._returned(getter, trail)}
        definitions = self._definitions.of_member(attribute, function)
        if definitions:
            member = Variable(definitions[0].variable.owner, attribute.name)
            found.update(self.of_definitions(definitions, member, function))
        return frozenset(found)

    def _of_given_object(self, attribute: Attribute, function: FunctionInfo, trail: Trail) -> Texts:
        """What the object has that a parameter is given: `setting.default`, where the caller gives a class of it."""
        if function.unit.language is not Language.PYTHON or not isinstance(attribute.value, Name):
            return frozenset()
        found: set[Text] = set()
        for definition in self._definitions.at(attribute.value, function):
            if definition.how is not How.PARAMETER or definition.parameter is None:
                continue
            here = bool(trail) and trail[-1][1] is function
            name = definition.parameter.name
            if here:
                value = self._calls.value_given(trail[-1][0], function, name)
                given = [] if value is None else [(value, trail[-1][0].caller)]
            else:
                given = self._calls.values_given(function, name)
            for value, caller in given:
                if isinstance(value, Name | Attribute):
                    found.update(self._of_member(value, attribute.name, caller, trail[:-1] if here else ()))
        return frozenset(text for text in found if not text.is_unknown)

    def _of_member(self, value: Expression, name: str, function: FunctionInfo, trail: Trail) -> Texts:
        attribute = Attribute(value.place, value, name)
        member = self._inference.member_named(attribute, function)
        if member is not None and isinstance(member.owner, ClassInfo):
            written = member.owner.members[name].default  # and not what another class says, which inherits from one
            if written is not None and member.owner.body is not None:
                return self.texts(written, member.owner.body)
        variable = member or self._names.variable(attribute, function)
        if variable is None:
            return frozenset()
        return self.of_definitions(self._definitions.of_variable(variable, value, function), variable, function, trail)

    def _defaults(self, defaults: Iterable[Default]) -> Texts:
        return frozenset(text for default, function in defaults for text in self.texts(default, function))

    def of_definitions(
        self, definitions: Iterable[Definition], variable: Variable, function: FunctionInfo, trail: Trail = ()
    ) -> Texts:
        """Return the texts that the definitions give the variable."""
        found: set[Text] = set()
        for definition in definitions:
            here = trail if definition.function is function else ()
            if trail and not here and is_made_of_parameters(definition):
                found.update(self._given_alike(definition, variable))
            else:
                found.update(self._defined(definition, variable, here))
            if len(found) >= _MOST_TEXTS:
                break
        return frozenset(found) or unknown_text(variable)

    def _given_alike(self, definition: Definition, variable: Variable) -> Texts:
        """What one object was given is not in another one, unless all are given the same."""
        giver = definition.function
        sites = [site for site in self._calls.callers(giver) if not site.is_handed_on]
        if not sites:
            return self._defined(definition, variable, ())
        given = {self._defined(definition, variable, ((site, giver),)) for site in sites[:_MOST_TEXTS]}
        if len(given) == 1 and len(sites) <= _MOST_TEXTS:
            return given.pop()
        return frozenset(text for one in given for text in one if not text.beginning) or unknown_text(variable)

    @memo(at_itself=lambda *_: frozenset(), too_deep=lambda _, variable, *__: unknown_text(variable))
    def _defined(self, definition: Definition, variable: Variable, trail: Trail) -> Texts:
        return _some(self._given_by(definition, variable, trail))

    def _given_by(self, definition: Definition, variable: Variable, trail: Trail) -> Iterable[Text]:
        value, function = definition.value, definition.function
        if definition.how is How.PARAMETER:
            return self._parameter(definition, trail)
        if value is None or definition.how is How.DECLARED:
            return ()
        if definition.variable.path != variable.path:
            return self._field(value, definition, variable, function, trail)
        if definition.how is How.EXTENDED:
            before = self._definitions.of_variable(variable, value, function)
            earlier = self.of_definitions(before, variable, function, trail)
            return [concatenate(pair) for pair in itertools.product(earlier, self.texts(value, function, trail))]
        if definition.how is How.ELEMENT and isinstance(value, Display):
            return [text for item in value.items for text in self.texts(item, function, trail)]
        if definition.how is How.PART and isinstance(value, Display) and definition.part < len(value.items):
            return self.texts(value.items[definition.part], function, trail)
        if definition.how in (How.VALUE, How.ADDED):
            if isinstance(value, Call) and value.called_name in ("[]", "new[]"):
                return ()
            return self.texts(value, function, trail)
        return unknown_text(variable)

    def _field(
        self, value: Expression, definition: Definition, variable: Variable, function: FunctionInfo, trail: Trail
    ) -> Iterable[Text]:
        """Return what the field asked for holds after the whole was defined: `addr.sun_path` after `addr = …`."""
        inside = variable.path.removeprefix(f"{definition.variable.path}.")
        if isinstance(value, Display):
            for key, item in zip(value.keys, value.items, strict=False):
                if key is not None and dotted(key) == inside:
                    return self.texts(item, function, trail)
            return ()
        if not isinstance(value, Call):
            source = self._names.variable(value, function)
            if source is None:
                return ()
            return self.field_texts(Variable(source.owner, f"{source.path}.{inside}"), value, function, trail)
        found: list[Text] = []
        for callee in self._calls.callees(value, function):
            for statement in callee.statements():
                if isinstance(statement, Return) and statement.value is not None:
                    returned = self._names.variable(statement.value, callee)
                    longer = (*trail, (CallSite(value, function), callee))
                    if returned is not None and len(longer) < LONGEST_TRAIL:
                        part = Variable(returned.owner, f"{returned.path}.{inside}")
                        found.extend(self.field_texts(part, statement.value, callee, longer))
        return found

    def field_texts(self, variable: Variable, where: Expression, function: FunctionInfo, trail: Trail = ()) -> Texts:
        """Return the texts that a field may hold at a place, also those put there by a helper given the whole."""
        definitions = self._definitions.of_variable(variable, where, function)
        found = set(self.of_definitions(definitions, variable, function, trail))
        found = {text for text in found if not (text.is_unknown and text.parts[0] == Hole(HoleKind.UNKNOWN, variable))}
        whole, _, inside = variable.path.rpartition(".")
        fields = {Variable(variable.owner, whole): f".{inside}", variable: ""}
        for call in function.calls() if len(trail) < LONGEST_TRAIL else ():
            for callee in self._calls.callees(call, function):
                for parameter, argument in zip(callee.parameters, call.arguments, strict=False):
                    named = self._names.variable(argument, function)
                    if named is not None and named in fields:
                        part = Variable(callee, f"{parameter.name}{fields[named]}")
                        given = [
                            definition
                            for definition in self._definitions.reaching(callee).all
                            if definition.variable == part and definition.how is not How.PARAMETER
                        ]
                        longer = (*trail, (CallSite(call, function), callee))
                        if given:
                            found.update(self.of_definitions(given, part, callee, longer))
        return frozenset(found) or unknown_text(variable)

    def _parameter(self, definition: Definition, trail: Trail) -> Iterable[Text]:
        function, parameter = definition.function, definition.parameter
        if parameter is None:
            return
        if trail and trail[-1][1] is function:
            site = trail[-1][0]
            value = self._calls.value_given(site, function, parameter.name)
            if value is not None:
                yield from self.texts(value, site.caller, trail[:-1])
            elif parameter.default is not None:
                yield from self.texts(parameter.default, function)
            else:
                yield from unknown_text(definition.variable)
            return
        given = self._calls.values_given(function, parameter.name)
        for value, caller in given:
            yield from self.texts(value, caller)
        described = self._defaults(self._options.of_parameter(function, parameter))
        yield from described
        if parameter.default is not None:
            yield from self.texts(parameter.default, function)
        elif not given and not described:
            yield from unknown_text(definition.variable)

    # --- endpoints ------------------------------------------------------------------------------------------------

    def endpoint(self, expression: Expression, function: FunctionInfo, trail: Trail = ()) -> Texts:
        """Return the texts of an argument that names an endpoint; of a C address, what its `sun_path` holds."""
        variable = self._names.variable(expression, function)
        address = strip_casts(expression)
        if variable is not None and function.unit.language == "c++" and not variable.path.endswith("sun_path"):
            path = Variable(variable.owner, f"{variable.path}.sun_path")
            if self._inference.is_a(address, function, "sockaddr_un") or self._has_field(path):
                return without_scheme(self.field_texts(path, expression, function, trail))
            pointed = self._pointed_to(address, function)
            if pointed is not None:
                return self.endpoint(pointed, function, trail)
            given = self._given_addresses(address, function, trail)
            if given:
                return given
            other = self._pointer_to(variable, function)
            if other is not None:
                return without_scheme(self.field_texts(other, expression, function, trail))
        if isinstance(address, Display) and address.kind == "tuple":
            return frozenset()  # a host and a port
        return without_scheme(self.texts(expression, function, trail))

    def _given_addresses(self, address: Expression, function: FunctionInfo, trail: Trail) -> Texts:
        """Return the paths in the addresses that callers give by a pointer of any type."""
        parameter = next((one for one in function.parameters if one.name == dotted(address)), None)
        if parameter is None or not any(word in parameter.type for word in ("void", "sockaddr")):
            return frozenset()
        if trail and trail[-1][1] is function:
            site = trail[-1][0]
            value = self._calls.value_given(site, function, parameter.name)
            given, rest = [] if value is None else [(value, site.caller)], trail[:-1]
        else:
            given, rest = self._calls.values_given(function, parameter.name), ()
        return frozenset(
            text
            for value, caller in given
            if self._inference.is_a(strip_casts(value), caller, "sockaddr_un")
            for text in self.endpoint(value, caller, rest)
        )

    def _pointed_to(self, address: Expression, function: FunctionInfo) -> Expression | None:
        """Return the one address that a pointer of another type points to: `void *any = &local;`."""
        made = [one for one in self._definitions.at(address, function) if one.how is not How.DECLARED]
        values = [strip_casts(one.value) for one in made if one.how is How.VALUE and one.value is not None]
        if len(made) == 1 and len(values) == 1 and made[0].function is function:
            match values[0]:
                case Unary(operator="&", operand=Name()) | Name():
                    return values[0] if values[0] is not address else None
        return None

    def _pointer_to(self, variable: Variable, function: FunctionInfo) -> Variable | None:
        """Return the path in an address written by a pointer: `un = (struct sockaddr_un *)&storage;`."""
        for made in self._definitions.reaching(function).all:
            if made.how is How.VALUE and made.value is not None and made.variable.owner is function:
                path = Variable(function, f"{made.variable.path}.sun_path")
                if self._names.variable(strip_casts(made.value), function) == variable and self._has_field(path):
                    return path
        return None

    def _has_field(self, path: Variable) -> bool:
        return any(found.variable == path for found in self._definitions.everywhere(path))


def _some(texts: Iterable[Text]) -> Texts:
    return frozenset(itertools.islice(texts, _MOST_TEXTS))


def _of_the_same_text(expression: Expression) -> tuple[Expression, ...]:
    """Return the parts of an expression one of which is its text."""
    match expression:
        case Binary(operator="or" | "and", left=one, right=other) | Conditional(then=one, otherwise=other):
            return (one, other)
        case Cast(value=value) | Await(value=value) | Starred(value=value) | Assignment(value=value):
            return (value,)
        case Unary(operator="&" | "*", operand=value) | Display(kind="initializer", items=(value,)):
            return (value,)
    return ()
