"""The pytest plugin: ``pytest --amin-policy mypackage.sched:MyScheduler``.

Every run of pytest loads it if amin-ref is installed, so it imports only pytest until one of its
flags or its fixture is used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import pytest

if TYPE_CHECKING:
    from amin_ref.model.machine import Machine
    from amin_ref.suite import Claim, MakePolicy


class RunSuite(Protocol):
    """The fixture ``amin_conformance``: :func:`amin_ref.suite.examine` that fails the test."""

    def __call__(
        self,
        make: MakePolicy,
        claims: Claim = "amin",
        *,
        examples: int = 1_000,
        seed: int = 0,
        machine: Machine | None = None,
    ) -> None:
        """Test the scheduler that ``make`` makes; fail with the report if a theorem is broken.

        ``machine`` is that of the instances; ``None``: the paper's.
        """


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the flags."""
    group = parser.getgroup("amin-ref", "conformance of a KV-cache scheduler")
    group.addoption(
        "--amin-policy",
        metavar="MODULE:NAME",
        help="Test this scheduler: a class that derives from amin_ref.Policy, or a function that "
        "makes one. MODULE is looked for in the current folder first.",
    )
    group.addoption(
        "--amin-claims",
        choices=("amin", "valid"),
        default="amin",
        help="What the scheduler claims: to be Amin (the default) or only to make valid schedules.",
    )
    group.addoption(
        "--amin-examples",
        type=int,
        default=1_000,
        metavar="N",
        help="Number of random small instances (default: 1000; 100000 take about two minutes).",
    )
    group.addoption(
        "--amin-seed",
        type=int,
        default=0,
        metavar="N",
        help="Seed of the random instances (default: 0).",
    )
    group.addoption(
        "--amin-machine",
        metavar="JSON",
        help="The machine of the random instances: an object with the fields of amin_ref.Machine "
        "that differ from the default (default: the paper's machine). An engine that keeps the "
        'tokens of evicted requests: {"after_eviction": "resume", "last_token_stored": false}.',
    )


def pytest_configure(config: pytest.Config) -> None:
    """Add the tests of the scheduler that ``--amin-policy`` names."""
    if config.getoption("--amin-policy") is not None:
        from amin_ref.suite.pytest_items import SchedulerTests

        config.pluginmanager.register(SchedulerTests.from_flags(config), "amin-scheduler-tests")


@pytest.fixture
def amin_conformance() -> RunSuite:
    """Tests a scheduler, and fails with the report if a theorem is broken::

    def test_my_scheduler(amin_conformance):
        amin_conformance(MyScheduler, claims="valid", examples=500)
    """

    def run(
        make: MakePolicy,
        claims: Claim = "amin",
        *,
        examples: int = 1_000,
        seed: int = 0,
        machine: Machine | None = None,
    ) -> None:
        from amin_ref.model.machine import PAPERS_MACHINE
        from amin_ref.suite import examine

        chosen = PAPERS_MACHINE if machine is None else machine
        report = examine(make, claims, examples=examples, seed=seed, machine=chosen)
        if not report.holds:
            pytest.fail(report.text(), pytrace=False)

    return run
