"""The sweep over wrong predictions: what an error means, and what the table has."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from amin_ref import Instance, check, simulate
from amin_ref.strategies import instances
from oracle.claims.wrong_predictions import ERRORS, MACHINES, POLICIES, main, misjudged


@given(
    instance=instances(max_requests=6, max_output_len=9, max_arrival=4),
    error=st.sampled_from(ERRORS),
    seed=st.integers(0, 99),
)
def test_an_estimate_is_off_by_the_error_at_most(
    instance: Instance, error: float, seed: int
) -> None:
    wrong = misjudged(instance, error, seed)
    for request, before in zip(wrong.requests, instance.requests, strict=True):
        assert request.lower == request.upper
        least = max(1, request.output_len * (1 - error) - 0.5)
        assert least <= request.lower <= request.output_len * (1 + error) + 0.5
        assert (request.prompt_len, request.output_len, request.arrival) == (
            before.prompt_len,
            before.output_len,
            before.arrival,
        )
    for policy in POLICIES:
        assert check(simulate(wrong, policy)) == ()


def test_without_an_error_bounds_are_exact() -> None:
    instance = Instance.from_lengths([(2, 3), (4, 5)], capacity=12)
    assert [request.lower for request in misjudged(instance, 0, seed=1).requests] == [3, 5]


def test_the_command_prints_a_line_for_each_error(capsys: pytest.CaptureFixture[str]) -> None:
    main(["chat", "--requests", "9", "--capacity", "2048", "--seeds", "2", "--seconds", "0.5"])
    _, rule, *lines = capsys.readouterr().out.splitlines()
    assert rule.count("---") == len(MACHINES) * len(POLICIES)
    assert [float(line.split(" | ")[0].strip("| ")) for line in lines] == list(ERRORS)
    assert all(
        float(cell.split(" ± ")[0]) >= 1
        for line in lines
        for cell in line.strip("| ").split(" | ")[1:]
    )
