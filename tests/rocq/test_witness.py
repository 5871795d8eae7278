"""The examples that ``Witness.v`` computes have the same costs in Python."""

from __future__ import annotations

import re

from amin_ref import Amin, DoublingBudgets, Instance, Request, simulate
from oracle import optimum
from tests.rocq.program import ROCQ

WITNESS = (ROCQ / "Witness.v").read_text(encoding="utf-8")


def instance_of(outputs: list[int], lower: int, capacity: int) -> Instance:
    """Requests with prompts of one token, in the order of their ranks."""
    requests = [
        Request(id=str(i), prompt_len=1, output_len=o, lower=lower) for i, o in enumerate(outputs)
    ]
    return Instance(capacity=capacity, requests=tuple(requests))


def test_doubling_budgets_cost_what_the_proved_policy_costs() -> None:
    """T19: the example ``five_doubled``."""
    found = re.search(
        r"doubling 9 1 1 precedes\) 30 five\) = Some \((\d+), (\d+)%nat, (\d+)", WITNESS
    )
    assert found
    schedule = simulate(instance_of([3] * 5, lower=1, capacity=9), DoublingBudgets())
    completed = sum(run.outcome == "completed" for run in schedule.runs)
    assert [schedule.total_latency, completed, len(schedule.runs)] == [*map(int, found.groups())]


def test_the_worst_instance_of_four_has_the_proved_ratio() -> None:
    """T12: the example ``worst_of_four``, whose ratio is the proved bound 17/9."""
    found = re.search(r"four\) = Some \(2 \* (\d+)\).*?total_latency s = 2 \* (\d+)", WITNESS, re.S)
    assert found
    instance = instance_of([3, 3, 2, 2], lower=2, capacity=5)
    costs = [simulate(instance, Amin()).total_latency, optimum(instance).schedule.total_latency]
    assert costs == [2 * int(number) for number in found.groups()]
