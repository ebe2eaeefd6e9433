"""Which texts and numbers an expression may be: through variables, members, helpers, and all the ways to join."""

from __future__ import annotations

import itertools
from collections.abc import Iterable

from localsocket_review.analysis.call_texts import CallTexts
from localsocket_review.analysis.calls import ProgramCalls
from localsocket_review.analysis.composed_texts import ComposedTexts
from localsocket_review.analysis.definitions import Definition, Definitions, How, is_made_of_parameters
from localsocket_review.analysis.endpoint_texts import EndpointTexts
from localsocket_review.analysis.inference import Inference
from localsocket_review.analysis.lookup_texts import LookupTexts
from localsocket_review.analysis.memo import Inquiry, memo
from localsocket_review.analysis.names import Names, Variable
from localsocket_review.analysis.options import Default, Options
from localsocket_review.analysis.settings import Settings
from localsocket_review.analysis.sites import LONGEST_TRAIL, CallSite, Trail
from localsocket_review.analysis.texts import (
    MOST_TEXTS,
    Hole,
    HoleKind,
    Text,
    Texts,
    concatenate,
    constant_texts,
    hole,
    parent_of,
    unknown_text,
)
from localsocket_review.analysis.whole_numbers import Numbers
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
)
from localsocket_review.model.statements import Return
from localsocket_review.model.unit import Language


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
        settings = Settings(definitions, calls)
        self._numbers = Numbers(calls, definitions, options, settings)
        self.inquiry = Inquiry()
        self._composed = ComposedTexts(self.texts)
        self._lookups = LookupTexts(names, settings, self.texts)
        self._call_texts = CallTexts(
            names, inference, calls, self._composed, self._lookups, self._numbers.of, self.texts
        )
        self._endpoint_texts = EndpointTexts(names, inference, calls, definitions, self.texts, self.field_texts)

    def numbers(self, expression: Expression, function: FunctionInfo) -> frozenset[int]:
        """Return the whole numbers that the expression may be, none where the text does not tell."""
        return self._numbers.of(expression, function)

    def endpoint(self, expression: Expression, function: FunctionInfo, trail: Trail = ()) -> Texts:
        """Return the texts of an argument that names an endpoint; of a C address, what its `sun_path` holds."""
        return self._endpoint_texts.of(expression, function, trail)

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
                return self._composed.joined(parts, function, trail)
            case Binary(operator="+", right=Literal(value=int())) if function.unit.language is Language.CPP:
                return unknown_text(expression)  # what is behind the beginning of a text
            case Binary(operator="+" | "/" as operator, left=left, right=right):
                return self._composed.joined((left, right), function, trail, separator="/" if operator == "/" else "")
            case Binary(operator="%", left=left, right=right):
                values = right.items if isinstance(right, Display) else (right,)
                return self._composed.filled(left, values, function, trail)
            case Call():
                return self._call_texts.of(expression, function, trail)
            case Subscript():
                return self._lookups.subscript(expression, function, trail)
            case Name() | Attribute():
                return self._variable(expression, function, trail)
        alike = _of_the_same_text(expression)
        return (
            (text for one in alike for text in self.texts(one, function, trail)) if alike else unknown_text(expression)
        )

    def _variable(self, expression: Expression, function: FunctionInfo, trail: Trail) -> Iterable[Text]:
        if isinstance(expression, Attribute):
            if expression.name == "name" and self._call_texts.is_private_object(expression.value, function):
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
        found = {text for getter in getters for text in self._call_texts.returned(getter, trail)}
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
            if len(found) >= MOST_TEXTS:
                break
        return frozenset(found) or unknown_text(variable)

    def _given_alike(self, definition: Definition, variable: Variable) -> Texts:
        """What one object was given is not in another one, unless all are given the same."""
        giver = definition.function
        sites = [site for site in self._calls.callers(giver) if not site.is_handed_on]
        if not sites:
            return self._defined(definition, variable, ())
        given = {self._defined(definition, variable, ((site, giver),)) for site in sites[:MOST_TEXTS]}
        if len(given) == 1 and len(sites) <= MOST_TEXTS:
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
            if definition.how is How.ADDED and _is_character(value) and not variable.path.endswith("sun_path"):
                return ()  # `*end = 0`: what stands before it is the text; but a zero begins an abstract name
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


def _some(texts: Iterable[Text]) -> Texts:
    return frozenset(itertools.islice(texts, MOST_TEXTS))


def _is_character(value: Expression) -> bool:
    return isinstance(value, Literal) and (isinstance(value.value, int) or len(str(value.value)) == 1)


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
