"""The pytest plugin: ``pytest --amin-policy mypackage.sched:MyScheduler``.

It is loaded into every run of pytest wherever amin-ref is installed, so it imports nothing but
pytest and the core (numpy, a tenth of a second) until one of its flags or its fixture is used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import pytest

if TYPE_CHECKING:
    from amin_ref.suite import Claim, MakePolicy


class RunSuite(Protocol):
    """What the fixture ``amin_conformance`` gives: :func:`amin_ref.suite.examine` that fails."""

    def __call__(
        self, make: MakePolicy, claims: Claim = "amin", *, examples: int = 1_000, seed: int = 0
    ) -> None:
        """Examine the scheduler that ``make`` makes, and fail with what is found."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """The flags."""
    group = parser.getgroup("amin-ref", "conformance of a KV-cache scheduler")
    group.addoption(
        "--amin-policy",
        metavar="MODULE:NAME",
        help="Test this scheduler: a class that derives from amin_ref.Policy, or a function that "
        "makes one.",
    )
    group.addoption(
        "--amin-claims",
        choices=("amin", "valid"),
        default="amin",
        help="What it claims: to be Amin (the default), or only to make valid schedules.",
    )
    group.addoption(
        "--amin-examples",
        type=int,
        default=1_000,
        metavar="N",
        help="Random small instances to test it on (default: 1000; 100000 take some two minutes).",
    )
    group.addoption(
        "--amin-seed",
        type=int,
        default=0,
        metavar="N",
        help="Seed of these instances (default: 0).",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Where a scheduler is named, let its tests be collected."""
    if config.getoption("--amin-policy") is not None:
        from amin_ref.suite.pytest_items import SchedulerTests

        config.pluginmanager.register(SchedulerTests.from_flags(config), "amin-scheduler-tests")


@pytest.fixture
def amin_conformance() -> RunSuite:
    """Runs the suite on a scheduler, and fails with what it found::

    def test_my_scheduler(amin_conformance):
        amin_conformance(MyScheduler, claims="valid", examples=500)
    """

    def run(
        make: MakePolicy, claims: Claim = "amin", *, examples: int = 1_000, seed: int = 0
    ) -> None:
        from amin_ref.suite import examine

        report = examine(make, claims, examples=examples, seed=seed)
        if not report.holds:
            pytest.fail(report.text(), pytrace=False)

    return run
