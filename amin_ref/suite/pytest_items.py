"""The suite as pytest items, a test for each theorem: what the plugin collects.

Only imported when a scheduler is named; the flags are in ``amin_ref/pytest_plugin.py``.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import Literal

import pytest

from amin_ref.model.errors import AminError
from amin_ref.policies.loading import MakePolicy, load_blind_policy
from amin_ref.suite.examination import Report, examine, theorems_of
from amin_ref.suite.finding import TITLES, Claim, Finding, Theorem, program_that_shows_it

TracebackStyle = Literal["long", "short", "line", "no", "native", "value", "auto"]

NOTE, RATIO = "amin-ref verdict", "amin-ref ratio"
"""Under these names a test's report carries what is told in the end, from another process, too."""


class Broken(Exception):
    """A theorem that does not hold of the scheduler."""

    def __init__(self, finding: Finding) -> None:
        self.finding = finding
        super().__init__(finding.message)


class SchedulerTests:
    """A plugin: the tests of one scheduler.

    Args:
        name: of the scheduler, as it was given: ``module:name``.
        make: makes it.
        claims: what it claims to be.
        examples: instances.
        seed: of these.
    """

    def __init__(
        self, name: str, make: MakePolicy, claims: Claim, examples: int, seed: int
    ) -> None:
        self._name = name
        self._make = make
        self.claims = claims
        self._examples = examples
        self._seed = seed

    @classmethod
    def from_flags(cls, config: pytest.Config) -> SchedulerTests:
        """As the command line says.

        Raises:
            pytest.UsageError: no such scheduler, or no number of examples.
        """
        name: str = config.getoption("--amin-policy")
        examples: int = config.getoption("--amin-examples")
        if examples < 1:
            raise pytest.UsageError(f"--amin-examples is {examples}, and must be at least 1.")
        try:
            make = load_blind_policy(name)
        except AminError as error:
            raise pytest.UsageError(f"--amin-policy: {error}") from None
        claims: Claim = config.getoption("--amin-claims")
        return cls(name, make, claims, examples, config.getoption("--amin-seed"))

    @cached_property
    def report(self) -> Report:
        """What the suite says; found out once in each process that runs one of the tests."""
        return examine(self._make, self.claims, examples=self._examples, seed=self._seed)

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection_modifyitems(
        self, session: pytest.Session, items: list[pytest.Item]
    ) -> None:
        """Add the tests: first of all, so that -k and -m choose among them, too.

        They belong to no file, and so must not depend on any being collected.
        """
        group = Group.from_parent(session, name="amin", nodeid="amin", tests=self)
        collected = group.ihook.pytest_make_collect_report(collector=group)
        group.ihook.pytest_collectreport(report=collected)
        items[:0] = collected.result

    def told(self, finding: Finding) -> str:
        """A finding with a program that shows it, to paste."""
        shows = program_that_shows_it(finding, self._name, self.claims)
        return f"{finding.rule}: {finding.message}\n\n{shows}"

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """What was examined, theorem by theorem."""
        told = {
            report.nodeid: dict(report.user_properties)
            for outcome in ("passed", "failed", "skipped")
            for report in terminalreporter.getreports(outcome)
            if report.when == "call" and NOTE in dict(report.user_properties)
        }
        if not told:
            return
        title = {"amin": "to be Amin", "valid": "to make valid schedules"}[self.claims]
        terminalreporter.section(f"{self._name}, which claims {title}")
        for theorem in theorems_of(self.claims):
            if (test := f"amin::{_name(theorem)}") in told:
                terminalreporter.line(str(told[test][NOTE]))
        terminalreporter.line(str(next(iter(told.values()))[RATIO]))


def _name(theorem: Theorem) -> str:
    return f"{theorem} {TITLES[theorem]}"


class Group(pytest.Collector):
    """What the tests hang on in the tree of all tests."""

    def __init__(self, *, tests: SchedulerTests, **others: object) -> None:
        super().__init__(**others)  # type: ignore[arg-type]  # pytest's own arguments, unseen
        self._tests = tests

    def collect(self) -> Iterator[pytest.Item]:
        """A test for each theorem."""
        for theorem in theorems_of(self._tests.claims):
            yield TheoremTest.from_parent(
                self, name=_name(theorem), theorem=theorem, tests=self._tests
            )


class TheoremTest(pytest.Item):
    """Does a theorem hold of the scheduler?"""

    def __init__(self, *, theorem: Theorem, tests: SchedulerTests, **others: object) -> None:
        super().__init__(**others)  # type: ignore[arg-type]  # pytest's own arguments, unseen
        self._theorem = theorem
        self._tests = tests

    def runtest(self) -> None:
        """Fail with the smallest counterexample; skip where nothing could be judged."""
        verdict = self._tests.report[self._theorem]
        self.user_properties.append((NOTE, verdict.line()))
        self.user_properties.append((RATIO, self._tests.report.ratio_line()))
        if verdict.finding is not None:
            raise Broken(verdict.finding)
        if not verdict.judged:
            pytest.skip(verdict.note or "the scheduler made no schedule that could be judged")

    def repr_failure(
        self, excinfo: pytest.ExceptionInfo[BaseException], style: TracebackStyle | None = None
    ) -> str:
        """The finding, with a program that shows it; a broken suite with its traceback."""
        if isinstance(excinfo.value, Broken):
            return self._tests.told(excinfo.value.finding)
        return str(super().repr_failure(excinfo, "short" if style is None else style))

    def reportinfo(self) -> tuple[Path, None, str]:
        """Where the test stands: in no file."""
        return Path("amin"), None, self.name
