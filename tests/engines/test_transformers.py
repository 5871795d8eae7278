"""transformers' continuous batching makes the reference's runs, and the same tokens as ever."""

from __future__ import annotations

import os

import pytest

from amin_ref import Amin, check, simulate

pytest.importorskip("transformers", reason="transformers is not installed: .ci/run does so")
os.environ["HF_HUB_OFFLINE"] = "1"  # nothing is looked up anywhere

from amin_ref.engines.transformers import register
from tests.engines.tiny_llama import Engine

pytestmark = [pytest.mark.engine]


@pytest.mark.parametrize("share", [0.0, 0.5, 1.0])
def test_amin_makes_the_reference_s_runs_and_the_engine_s_tokens(share: float) -> None:
    amin, fifo = Engine(24, pages=16), Engine(24, pages=16)
    lower = {name: max(1, int(share * output)) for name, (_, output) in amin.lengths.items()}
    register("amin", lower=lower, log=amin.stream)
    register("recorded", policy="fifo", lower=lower, log=fifo.stream)
    tokens, seen = amin.run("amin")
    expected_tokens, by_fifo = fifo.run("recorded")

    assert tokens == expected_tokens
    assert {name: len(made) for name, made in tokens.items()} == {
        name: output for name, (_, output) in amin.lengths.items()
    }
    assert check(seen) == ()
    assert check(by_fifo) == ()
    expected = simulate(seen.instance, Amin())
    assert seen.runs == expected.runs
    assert seen.held == tuple(expected.occupancy())
    assert (seen.evictions > 0) == (share < 1)
    assert {each.id: each.lower for each in seen.instance.requests} == lower
