"""Everything that the rules may ask about a program."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property

from localsocket_review.analysis.access import Access
from localsocket_review.analysis.calls import ProgramCalls
from localsocket_review.analysis.checks import Checks
from localsocket_review.analysis.chunks import Chunks
from localsocket_review.analysis.close_on_exec import CloseOnExec
from localsocket_review.analysis.conditions import Conditions
from localsocket_review.analysis.connections import Connections
from localsocket_review.analysis.containers import Containers
from localsocket_review.analysis.control_flow import ControlFlow
from localsocket_review.analysis.credentials import Credentials
from localsocket_review.analysis.definitions import Definitions
from localsocket_review.analysis.descriptor_kinds import DescriptorKinds
from localsocket_review.analysis.descriptors import Descriptors
from localsocket_review.analysis.effects import Effects
from localsocket_review.analysis.endings import Endings
from localsocket_review.analysis.event_loops import EventLoops
from localsocket_review.analysis.filling import Filling
from localsocket_review.analysis.flow_builder import build_flow
from localsocket_review.analysis.given_buffers import GivenBuffers
from localsocket_review.analysis.heritage import Heritage
from localsocket_review.analysis.instance_checks import InstanceChecks
from localsocket_review.analysis.keys import Keys
from localsocket_review.analysis.local_families import LocalFamilies
from localsocket_review.analysis.lost_descriptors import LostDescriptors
from localsocket_review.analysis.names import Names
from localsocket_review.analysis.naming import Naming
from localsocket_review.analysis.neighbours import Neighbours
from localsocket_review.analysis.never_returning import NeverReturning
from localsocket_review.analysis.options import Options
from localsocket_review.analysis.origins import Origins
from localsocket_review.analysis.outputs import Outputs
from localsocket_review.analysis.overwriting import Overwriting
from localsocket_review.analysis.owner_checks import OwnerChecks
from localsocket_review.analysis.ownership import Ownership
from localsocket_review.analysis.processes import Processes
from localsocket_review.analysis.references import References
from localsocket_review.analysis.releases import Releases
from localsocket_review.analysis.seclusion import Seclusion
from localsocket_review.analysis.shared_data import SharedData
from localsocket_review.analysis.started_programs import StartedPrograms
from localsocket_review.analysis.streams import Streams
from localsocket_review.analysis.struct_fields import StructFields
from localsocket_review.analysis.subject import Subject
from localsocket_review.analysis.taint import Taint
from localsocket_review.analysis.threads import Threads
from localsocket_review.analysis.transports import Transports
from localsocket_review.analysis.unasked_shapes import UnaskedShapes
from localsocket_review.analysis.unused import UnusedThings
from localsocket_review.analysis.values import Values
from localsocket_review.apis import built_in
from localsocket_review.apis.tables import Tables
from localsocket_review.model.declarations import ClassInfo, FunctionInfo
from localsocket_review.model.program import Program
from localsocket_review.model.unit import Language


class Facts:
    """The program and its analyses, each worked out when a rule first asks for it."""

    def __init__(self, program: Program, tables: Tables | None = None) -> None:
        """Know of the frameworks what the tables tell, or what is built in."""
        self.program = program
        self.tables = tables or built_in()
        self._flows: dict[FunctionInfo, ControlFlow] = {}
        self.names = Names(program)
        self.calls = ProgramCalls(program, self.names, self.tables)
        self.inference = self.calls.inference

    def flow(self, function: FunctionInfo) -> ControlFlow:
        """Return the order in which the function's statements may run."""
        if function not in self._flows:
            self._flows[function] = ControlFlow(
                function, build_flow(function, self.never_returning.ends, self.never_returning.asserted)
            )
        return self._flows[function]

    @cached_property
    def never_returning(self) -> NeverReturning:
        return NeverReturning(self.program, self.names, self.calls)

    @cached_property
    def definitions(self) -> Definitions:
        return Definitions(
            self.program,
            self.names,
            self.flow,
            self.calls.api_of,
            self.inference.member_named,
            self.filling.buffers,
            self.outputs.of,
        )

    @cached_property
    def outputs(self) -> Outputs:
        return Outputs(self.program, self.calls)

    @cached_property
    def filling(self) -> Filling:
        return Filling(self.names, self.calls)

    @cached_property
    def values(self) -> Values:
        return Values(self.names, self.inference, self.calls, self.definitions, Options(self.program))

    @cached_property
    def origins(self) -> Origins:
        return Origins(self.names, self.calls, self.definitions, StructFields(self.program, self.inference))

    @cached_property
    def transports(self) -> Transports:
        return Transports(self.program, self.names, self.inference, self.calls, self.origins, self.values)

    @cached_property
    def subject(self) -> Subject:
        return Subject(self.program, self.calls, self.transports)

    @cached_property
    def streams(self) -> Streams:
        kinds = DescriptorKinds(self.program, self.calls, self.origins, self.neighbours)
        return Streams(self.names, self.inference, self.calls, self.definitions, self.origins, self.transports, kinds)

    @cached_property
    def chunks(self) -> Chunks:
        return Chunks(
            self.inference,
            self.calls,
            self.definitions,
            self.origins,
            self.transports,
            self.streams,
            self.flow,
        )

    @cached_property
    def heritage(self) -> Heritage:
        return Heritage(self.program, self.inference, self.tables)

    @cached_property
    def naming(self) -> Naming:
        return Naming(self.program, self.inference, self.heritage)

    @cached_property
    def keys(self) -> Keys:
        return Keys(self.names, self.values, self.origins)

    @cached_property
    def access(self) -> Access:
        return Access(
            self.program,
            self.inference,
            self.calls,
            self.definitions,
            self.values,
            self.origins,
            self.names,
            self.flow,
        )

    @cached_property
    def event_loops(self) -> EventLoops:
        return EventLoops(self.program, self.names, self.inference, self.calls, self.connections, self.threads)

    @cached_property
    def endings(self) -> Endings:
        return Endings(self.names, self.calls, self.flow)

    @cached_property
    def credentials(self) -> Credentials:
        return Credentials(self.names, self.inference, self.calls, self.values, self.origins)

    @cached_property
    def effects(self) -> Effects:
        return Effects(self.program, self.names, self.calls, self.values)

    @cached_property
    def instance_checks(self) -> InstanceChecks:
        return InstanceChecks(self.effects, self.calls, self.inference, self.flow)

    @cached_property
    def seclusion(self) -> Seclusion:
        return Seclusion(self.calls, self.effects, self.values, self.flow)

    @cached_property
    def taint(self) -> Taint:
        conditions = Conditions(self.names, self.calls, self.filling)
        checks = Checks(self.program, self.names, self.calls, self.definitions, conditions, self.flow)
        return Taint(
            self.names,
            self.inference,
            self.calls,
            self.definitions,
            self.transports,
            self.filling,
            checks,
            Containers(self.names, self.flow),
            GivenBuffers(self.program, self.calls),
            self.origins,
        )

    @cached_property
    def connections(self) -> Connections:
        return Connections(self.program, self.calls)

    @cached_property
    def threads(self) -> Threads:
        return Threads(self.program, self.inference, self.calls, self.processes)

    @cached_property
    def shared_data(self) -> SharedData:
        return SharedData(
            self.program, self.names, self.calls, self.heritage, self.connections, self.threads, self.flow
        )

    @cached_property
    def ownership(self) -> Ownership:
        return Ownership(self.program, self.names, self.inference, self.connections)

    @cached_property
    def releases(self) -> Releases:
        return Releases(self.program, self.names, self.inference, self.calls, self.ownership)

    @cached_property
    def descriptors(self) -> Descriptors:
        return Descriptors(self.names, self.calls, self.effects)

    @cached_property
    def lost_descriptors(self) -> LostDescriptors:
        return LostDescriptors(self.names, self.calls, self.flow)

    @cached_property
    def started_programs(self) -> StartedPrograms:
        return StartedPrograms(self.program, self.calls, self.neighbours, self.processes, self.flow)

    @cached_property
    def processes(self) -> Processes:
        return Processes(self.program, self.calls)

    @cached_property
    def close_on_exec(self) -> CloseOnExec:
        return CloseOnExec(self.calls, self.origins, self.access)

    @cached_property
    def local_families(self) -> LocalFamilies:
        return LocalFamilies(self.calls, self.inference, self.origins, self.neighbours)

    @cached_property
    def neighbours(self) -> Neighbours:
        return Neighbours(self.program)

    @cached_property
    def references(self) -> References:
        return References(self.neighbours)

    @cached_property
    def owner_checks(self) -> OwnerChecks:
        return OwnerChecks(self.calls, self.values, self.flow)

    @cached_property
    def overwriting(self) -> Overwriting:
        return Overwriting(self.names, self.flow, self.calls.callees)

    @cached_property
    def unasked_shapes(self) -> UnaskedShapes:
        return UnaskedShapes(self.names, self.calls, self.definitions, self.flow)

    @cached_property
    def unused(self) -> UnusedThings:
        return UnusedThings(self.program, self.references, self.heritage, self.inference, self.calls, self.neighbours)

    def functions(self, *languages: Language) -> Iterator[FunctionInfo]:
        """Yield every function with a body, of the given languages or of all."""
        for function in self.program.functions:
            if not languages or function.unit.language in languages:
                yield function

    def classes(self, *languages: Language, derived_from: str = "") -> Iterator[ClassInfo]:
        """Yield every class, or those that inherit from `derived_from`, in the program or by the tables."""
        for found in self.program.classes:
            if languages and found.unit.language not in languages:
                continue
            if not derived_from or derived_from in self.inference.class_lineage(found)[1:]:
                yield found
