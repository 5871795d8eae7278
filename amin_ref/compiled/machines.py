"""The runs of a policy on the machine of a serving engine, made by the compiled rounds."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from amin_ref.compiled.columns import Columns
from amin_ref.compiled.portions import Portions, longer_if_full
from amin_ref.compiled.refusal import LARGEST_INT64, NotCompiled, Numbers
from amin_ref.model.errors import NoProgress
from amin_ref.model.instance import Instance
from amin_ref.model.schedule import Run

NO_LIMIT = LARGEST_INT64 // 2
"""Stands for no limit: no sum of tokens in a cache reaches it."""


@dataclass(frozen=True, slots=True, eq=False)
class Played:
    """What the rounds made; the columns are those of :mod:`.machine_rounds`.

    Attributes:
        runs: a row for each run.
        chunks: a row for each round in which a run computed more or less than one token; none where
            the tokens of a round have no limit.
    """

    runs: Numbers
    chunks: Numbers

    @property
    def last_stop(self) -> int:
        """The round after the last one."""
        return int(self.runs[:, 2].max())


def played_on_machine(instance: Instance, columns: Columns, portions: Portions) -> Played | None:
    """The rounds of a policy on the instance's machine.

    Args:
        instance: the cache and its requests.
        columns: the instance under the policy.
        portions: how long the rounds are played.

    Returns:
        ``None`` if a request has not completed by ``portions.max_rounds``.

    Raises:
        NotCompiled: Numba is missing, or does not work here.
        NoProgress: the compiled rounds have a fault, by which requests wait and none runs.
    """
    try:
        from amin_ref.compiled import machine_rounds as rounds
    except Exception as error:  # noqa: BLE001 - whatever Numba lacks, the reference does not need it
        raise NotCompiled(f"Numba cannot be imported: {error}") from None
    machine = instance.machine
    count = len(columns.prompts)
    jobs = np.zeros((count, rounds.JOB_COLUMNS), dtype=np.int64)
    jobs[:, rounds.PROMPT] = columns.prompts
    jobs[:, rounds.OUTPUT] = columns.outputs
    jobs[:, rounds.ASSUMED] = columns.assumed
    by_arrival = np.argsort(columns.arrivals, kind="stable")
    longest = max(int(columns.outputs.max()), int(columns.assumed.max()))
    tokens, most_running = machine.tokens_per_round, machine.max_running
    rules = rounds.Rules(
        capacity=instance.capacity,
        block_size=instance.block_size,
        unstored=int(not machine.last_token_stored),
        resumes=int(machine.after_eviction == "resume"),
        tokens=NO_LIMIT if tokens is None else tokens,
        are_limited=int(tokens is not None),
        most_running=NO_LIMIT if most_running is None else most_running,
        watermark=machine.watermark,
        first_come=int(columns.newest_first),
    )
    first = rounds.State(
        jobs=jobs,
        arriving=np.stack([columns.arrivals[by_arrival], by_arrival], axis=1),
        queue=np.zeros(count, dtype=np.int64),
        running=np.zeros(count, dtype=np.int64),
        evicted=np.zeros(count, dtype=np.int64),
        planned=np.zeros(2 * longest, dtype=np.int64),
        runs=np.zeros((2 * count, rounds.RUN_COLUMNS), dtype=np.int64),
        chunks=np.zeros((4 * count, rounds.CHUNK_COLUMNS), dtype=np.int64),
        now=np.zeros(rounds.NOW_ENTRIES, dtype=np.int64),
    )
    first.now[rounds.FREE] = instance.capacity // instance.block_size

    def play(state: rounds.State, most: int) -> bool:
        done = rounds.play(rules, state, most)
        if state.now[rounds.IDLE] > rounds.MOST_IDLE:
            raise NoProgress(
                f"round {state.now[rounds.ROUND]}: no request has run for {rounds.MOST_IDLE} "
                f"rounds though {state.now[rounds.WAITING]} wait (T8); the compiled rounds have a "
                "fault: report the instance, and give compiled=False."
            )
        return done

    def with_room(state: rounds.State) -> rounds.State:
        return state._replace(
            runs=longer_if_full(state.runs, state.now[rounds.RUNS], count),
            chunks=longer_if_full(state.chunks, state.now[rounds.CHUNKS], count),
        )

    state = portions.played(
        play, first, with_room, round_entry=rounds.ROUND, completed_entry=rounds.COMPLETED
    )
    if state is None:
        return None
    return Played(state.runs[: state.now[rounds.RUNS]], state.chunks[: state.now[rounds.CHUNKS]])


def runs_of(instance: Instance, columns: Columns, played: Played) -> list[Run]:
    """The runs of a schedule, in order of admission."""
    requests = instance.requests
    ids = [requests[position].id for position in columns.positions[played.runs[:, 0]]]
    computed = _computed(played)
    return [
        Run(request, start, stop, "evicted" if evicted else "completed", computed.get(number))
        for number, (request, (start, stop, evicted)) in enumerate(
            zip(ids, played.runs[:, 1:4].tolist(), strict=True)
        )
    ]


def _computed(played: Played) -> dict[int, tuple[int, ...]]:
    """The tokens of each round, of the runs that generated none in one of their rounds."""
    runs = played.runs
    chunked = np.flatnonzero(runs[:, 4])
    computed = {
        number: [1] * length
        for number, length in zip(
            chunked.tolist(), (runs[chunked, 2] - runs[chunked, 1]).tolist(), strict=True
        )
    }
    numbers = played.chunks[:, 0]
    told = played.chunks[runs[numbers, 4] > 0]
    for number, within, tokens in zip(
        told[:, 0].tolist(),
        (told[:, 1] - runs[told[:, 0], 1]).tolist(),
        told[:, 2].tolist(),
        strict=True,
    ):
        computed[number][within] = tokens
    return {number: tuple(tokens) for number, tokens in computed.items()}
