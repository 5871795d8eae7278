"""A log has what an engine does in the order in which it happens, not in which it is known."""

from __future__ import annotations

import io

from amin_ref import Machine, Run, Schedule, check
from amin_ref.engines.recording import Recorder
from amin_ref.logs import read_log

ENGINE = Machine(after_eviction="resume", last_token_stored=False, sound_predictions=False)


def recorder() -> tuple[Recorder, io.StringIO]:
    stream = io.StringIO()
    return Recorder(stream, 64, 16, ENGINE), stream


def read(recorded: Recorder, stream: io.StringIO) -> Schedule:
    recorded.end()
    found = read_log(stream.getvalue())
    assert check(found) == ()
    return found


def test_a_round_that_is_scheduled_early_does_not_hold_what_was_freed_before_it() -> None:
    """Round 1 is scheduled while round 0 is computed, with the 16 tokens of a, which completes."""
    recorded, stream = recorder()
    recorded.arrived("a", 10, 1)
    recorded.arrived("b", 20, 1)
    recorded.scheduled({"a": 10, "b": 20}, 48)
    recorded.scheduled({"b": 1}, 48)
    recorded.finished(["a"], freed=16)
    recorded.scheduled({"b": 1}, 32)
    recorded.finished([], freed=0)
    recorded.finished(["b"], freed=32)
    found = read(recorded, stream)
    assert found.held == (48, 32, 32)
    assert found.runs == (Run("a", 0, 1, "completed"), Run("b", 0, 3, "completed"))


def test_a_token_computed_after_the_last_one_is_no_part_of_the_run() -> None:
    """a ends with a stop token, which the engine sees when round 1 is scheduled already."""
    recorded, stream = recorder()
    recorded.arrived("a", 10, 1)
    recorded.scheduled({"a": 10}, 16)
    recorded.scheduled({"a": 1}, 16)
    recorded.finished(["a"], freed=16)
    recorded.finished([])
    assert read(recorded, stream).runs == (Run("a", 0, 1, "completed"),)


def test_an_eviction_in_a_step_without_tokens_is_one_of_the_next_round() -> None:
    """The step computes nothing, because b alone is left and is evicted; no round passes."""
    recorded, stream = recorder()
    recorded.arrived("b", 20, 1)
    recorded.scheduled({"b": 20}, 32)
    recorded.finished([])
    recorded.evicted("b")
    recorded.scheduled({"b": 21}, 32)
    recorded.finished(["b"])
    assert read(recorded, stream).runs == (Run("b", 0, 1, "evicted"), Run("b", 1, 2, "completed"))


def test_a_request_that_completes_and_is_then_evicted_is_not_evicted() -> None:
    """Round 1 is scheduled, and evicts a, before the last token of a is known."""
    recorded, stream = recorder()
    recorded.arrived("a", 10, 1)
    recorded.arrived("b", 10, 1)
    recorded.scheduled({"a": 10, "b": 10}, 32)
    recorded.evicted("a")
    recorded.scheduled({"b": 1}, 16)
    recorded.finished(["a"], freed=0)
    recorded.finished(["b"], freed=16)
    found = read(recorded, stream)
    assert found.runs == (Run("a", 0, 1, "completed"), Run("b", 0, 2, "completed"))
    assert found.held == (32, 16)


def test_a_client_that_goes_away_is_aborted_in_the_next_round_to_be_scheduled() -> None:
    """Rounds 0 and 1 are scheduled when the client of a goes away."""
    recorded, stream = recorder()
    recorded.arrived("a", 10, 1)
    recorded.arrived("b", 10, 1)
    recorded.scheduled({"a": 10, "b": 10}, 32)
    recorded.scheduled({"a": 1, "b": 1}, 32)
    recorded.aborted("a")
    recorded.finished([])
    recorded.scheduled({"b": 1}, 16)
    recorded.finished([])
    recorded.finished(["b"], freed=16)
    found = read(recorded, stream)
    assert found.aborted == {"a": 2}
    assert found.runs == (Run("a", 0, 2, "aborted"), Run("b", 0, 3, "completed"))
