"""The pytest plugin's tests: one for each theorem.

This module is imported only if ``--amin-policy`` is given; ``amin_ref/pytest_plugin.py`` has the
flags.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import Literal

import pytest

from amin_ref.model.errors import AminError
from amin_ref.model.json_reading import parse
from amin_ref.model.machine import PAPERS_MACHINE, Machine, machine_from_document
from amin_ref.policies.loading import MakePolicy, load_blind_policy
from amin_ref.suite.examination import Report, examine, theorems_of
from amin_ref.suite.finding import TITLES, Claim, Finding, Theorem, program_that_shows_it

TracebackStyle = Literal["long", "short", "line", "no", "native", "value", "auto"]

NOTE, RATIO = "amin-ref verdict", "amin-ref ratio"
"""Properties of a test's report, printed at the end of the session; xdist's processes send them."""


class Broken(Exception):
    """A theorem does not hold of the scheduler."""

    def __init__(self, finding: Finding) -> None:
        self.finding = finding
        super().__init__(finding.message)


class SchedulerTests:
    """A plugin that adds the tests of one scheduler to the session.

    Args:
        name: the scheduler as it was given: ``module:name``.
        make: makes the scheduler.
        claims: what it claims to be.
        examples: number of random instances.
        seed: of these instances.
        machine: of these instances.
    """

    def __init__(
        self, name: str, make: MakePolicy, claims: Claim, examples: int, seed: int, machine: Machine
    ) -> None:
        self._name = name
        self._make = make
        self.claims = claims
        self._examples = examples
        self._seed = seed
        self._machine = machine

    @classmethod
    def from_flags(cls, config: pytest.Config) -> SchedulerTests:
        """The tests that the command line asks for.

        Raises:
            pytest.UsageError: there is no such scheduler or machine, or the number of examples is
                below 1.
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
        machine = _machine_in(config.getoption("--amin-machine"))
        return cls(name, make, claims, examples, config.getoption("--amin-seed"), machine)

    @cached_property
    def report(self) -> Report:
        """The verdicts; computed once in each process that runs one of the tests."""
        return examine(
            self._make,
            self.claims,
            examples=self._examples,
            seed=self._seed,
            machine=self._machine,
        )

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection_modifyitems(
        self, session: pytest.Session, items: list[pytest.Item]
    ) -> None:
        """Add the tests to those collected.

        This hook runs before the ones that select by -k and -m. The tests belong to no file, so
        they are added even if no file is collected.
        """
        group = SchedulerCollector.from_parent(session, name="amin", nodeid="amin", tests=self)
        collected = group.ihook.pytest_make_collect_report(collector=group)
        group.ihook.pytest_collectreport(report=collected)
        items[:0] = collected.result

    def described(self, finding: Finding) -> str:
        """A finding, and a program that shows it."""
        shows = program_that_shows_it(finding, self._name, self.claims)
        return f"{finding.rule}: {finding.message}\n\n{shows}"

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Print a line for each theorem, and the largest ratio to the optimum."""
        properties = {
            report.nodeid: dict(report.user_properties)
            for outcome in ("passed", "failed", "skipped")
            for report in terminalreporter.getreports(outcome)
            if report.when == "call" and NOTE in dict(report.user_properties)
        }
        if not properties:
            return
        title = {"amin": "to be Amin", "valid": "to make valid schedules"}[self.claims]
        where = "" if self._machine == PAPERS_MACHINE else f", on {self._machine}"
        terminalreporter.section(f"{self._name}, which claims {title}{where}")
        for theorem in theorems_of(self.claims):
            if (test := f"amin::{_name(theorem)}") in properties:
                terminalreporter.line(str(properties[test][NOTE]))
        terminalreporter.line(str(next(iter(properties.values()))[RATIO]))


def _machine_in(text: str | None) -> Machine:
    """The machine that ``--amin-machine`` describes.

    Raises:
        pytest.UsageError: the text describes none.
    """
    if text is None:
        return PAPERS_MACHINE
    try:
        return machine_from_document(parse(text), "--amin-machine")
    except AminError as error:
        said = str(error)
        named = said if said.startswith("--amin-machine") else f"--amin-machine: {said}"
        raise pytest.UsageError(named) from None


def _name(theorem: Theorem) -> str:
    return f"{theorem} {TITLES[theorem]}"


class SchedulerCollector(pytest.Collector):
    """The parent of the tests in pytest's tree."""

    def __init__(self, *, tests: SchedulerTests, **others: object) -> None:
        super().__init__(**others)  # type: ignore[arg-type]  # pytest's own arguments, unseen
        self._tests = tests

    def collect(self) -> Iterator[pytest.Item]:
        """One test for each theorem."""
        for theorem in theorems_of(self._tests.claims):
            yield TheoremTest.from_parent(
                self, name=_name(theorem), theorem=theorem, tests=self._tests
            )


class TheoremTest(pytest.Item):
    """The test that one theorem holds of the scheduler."""

    def __init__(self, *, theorem: Theorem, tests: SchedulerTests, **others: object) -> None:
        super().__init__(**others)  # type: ignore[arg-type]  # pytest's own arguments, unseen
        self._theorem = theorem
        self._tests = tests

    def runtest(self) -> None:
        """Fail with the smallest counterexample; skip if nothing could be judged."""
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
        """The finding and a program that shows it; for an error of the suite, its traceback."""
        if isinstance(excinfo.value, Broken):
            return self._tests.described(excinfo.value.finding)
        return str(super().repr_failure(excinfo, "short" if style is None else style))

    def reportinfo(self) -> tuple[Path, None, str]:
        """The location of the test, which is in no file."""
        return Path("amin"), None, self.name
