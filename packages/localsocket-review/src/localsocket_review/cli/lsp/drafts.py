"""What an editor has open, reviewed: a file by itself at once, and the program around it soon after."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from localsocket_review.cli.settings import ReviewSettings, Wishes, settings_of
from localsocket_review.findings import Finding
from localsocket_review.reading.collecting import NothingToRead, survey
from localsocket_review.repairing import Repaired, repaired
from localsocket_review.report.report import Report
from localsocket_review.reviewer import OnProgress, Reading


@dataclass(frozen=True, slots=True)
class _Corrections:
    """What a review of the whole program says of a file that a review of the file alone could not know."""

    refuted: frozenset[str] = frozenset()
    further: tuple[Finding, ...] = ()

    def applied_to(self, findings: Iterable[Finding]) -> list[Finding]:
        own = [one for one in findings if one.fingerprint not in self.refuted]
        known = {one.fingerprint for one in own}
        return [*own, *(one for one in self.further if one.fingerprint not in known)]


@dataclass(slots=True)
class Drafts:
    """The texts of an editor, by their paths, and the folders that are open there. One thread uses it at a time."""

    folders: tuple[Path, ...] = ()
    texts: dict[str, bytes] = field(default_factory=dict)
    _corrections: dict[str, _Corrections] = field(default_factory=dict)

    def findings_in(self, file: str, progress: OnProgress) -> list[Finding]:
        """Review a file by itself, with what the last review of the program has corrected. Raises BadSettings."""
        settings = self._settings_for(file)
        alone = self._told(self._reading(settings, (Path(file),), progress), settings, [Path(file)])
        return self._corrections.get(file, _Corrections()).applied_to(one for one in alone if one.place.file == file)

    def findings_in_program(self, progress: OnProgress) -> dict[str, list[Finding]]:
        """Review everything below the folders, and return what is told of each open file. Raises BadSettings."""
        if not self.folders:
            return {}
        settings = settings_of(Wishes(), self.folders)
        try:
            files = survey(self.folders, settings.exclude).files
        except NothingToRead:
            return {}
        inside = {file: text for file, text in self.texts.items() if Path(file) in set(files)}
        whole = self._told(self._reading(settings, self.folders, progress), settings, files)
        found: dict[str, list[Finding]] = {file: [] for file in inside}
        for finding in whole:
            if finding.place.file in found:
                found[finding.place.file].append(finding)
        for file in inside:
            self._correct(file, found[file], settings, progress)
        return found

    def repair_of(self, finding: Finding, progress: OnProgress) -> Repaired:
        """Return what repairs a finding of an open file, reviewed with that file alone."""
        file = finding.place.file
        settings = self._settings_for(file)
        reading = self._reading(settings, (Path(file),), progress)

        def review(drafts: Mapping[str, bytes]) -> Report:
            return reading.review([Path(file)], {**self.texts, **drafts})

        return repaired([finding], review, self.texts)

    def _correct(self, file: str, whole: list[Finding], settings: ReviewSettings, progress: OnProgress) -> None:
        alone = self._told(self._reading(settings, (Path(file),), progress), settings, [Path(file)])
        alone_known, whole_known = ({one.fingerprint for one in some} for some in (alone, whole))
        further = tuple(one for one in whole if one.fingerprint not in alone_known)
        self._corrections[file] = _Corrections(frozenset(alone_known - whole_known), further)

    def _settings_for(self, file: str) -> ReviewSettings:
        around = [folder for folder in self.folders if Path(file).is_relative_to(folder)]
        return settings_of(Wishes(), around or [Path(file)])

    def _reading(self, settings: ReviewSettings, paths: tuple[Path, ...], progress: OnProgress) -> Reading:
        return Reading(paths, settings.rules, settings.exclude, settings.additions, 1, None, progress)

    def _told(self, reading: Reading, settings: ReviewSettings, files: list[Path] | tuple[Path, ...]) -> list[Finding]:
        return list(settings.policies.judge(reading.review(files, self.texts).findings).told)
