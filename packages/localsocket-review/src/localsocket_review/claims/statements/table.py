"""All statements, in the order in which they are tried: the more particular first."""

from __future__ import annotations

from localsocket_review.claims.statements.access import ACCESS
from localsocket_review.claims.statements.calls import CALLS
from localsocket_review.claims.statements.classes import CLASSES
from localsocket_review.claims.statements.course import COURSE
from localsocket_review.claims.statements.declared import DECLARED
from localsocket_review.claims.statements.endings import ENDINGS
from localsocket_review.claims.statements.exceptions import EXCEPTIONS
from localsocket_review.claims.statements.imports import IMPORTS
from localsocket_review.claims.statements.lines import LINES
from localsocket_review.claims.statements.means import MEANS
from localsocket_review.claims.statements.named import NAMED
from localsocket_review.claims.statements.order import ORDER
from localsocket_review.claims.statements.parameters import PARAMETERS
from localsocket_review.claims.statements.phrases import statements_of
from localsocket_review.claims.statements.places import PLACES
from localsocket_review.claims.statements.properties import PROPERTIES
from localsocket_review.claims.statements.results import RESULTS
from localsocket_review.claims.statements.running import RUNNING
from localsocket_review.claims.statements.translated import TRANSLATED
from localsocket_review.claims.statements.values import TIMES, VALUES
from localsocket_review.claims.statements.whole import WHOLE
from localsocket_review.claims.statements.wire import WIRE

STATEMENTS = statements_of(
    (
        TRANSLATED,
        LINES,
        IMPORTS,
        ORDER,
        RESULTS,
        ACCESS,
        VALUES,
        PLACES,
        CLASSES,
        PROPERTIES,
        PARAMETERS,
        EXCEPTIONS,
        ENDINGS,
        CALLS,
        RUNNING,
        TIMES,
        DECLARED,
        COURSE,
        MEANS,
        WHOLE,
        WIRE,
        NAMED,
    )
)
