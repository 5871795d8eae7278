"""Which round of a schedule is the first that a policy could not have made, from compiled code."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from amin_ref.compiled.refusal import LARGEST_INT64, LONGEST, NotCompiled, Numbers
from amin_ref.model.columns import EVICTED, RunColumns
from amin_ref.model.instance import Instance
from amin_ref.model.machine import PAPERS_MACHINE

ROUNDS_AT_A_TIME = 2**20
"""Rounds between two looks at the keyboard: about a second, in which Ctrl-C is not noticed."""


@dataclass(frozen=True, slots=True)
class Assumed:
    """What a policy assumes of output lengths, and by what it orders requests.

    Attributes:
        first: the length first assumed of each request by position; tokens.
        order: what orders the requests, by position: any lengths or rounds, the least first.
            ``None``: the assumed length orders them.
        shift: a running request with a tokens is assumed to have an output of at least a + shift;
            ``None``: its assumed length stays.
        remembers: whether an evicted request keeps the assumed length.
        newest_first: whether the last admitted are evicted, as by FCFS.
    """

    first: Sequence[int]
    order: Sequence[int] | None = None
    shift: int | None = None
    remembers: bool = True
    newest_first: bool = False


@dataclass(frozen=True, slots=True)
class JudgedRounds:
    """How far a schedule was replayed.

    Attributes:
        rounds: rounds in which a request is present, up to the wrong one, which is included.
        wrong: the first wrong round; ``None`` if every round is right.
    """

    rounds: int
    wrong: int | None


def judged_rounds(
    instance: Instance, runs: RunColumns, assumed: Assumed, ranked: Sequence[int] | None
) -> JudgedRounds:
    """Replay a *valid* schedule up to the first round that the policy could not have made.

    Args:
        instance: the cache and the requests.
        runs: the runs of a schedule in which :func:`amin_ref.check` finds no violation.
        assumed: what the policy assumes.
        ranked: the positions in order of the tie-break; ``None``: ties may be broken in any way.

    Raises:
        NotCompiled: the machine is not the paper's, a number is too large, or Numba is missing or
            does not work here.
    """
    try:
        from amin_ref.compiled import judged_rounds as rounds
    except Exception as error:  # noqa: BLE001 - whatever Numba lacks, the reference does not need it
        raise NotCompiled(f"Numba cannot be imported: {error}") from None
    _refuse_what_is_not_known(instance, runs)
    first = np.array(assumed.first, dtype=np.int64)
    longest = max(int(first.max()), int(instance.columns.outputs.max()) + 1)
    if longest > LONGEST:
        raise NotCompiled(f"an output has more than {LONGEST} tokens")
    if (longest + 1) * len(first) > LARGEST_INT64:
        raise NotCompiled("there are too many requests for outputs of this length")
    positions, groups = _order(instance, assumed, ranked)
    numbers = np.empty_like(positions)
    numbers[positions] = np.arange(len(positions))
    rules = rounds.Rules(
        capacity=instance.capacity,
        block_size=instance.block_size,
        newest_first=int(assumed.newest_first),
        by_group=int(assumed.order is not None),
        refines=int(assumed.shift is not None),
        shift=assumed.shift or 0,
        remembers=int(assumed.remembers),
        is_mixed=int(assumed.order is not None and ranked is None and not assumed.newest_first),
    )
    jobs = np.zeros((len(first), rounds.JOB_COLUMNS), dtype=np.int64)
    jobs[:, rounds.PROMPT] = instance.columns.prompts[positions]
    jobs[:, rounds.ASSUMED] = first[positions]
    jobs[:, rounds.GROUP] = groups
    arrivals = instance.columns.arrivals[positions]
    by_arrival = np.argsort(arrivals, kind="stable")
    by_start = np.argsort(runs.starts, kind="stable")
    evicted = (runs.outcomes == EVICTED).astype(np.int64)
    by_stop = np.lexsort((evicted, runs.stops))
    replay = rounds.Replay(
        jobs=jobs,
        arriving=np.stack([arrivals[by_arrival], by_arrival], axis=1),
        starting=np.stack([runs.starts, numbers[runs.positions]], axis=1)[by_start],
        stopping=np.stack([runs.stops, numbers[runs.positions], evicted], axis=1)[by_stop],
        queue=np.zeros(len(first) + int(evicted.sum()), dtype=np.int64),
        running=np.zeros(len(first), dtype=np.int64),
        planned=np.zeros(2 * longest, dtype=np.int64),
        new_blocks=np.zeros(instance.block_size, dtype=np.int64),
        now=np.zeros(rounds.NOW_ENTRIES, dtype=np.int64),
    )
    found = rounds.NOT_YET
    while found == rounds.NOT_YET:
        try:
            found = rounds.judge(rules, replay, ROUNDS_AT_A_TIME)
        except Exception as error:  # noqa: BLE001 - as above
            raise NotCompiled(f"Numba cannot compile the replay: {error}") from None
    judged = int(replay.now[rounds.JUDGED])
    if found == rounds.ALL_RIGHT:
        return JudgedRounds(judged, None)
    return JudgedRounds(judged + 1, found)


def _refuse_what_is_not_known(instance: Instance, runs: RunColumns) -> None:
    """Refuse what compiled code does not know.

    Raises:
        NotCompiled: the machine is not the paper's, or the instance is empty, has huge blocks, or a
            run without rounds.
    """
    if instance.machine != PAPERS_MACHINE:
        raise NotCompiled("the instance's machine is not the paper's")
    if not instance.requests:
        raise NotCompiled("there are no requests")
    if instance.block_size > LONGEST:
        raise NotCompiled(f"blocks have more than {LONGEST} tokens")
    if not (runs.lengths > 0).all():
        raise NotCompiled("a run has no rounds")


def _order(
    instance: Instance, assumed: Assumed, ranked: Sequence[int] | None
) -> tuple[Numbers, Numbers]:
    """The positions in the order of the tie-break, and what the place of each adds to its base."""
    count = len(instance.requests)
    if ranked is None:
        positions = np.argsort(-instance.columns.prompts, kind="stable")
    else:
        positions = np.array(ranked, dtype=np.int64)
    if assumed.order is not None:
        order = np.array(assumed.order, dtype=np.int64)
        positions = positions[np.argsort(order[positions], kind="stable")]
        if ranked is None:
            in_order = order[positions]
            changes = np.append(False, in_order[1:] != in_order[:-1])
            return positions, np.cumsum(changes)
    if ranked is None:
        return positions, np.zeros(count, dtype=np.int64)
    return positions, np.arange(count, dtype=np.int64)
