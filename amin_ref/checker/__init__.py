"""Is a schedule valid? Every rule of the specification, sections 2 and 7, from the schedule alone.

This folder shares no code with the simulator, the cache or the policies, not even block rounding.
So a bug in one of them cannot make the checker miss its effect.

To read: ``violation`` (what is reported), ``tracing`` (what a run does, round by round); then a
file for each question: ``completion``, ``timing``, ``aborts``, ``limits``, ``memory``; and
``columns``, which sees that a schedule of many runs is valid.
"""

from __future__ import annotations

from amin_ref.checker.aborts import aborted_lengths, stops_when_aborted
from amin_ref.checker.columns import plainly_valid
from amin_ref.checker.completion import completes_once, lengths, tokens_of_runs
from amin_ref.checker.limits import within_max_running, within_tokens_per_round
from amin_ref.checker.memory import (
    SharedPrefixes,
    held_within_capacity,
    shared_prefixes,
    within_capacity,
)
from amin_ref.checker.timing import in_time
from amin_ref.checker.tracing import Piece, Traced, traced_runs
from amin_ref.checker.violation import LogRule, MachineRule, Rule, Violation
from amin_ref.model.request import Request
from amin_ref.model.schedule import Run, Schedule
from amin_ref.model.validation import RequestId

__all__ = [
    "LogRule",
    "MachineRule",
    "Rule",
    "SharedPrefixes",
    "Violation",
    "check",
    "prefixes_shared_in",
]


def check(schedule: Schedule) -> tuple[Violation, ...]:
    """Every violation of the rules in sections 2 and 7 of the specification; empty when valid.

    The instance's machine says which rules hold. Consecutive rounds that exceed the capacity, or a
    limit of the machine, are reported once, as the first of them. Where the schedule has ``held``,
    the capacity is judged by it; where ``held`` is less than the runs imply, requests share
    prefixes, and the tokens computed in a round cannot be judged (decision D44).
    """
    if plainly_valid(schedule):
        return ()
    instance, machine = schedule.instance, schedule.instance.machine
    found: list[Violation] = []
    every: list[Traced] = []
    for request, runs in _runs_by_request(schedule):
        aborted = schedule.aborted.get(request.id)
        traced = traced_runs(request, runs, machine)
        every += traced
        found += completes_once(
            request,
            runs,
            may_be_unfinished=aborted is not None or schedule.ended is not None,
        )
        if machine.after_eviction == "restart" and all(run.computed is None for run in runs):
            found += lengths(request, runs)
        else:
            found += tokens_of_runs(request, traced)
        found += in_time(request, runs)
        found += stops_when_aborted(request, runs, aborted, schedule.ended)
        found += aborted_lengths(request, traced)
    pieces = _pieces(every)
    shared = None
    if schedule.held is None:
        found += within_capacity(instance, pieces)
    else:
        shared = shared_prefixes(instance, pieces, schedule.held)
        found += held_within_capacity(instance, pieces, schedule.held)
    if machine.tokens_per_round is not None and shared is None:
        found += within_tokens_per_round(every, machine.tokens_per_round)
    if machine.max_running is not None:
        found += within_max_running(every, machine.max_running)
    return tuple(found)


def prefixes_shared_in(schedule: Schedule) -> SharedPrefixes | None:
    """Where the engine holds less than the runs imply, so that the verdict rests on ``held``.

    Returns:
        ``None`` if in no round: the engine does not say what it held, or requests share nothing.
    """
    if schedule.held is None:
        return None
    instance = schedule.instance
    every = [
        traced
        for request, runs in _runs_by_request(schedule)
        for traced in traced_runs(request, runs, instance.machine)
    ]
    return shared_prefixes(instance, _pieces(every), schedule.held)


def _runs_by_request(schedule: Schedule) -> list[tuple[Request, list[Run]]]:
    """Each request with its runs in order of time."""
    runs: dict[RequestId, list[Run]] = {request.id: [] for request in schedule.instance.requests}
    for run in schedule.runs:
        runs[run.request].append(run)
    return [
        (request, sorted(runs[request.id], key=lambda run: (run.start, run.stop)))
        for request in schedule.instance.requests
    ]


def _pieces(every: list[Traced]) -> list[Piece]:
    return [piece for traced in every for piece in traced.pieces]
