"""What the kernel writes, and no peer: the fields of its own messages, such as `rtm_index` of a routing socket."""

from __future__ import annotations

import re

from localsocket_review.model.expressions import Attribute, Expression

_FIELD = re.compile(r"(?:rtm|nlmsg|ifm|ifam|ifan|ifma|ifi|ndm|tcm|ssi)_[a-z_]+")


def is_of_kernel(expression: Expression) -> bool:
    """Say whether a field is read by whose name only the kernel's structures have one."""
    return isinstance(expression, Attribute) and _FIELD.fullmatch(expression.name) is not None
