"""The schedule of a policy, made by the compiled rounds."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from amin_ref.compiled.columns import Columns, columns_of
from amin_ref.compiled.machines import played_on_machine, runs_of
from amin_ref.compiled.portions import Portions, longer_if_full
from amin_ref.compiled.readiness import lies_ready
from amin_ref.compiled.refusal import NotCompiled, Numbers
from amin_ref.model.columns import COMPLETED, EVICTED, RunColumns
from amin_ref.model.instance import Instance
from amin_ref.model.machine import PAPERS_MACHINE, Machine
from amin_ref.model.schedule import Schedule
from amin_ref.model.validation import LARGEST
from amin_ref.policies.policy import ClairvoyantPolicy, Policy

if TYPE_CHECKING:
    from amin_ref.compiled import rounds

LEAST_REQUESTS = 20_000
"""The least number of requests for which code is compiled unasked.

For 20,000 requests the reference takes one to three seconds, and six to eleven on the machine of an
engine. Compiling takes three, or six for the machines of engines, once for a version of the project
on a machine.
"""

LEAST_REQUESTS_IF_READY = 2_000
"""The least number of requests for which compiled code is used unasked where it need not be
compiled.

For 2,000 requests the reference takes 0.1 to 1.1 seconds. Loading compiled code takes 0.4, once in
a process; after that, compiled code takes a few milliseconds.
"""

ROUNDS_AT_A_TIME = 2**20
"""Rounds between two reports of progress: about a second, in which Ctrl-C is not noticed."""


def compiled_simulation(
    instance: Instance,
    policy: Policy | ClairvoyantPolicy,
    max_rounds: int,
    on_completion: Callable[[int], None] | None = None,
    *,
    asked: bool = True,
) -> Schedule | None:
    """The schedule that :func:`amin_ref.simulate` makes, from compiled code.

    Args:
        instance: the cache and its requests.
        policy: one of this package, with a tie-break of this package.
        max_rounds: the round by which every request must have completed.
        on_completion: called now and then with the number of completed requests.
        asked: whether the user has asked for compiled code.

    Returns:
        ``None`` if a request has not completed by ``max_rounds``.

    Raises:
        NotCompiled: compiled code cannot make it, or Numba is missing or does not work here; or
            the user has not asked for it, and there are too few requests.
    """
    count = len(instance.requests)
    if not asked and count < LEAST_REQUESTS_IF_READY:
        raise NotCompiled("there are too few requests")
    columns = columns_of(instance, policy)
    if not asked and count < LEAST_REQUESTS and not _is_ready(instance.machine):
        raise NotCompiled("there are too few requests, as the code would have to be compiled")
    portions = Portions(max_rounds, ROUNDS_AT_A_TIME, on_completion)
    if instance.machine != PAPERS_MACHINE:
        return _on_its_machine(instance, policy, columns, portions)
    runs = _played(instance, columns, portions)
    if runs is None or int(runs[:, 2].max()) > max_rounds:
        return None
    _refuse_beyond(int(runs[:, 2].max()))
    _end(policy, instance)
    return Schedule.of_columns(
        instance,
        RunColumns(
            columns.positions[runs[:, 0]],
            runs[:, 1].copy(),
            runs[:, 2].copy(),
            np.where(runs[:, 3] > 0, EVICTED, COMPLETED),
        ),
    )


def _is_ready(machine: Machine) -> bool:
    """Whether the rounds on this machine need not be compiled."""
    try:
        if machine == PAPERS_MACHINE:
            from amin_ref.compiled.rounds import play

            return lies_ready(play)
        from amin_ref.compiled.machine_rounds import play as play_on_machine

        return lies_ready(play_on_machine)
    except Exception:  # noqa: BLE001 - whatever Numba lacks, the reference does not need it
        return False


def _on_its_machine(
    instance: Instance,
    policy: Policy | ClairvoyantPolicy,
    columns: Columns,
    portions: Portions,
) -> Schedule | None:
    """The same where the machine is that of a serving engine."""
    played = played_on_machine(instance, columns, portions)
    if played is None or played.last_stop > portions.max_rounds:
        return None
    _refuse_beyond(played.last_stop)
    _end(policy, instance)
    return Schedule(instance, runs_of(instance, columns, played))


def _refuse_beyond(last_stop: int) -> None:
    if last_stop > LARGEST:
        raise NotCompiled(f"the schedule is longer than {LARGEST} rounds")


def _end(policy: Policy | ClairvoyantPolicy, instance: Instance) -> None:
    """Leave the policy as after a simulation: all requests are completed."""
    policy.use(instance.machine)
    policy.begin(instance.capacity, instance.block_size)


def _played(instance: Instance, columns: Columns, portions: Portions) -> Numbers | None:
    """Request by rank, start, stop, and 1 for an eviction, of each run in order of admission.

    ``None`` if a request has not completed by ``portions.max_rounds``.
    """
    try:
        from amin_ref.compiled import rounds
    except Exception as error:  # noqa: BLE001 - whatever Numba lacks, the reference does not need it
        raise NotCompiled(f"Numba cannot be imported: {error}") from None
    rules, first = starting_state(instance, columns)
    count = len(columns.prompts)

    def with_room(state: rounds.State) -> rounds.State:
        return state._replace(runs=longer_if_full(state.runs, state.now[rounds.RUNS], count))

    state = portions.played(
        partial(rounds.play, rules),
        first,
        with_room,
        round_entry=rounds.ROUND,
        completed_entry=rounds.COMPLETED,
    )
    if state is None:
        return None
    runs = state.runs[: state.now[rounds.RUNS]]
    runs[:, rounds.JOB] = state.requests[runs[:, rounds.JOB], rounds.RANK]
    return runs


def starting_state(instance: Instance, columns: Columns) -> tuple[rounds.Rules, rounds.State]:
    """What the rounds are played on, before the first one. Numba must be there."""
    from amin_ref.compiled import rounds

    count = len(columns.prompts)
    # Ranks in the order in which the requests wait before any is evicted.
    ranks: Numbers = np.arange(count, dtype=np.int64)
    if not columns.by_rank:
        ranks = np.argsort(columns.assumed, kind="stable")
    of_rank = np.empty_like(ranks)
    of_rank[ranks] = np.arange(count)
    requests = np.zeros((count, rounds.REQUEST_COLUMNS), dtype=np.int64)
    requests[:, rounds.PROMPT] = columns.prompts[ranks]
    requests[:, rounds.OUTPUT] = columns.outputs[ranks]
    requests[:, rounds.ASSUMED] = columns.assumed[ranks]
    requests[:, rounds.RANK] = ranks
    arrivals = columns.arrivals[ranks]
    by_arrival = np.argsort(arrivals, kind="stable")
    longest = max(int(columns.outputs.max()), int(columns.assumed.max()))
    words = _words_above(count, rounds.BRANCHES)
    state = rounds.State(
        requests=requests,
        slots=np.zeros((count, rounds.SLOT_COLUMNS), dtype=np.int64),
        of_rank=of_rank,
        arriving=np.stack([arrivals[by_arrival], by_arrival], axis=1),
        marks=_zeros(words),
        queue=_zeros(count),
        running=np.arange(count, dtype=np.int64),
        victims=_zeros(count),
        evicted=_zeros(count),
        events=np.full(2 ** (longest + 1).bit_length(), rounds.NONE, dtype=np.int64),
        planned=_zeros(2 * max(longest, 1)),
        new_blocks=_zeros(instance.block_size),
        runs=np.zeros((2 * count, rounds.RUN_COLUMNS), dtype=np.int64),
        now=_zeros(rounds.NOW_ENTRIES),
    )
    state.now[rounds.FIRST] = count
    state.now[rounds.REQUEST_NODE] = words
    rules = rounds.Rules(instance.capacity, instance.block_size, int(columns.newest_first))
    return rules, state


def _words_above(leaves: int, branches: int) -> int:
    """The inner nodes of the smallest full tree with at least this many leaves; at least 1."""
    words, level = 1, branches
    while level < leaves:
        words, level = words + level, level * branches
    return words


def _zeros(count: int) -> Numbers:
    return np.zeros(count, dtype=np.int64)
