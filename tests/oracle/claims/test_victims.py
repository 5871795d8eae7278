"""The table of victims: its numbers by their definitions, and its rows."""

from __future__ import annotations

import pytest
from hypothesis import given

from amin_ref import Instance, Machine, simulate
from amin_ref.comparison.metrics import recomputed_share
from amin_ref.strategies import instances
from oracle.claims.victims import HEADINGS, PREDICTIONS, main, most_waited
from oracle.claims.victims import policies as rows


@given(instances(max_requests=6, max_output_len=7, max_arrival=4))
def test_the_recompute_tax_and_the_longest_wait_by_their_definitions(instance: Instance) -> None:
    resuming = Instance(
        instance.capacity,
        instance.requests,
        instance.block_size,
        Machine(after_eviction="resume"),
    )
    schedule = simulate(resuming, "fcfs")
    computed = again = 0
    waits = []
    for request in resuming.requests:
        generated = 0
        runs = [run for run in schedule.runs if run.request == request.id]
        for number, run in enumerate(runs):
            prefix = request.prompt_len + generated
            computed += prefix + run.length - 1
            again += prefix if number else 0
            generated += run.length
        waits.append(runs[-1].stop - request.arrival - sum(run.length for run in runs))
    assert recomputed_share(schedule) == again / computed
    assert most_waited(schedule) == max(waits)


def test_the_command_prints_a_row_for_each_policy_and_prediction(
    capsys: pytest.CaptureFixture[str],
) -> None:
    main(["chat", "--requests", "12", "--capacity", "2048", "--seconds", "1"])
    head, _, *lines = capsys.readouterr().out.splitlines()
    assert head == f"| {' | '.join(HEADINGS)} |"
    expected = [(policy.title, each or "–") for policy, each_of in rows() for each in each_of]
    assert [tuple(line.strip("| ").split(" | ")[:2]) for line in lines] == expected
    assert all(float(line.split(" | ")[2]) >= 1 for line in lines)
    assert {prediction for _, prediction in expected} == {"–", *PREDICTIONS}
