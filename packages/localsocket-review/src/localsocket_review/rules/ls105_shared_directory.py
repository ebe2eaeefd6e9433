"""LS105: the endpoint is a predictable path in a directory that every user may write to."""

from __future__ import annotations

from collections.abc import Iterator

from localsocket_review.analysis.facts import Facts
from localsocket_review.analysis.texts import HoleKind, Text
from localsocket_review.apis.meaning import Act
from localsocket_review.findings import Finding, Severity
from localsocket_review.model.unit import Language
from localsocket_review.rules.rule import Example, Rule

_SHARED = ("/tmp", "/var/tmp", "/dev/shm", "/usr/tmp")  # noqa: S108 - these name them to find them


def check(facts: Facts) -> Iterator[Finding]:
    links = _own_links(facts)
    for site in facts.calls.sites(Act.BIND | Act.CONNECT):
        endpoint = site.argument("endpoint")
        if endpoint is None:
            continue
        for text in sorted(facts.values.endpoint(endpoint, site.function), key=str):
            if any(str(text).startswith(f"{link}/") for link in links):
                continue
            if is_shared_and_predictable(text) and not facts.owner_checks.is_asked(site):
                message = f"Any user of this machine can take the name {text} first and pose as the server."
                evidence = [(site.place, "used here")]
                if text.place is not None:
                    evidence.insert(0, (text.place, "written here"))
                yield RULE.finding(site.place, message, evidence)
                break


def _own_links(facts: Facts) -> set[str]:
    """Return the links that the program makes, which fails where somebody else has the name."""
    return {
        str(text)
        for call, function in facts.program.calls_named("symlink")
        if len(call.arguments) > 1
        for text in facts.values.endpoint(call.arguments[1], function)
    }


def is_in_shared_directory(text: Text) -> bool:
    """Say whether the text is one of the directories of everyone, or lies in one."""
    return any(text.beginning == shared or text.beginning.startswith(f"{shared}/") for shared in _SHARED)


def is_shared_and_predictable(text: Text) -> bool:
    """Say whether the text is a path that others can work out, in a directory that is everyone's."""
    directory = next((shared for shared in _SHARED if text.beginning.startswith(f"{shared}/")), None)
    if directory is None or "XXXXXX" in text.beginning:  # mkdtemp's pattern
        return False
    return not text.has(HoleKind.RANDOM, HoleKind.PRIVATE)


RULE = Rule(
    id="LS105",
    title="predictable path in a directory shared by all users",
    severity=Severity.MEDIUM,
    cwe="CWE-377",
    why=(
        "In /tmp, /var/tmp and /dev/shm every user may create files. Whoever takes the name first stops the program "
        "from starting, or becomes the server that its clients talk to."
    ),
    repair="use a name below $XDG_RUNTIME_DIR, or in a directory made by mkdtemp",
    unless=(
        "the directory was made by mkdtemp, TemporaryDirectory or QTemporaryDir",
        "its directory is a link that the program makes with symlink(), which fails where the name is taken",
        (
            "the owner and the mode of its directory are checked first; a client may check the owner of the socket "
            "instead"
        ),
    ),
    examples=(
        Example(
            Language.PYTHON,
            bad='server.bind("/tmp/editor.sock")\n',
            good='server.bind(os.path.join(os.environ["XDG_RUNTIME_DIR"], "editor.sock"))\n',
        ),
        Example(
            Language.CPP,
            bad='server.listen("/tmp/editor");\n',
            good='server.listen(QStandardPaths::writableLocation(QStandardPaths::RuntimeLocation) + "/editor");\n',
        ),
    ),
    check=check,
)
