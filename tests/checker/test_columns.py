"""The look at columns says that a schedule is valid exactly where the rules, one by one, do."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest
from hypothesis import given

from amin_ref import Instance, Request, Run, Schedule, check, simulate
from amin_ref.checker import columns
from amin_ref.checker.columns import plainly_valid
from amin_ref.model import schedule as module
from amin_ref.strategies import instances, schedules
from tests.support.profiles import times


def judged(schedule: Schedule) -> bool:
    """What the columns say, and the rules say as well."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "LEAST_IN_COLUMNS", 0)
        verdict = plainly_valid(Schedule(schedule.instance, schedule.runs))
    assert verdict == (check(schedule) == ())
    return verdict


@times(2)
@given(schedules(instances(max_arrival=9)))
def test_every_valid_schedule_is_seen_to_be_valid(schedule: Schedule) -> None:
    assert judged(schedule)


def test_every_change_of_a_schedule_is_judged_as_the_rules_judge_it() -> None:
    """Runs are moved, lengthened, dropped, doubled and renamed, in small and full caches."""
    rng = random.Random(1)
    verdicts = []
    for _ in range(600):
        size = rng.choice((1, 2, 4))
        requests = []
        for number in range(rng.randint(1, 4)):
            output = rng.randint(1, 5)
            requests.append(Request(number, rng.randint(1, 4), output, 1, None, rng.randint(0, 3)))
        instance = Instance(size * rng.randint(9 // size + 1, 16), requests, size)
        runs = list(simulate(instance, rng.choice(("amin", "fcfs"))).runs)
        at = rng.randrange(len(runs))
        run = runs[at]
        match rng.randrange(6):
            case 0:
                by = rng.choice((-1, 1, 2))
                runs[at] = replace(run, start=max(0, run.start + by), stop=max(1, run.stop + by))
            case 1:
                runs[at] = replace(run, stop=run.stop + rng.choice((0, 1)))
            case 2:
                del runs[at]
            case 3:
                runs.append(replace(run, start=run.stop, stop=run.stop + run.length))
            case 4:
                runs.append(Run(run.request, run.stop, run.stop + 1, "evicted"))
            case _:
                runs[at] = replace(run, request=rng.choice(requests).id)
        if runs:
            verdicts.append(judged(Schedule(instance, runs)))
    assert 60 < sum(verdicts) < len(verdicts) - 60


def test_large_blocks_and_numbers_are_left_to_the_rules(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LEAST_IN_COLUMNS", 0)
    for instance in (
        Instance(2 * columns.LARGEST_BLOCK + 2, [Request(0, 1, 1)], columns.LARGEST_BLOCK + 1),
        Instance(2**53 - 1, [Request(number, 2**52, 1) for number in range(2**10)]),
    ):
        schedule = simulate(instance, "fcfs")
        assert schedule.columns is not None
        assert not plainly_valid(schedule)
        assert check(schedule) == ()


def test_an_overflow_between_arrivals_far_apart_is_found() -> None:
    far = 2**40
    instance = Instance(6, [Request(0, 1, 2), Request(1, 1, 2), Request(2, 1, 2, arrival=far)])
    starts = (0, 0, far)
    valid = Schedule(instance, [Run(n, at, at + 2, "completed") for n, at in enumerate(starts)])
    assert judged(valid)
    full = Schedule(Instance(5, instance.requests), valid.runs)
    assert not judged(full)
