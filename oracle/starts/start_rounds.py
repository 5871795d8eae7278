"""Start rounds: a schedule without evictions as one number for each request.

OPT gains nothing by evicting (``proofs_notes/theorems/optimum.md``, lemma 6), so every search of
this package looks for start rounds. They stand in the order of the requests that they belong to.
"""

from __future__ import annotations

from collections.abc import Sequence

from amin_ref.model.blocks import occupied
from amin_ref.model.errors import InvalidValue
from amin_ref.model.instance import Instance
from amin_ref.model.machine import Machine, refuse_limits
from amin_ref.model.request import Request
from amin_ref.model.schedule import Run, Schedule, refuse_computed, refuse_what_a_log_lacks


def refuse_machines_without_starts(machine: Machine, where: str) -> None:
    """Refuse machines whose OPT start rounds do not tell, in a function that looks for these.

    Which tokens are stored and whether predictions are sound does not matter.

    Args:
        machine: that of the instance.
        where: the function, as a message names it.

    Raises:
        InvalidValue: evicted requests resume, or the machine has a limit.
    """
    if machine.after_eviction != "restart":
        raise InvalidValue(
            "instance: machine",
            machine,
            f"{where} makes schedules without evictions, and this machine has better ones",
            "give after_eviction='restart', or call oracle.optimum",
        )
    refuse_limits(machine, f"{where} knows no limits")


def refuse_another_instance(instance: Instance, schedule: Schedule, argument: str) -> None:
    """Refuse a schedule that a caller gives for an instance and that is of another one.

    Args:
        instance: the instance to be scheduled.
        schedule: the caller's schedule.
        argument: the caller's name for the schedule, for the message of an error.

    Raises:
        InvalidValue: the schedule is of another instance.
    """
    if schedule.instance != instance:
        raise InvalidValue(
            f"{argument}: instance",
            schedule.instance,
            "it must be the instance that is solved",
            "give a schedule of this instance, or none",
        )


def latency_of(requests: Sequence[Request], starts: Sequence[int]) -> int:
    """Total latency when each request starts in its round: Σ (start + o − r); request·rounds."""
    return sum(
        start + request.output_len - request.arrival
        for request, start in zip(requests, starts, strict=True)
    )


def starts_fit(instance: Instance, starts: Sequence[int]) -> bool:
    """Whether no request starts before it arrives and no round exceeds the capacity; exact.

    The tokens held are summed up at each round in which a request takes a block or completes.
    """
    changes: dict[int, int] = {}
    for request, start in zip(instance.requests, starts, strict=True):
        if start < request.arrival:
            return False
        before = 0
        for age in range(request.output_len):
            stored = instance.machine.held(request.prompt_len + age + 1)
            now = occupied(stored, instance.block_size)
            changes[start + age] = changes.get(start + age, 0) + now - before
            before = now
        end = start + request.output_len
        changes[end] = changes.get(end, 0) - before
    held = 0
    for round_ in sorted(changes):
        held += changes[round_]
        if held > instance.capacity:
            return False
    return True


def schedule_from(instance: Instance, starts: Sequence[int]) -> Schedule:
    """The schedule in which each request of the instance starts in its round and runs to its end.

    Nothing is checked: :func:`amin_ref.check` judges the schedule.
    """
    runs = (
        Run(request.id, int(start), int(start) + request.output_len, "completed")
        for request, start in zip(instance.requests, starts, strict=True)
    )
    return Schedule(instance, tuple(runs))


def starts_of(instance: Instance, schedule: Schedule, argument: str) -> tuple[int, ...]:
    """The start round of each request's completed run, in the order of the instance.

    Evicted runs are dropped: they only take room, and the completed runs alone are a schedule of
    the same cost.

    Args:
        instance: the instance to be scheduled.
        schedule: a schedule of that instance, from a caller.
        argument: the caller's name for the schedule, for the message of an error.

    Raises:
        InvalidValue: the schedule is of another instance, or its completed runs are not valid.
    """
    refuse_another_instance(instance, schedule, argument)
    refuse_computed(schedule, argument)
    refuse_what_a_log_lacks(schedule, argument)
    completed = [run for run in schedule.runs if run.outcome == "completed"]
    start_of = {run.request: run.start for run in completed}
    if (
        len(completed) != len(instance.requests)
        or len(start_of) != len(completed)
        or any(run.length != instance.by_id[run.request].output_len for run in completed)
        or not starts_fit(instance, [start_of[request.id] for request in instance.requests])
    ):
        raise InvalidValue(
            argument,
            schedule,
            "its completed runs are not a valid schedule",
            "look at check(schedule) for what is wrong",
        )
    return tuple(start_of[request.id] for request in instance.requests)
