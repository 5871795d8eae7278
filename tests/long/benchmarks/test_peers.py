"""What the peers are given is proved, and a peer that is not there is skipped with a reason."""

from __future__ import annotations

import sys

import pytest

from oracle import lower_bound, optimum
from tests.long.benchmarks import oracle_peers
from tests.long.benchmarks.oracle_peers import synthetic_instance
from tests.long.benchmarks.peer_models import PEERS, Unavailable, programme
from tests.long.benchmarks.proven_windows import last_starts

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("seed", range(4))
def test_an_optimal_schedule_starts_each_request_by_its_last_start(seed: int) -> None:
    """Also where the known cost is the optimum, for which the last starts are least."""
    instance = synthetic_instance(6, seed)
    best = optimum(instance, time_limit=20)
    assert best.proven
    last = last_starts(lower_bound(instance, time_limit=0.3), best.schedule.total_latency)
    starts = {run.request: run.start for run in best.schedule.runs}
    for request, limit in zip(instance.requests, last, strict=True):
        assert starts[request.id] <= limit
    work = sum(request.output_len for request in instance.requests)
    assert sum(last) < sum(work - request.output_len for request in instance.requests)


def test_the_programme_has_each_token_in_its_round() -> None:
    instance = synthetic_instance(3, 0)
    first = instance.requests[0]
    model = programme(instance, [0, 1, 2])
    assert [len(own) for own in model.starts] == [1, 2, 3]
    held = [dict(entries).get(0, 0) for entries in model.rounds]
    assert held[: first.output_len] == [first.prompt_len + k + 1 for k in range(first.output_len)]
    assert not any(held[first.output_len :])


@pytest.mark.parametrize("name", PEERS)
def test_a_peer_without_its_package_is_skipped(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for package in ("highspy", "gurobipy", "xpress", "pyscipopt", "ortools", "didppy"):
        monkeypatch.setitem(sys.modules, package, None)
        monkeypatch.setitem(sys.modules, f"{package}.sat.python", None)
    with pytest.raises(Unavailable, match=r"pip install 'amin-ref\[benchmark\]'"):
        oracle_peers.measure_here(name, 3, 0, 1.0)


def test_a_skipped_peer_has_a_row_with_the_reason(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def missing(method: str, requests: int, seed: int, time_limit: float) -> oracle_peers.Measured:
        raise Unavailable("no licence")

    monkeypatch.setattr(oracle_peers, "measure", missing)
    oracle_peers.main(["--sizes", "5", "--seeds", "1", "--methods", "gurobi"])
    assert "| 5 | gurobi | skipped: no licence |" in capsys.readouterr().out


@pytest.mark.parametrize("name", PEERS)
def test_peers_find_the_optimum_of_a_small_instance(name: str) -> None:
    instance = synthetic_instance(4, 2)
    best = optimum(instance, time_limit=20)
    try:
        found = oracle_peers.measure(name, 4, 2, 60.0)
    except Unavailable as reason:
        pytest.skip(str(reason))
    assert best.proven
    assert (found.cost, found.solved) == (best.schedule.total_latency, True)
