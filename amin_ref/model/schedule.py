"""A schedule: the one form of every result, of any scheduler (specification, section 2)."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Literal, TypeGuard, get_args

import numpy as np
from numpy.typing import NDArray

from amin_ref.model.columns import COMPLETED, EVICTED, RunColumns
from amin_ref.model.columns import occupancy as occupancy_of_columns
from amin_ref.model.ending import FIELDS as ENDING_FIELDS
from amin_ref.model.ending import (
    NONE_ABORTED,
    aborted_from_document,
    aborted_requests,
    end_of_log,
    ended_from_document,
    ending_document,
    held_from_document,
    refuse_ending_fields,
    shown_ending,
    tokens_held,
)
from amin_ref.model.errors import InvalidDocument, InvalidValue, shown
from amin_ref.model.instance import (
    Instance,
    instance_document,
    instance_from_document,
    refuse_machine_field,
    unknown_request,
    version_of,
)
from amin_ref.model.json_reading import (
    expect_array,
    expect_fields,
    expect_format,
    expect_object,
    parse,
)
from amin_ref.model.machine import PAPERS_MACHINE, refuse_other_machines
from amin_ref.model.request import Request
from amin_ref.model.rounds import held_by_round, prefix_computed, tokens_generated
from amin_ref.model.short_form import short_tuple
from amin_ref.model.validation import LARGEST, RequestId, is_request_id, is_whole, whole_number

FORMAT = "amin-ref/schedule"
LINES_FORMAT = "amin-ref/schedule-lines"
VERSIONS = (1, 2)
"""Version 2 has an instance with a machine, runs with ``computed``, and what a log may lack.

A schedule without any of these is written in version 1.
"""

LEAST_IN_COLUMNS = 1000
"""The least number of runs that are put into columns: a few rows take longer than their objects."""

LONGEST_TIMELINE = 2**27
"""The most rounds of a timeline that is laid out as an array: 1 GiB of 8-byte counts."""

Outcome = Literal["completed", "evicted", "aborted"]

OUTCOMES: tuple[Outcome, ...] = get_args(Outcome)

_KNOWN_OUTCOMES = "it must be 'completed', 'evicted' or 'aborted'"


@dataclass(frozen=True, slots=True, repr=False)
class Run:
    """One stay of a request in the cache, in rounds ``start`` to ``stop - 1``.

    Attributes:
        request: id of the request.
        start: the first round of the run; at least 0.
        stop: the round after the run's last one; at least ``start``. For a completed run, the
            completion time.
        outcome: ``"completed"``, ``"evicted"``, or ``"aborted"`` if the client went away.
        computed: tokens computed in each round of the run, 0 in a round in which it is paused; any
            iterable is taken, and stored as a tuple. ``None``: the whole prefix in the first round
            and 1 in each round after it. The prefix is the prompt and, where an evicted request
            resumes, the tokens that it generated before (specification, section 7).

    Raises:
        InvalidValue: a field breaks one of these rules. :func:`amin_ref.check` says whether the
            run is *valid*: long enough, not before the arrival, and so on.
    """

    request: RequestId
    start: int
    stop: int
    outcome: Outcome
    computed: tuple[int, ...] | None = None

    def __post_init__(self) -> None:
        if not is_request_id(self.request):
            raise InvalidValue(
                "run: request", self.request, "it must be a request's id", "give a string or an int"
            )
        for name, value in (("start", self.start), ("stop", self.stop)):
            if not is_whole(value, 0):  # the text of a message costs more than all tests
                whole_number(self._named(name), value, 0, "rounds")
        if self.stop < self.start:
            raise InvalidValue(
                self._named("stop"),
                self.stop,
                f"it must not lie before start, which is {self.start}",
                "give the round after the run's last token",
            )
        if self.outcome not in OUTCOMES:
            raise InvalidValue(
                self._named("outcome"), self.outcome, _KNOWN_OUTCOMES, "give one of them"
            )
        if self.computed is not None:
            computed = _numbers_computed(self, self.computed, self._named("computed"))
            object.__setattr__(self, "computed", computed)

    def _named(self, field: str) -> str:
        """What a message calls a field."""
        return f"run of request {shown(self.request)}: {field}"

    def __repr__(self) -> str:
        """As of any dataclass, but without ``computed`` where it is ``None``."""
        computed = "" if self.computed is None else f", computed={self.computed!r}"
        return (
            f"Run(request={self.request!r}, start={self.start!r}, stop={self.stop!r}, "
            f"outcome={self.outcome!r}{computed})"
        )

    @property
    def length(self) -> int:
        """Rounds of the run. Without ``computed`` it generates a token in each of them."""
        return self.stop - self.start


@dataclass(frozen=True, init=False, repr=False)
class Schedule:
    """An instance and the runs that a scheduler made of it.

    Attributes:
        instance: the cache and its requests.
        runs: the runs in order of start, then of the request's position in the instance. Any
            iterable is taken, in any order, so that equal schedules compare equal.
        aborted: ids of the requests whose clients went away, each with the round in which that
            happened. A request that runs then also has a run of outcome ``"aborted"`` that stops
            in that round. Any mapping is taken.
        ended: the first round that the log does not have, where it ends before the work does;
            at least the last stop. ``None``: the log is complete, and no request is unfinished.
            A run that is cut off by the end of the log stops there as ``"evicted"``
            (decision D43).
        held: tokens held in each round as the engine says, for the rounds before ``ended``, or
            else before the last stop; any iterable is taken. ``None``: the engine does not say.
            It is less than what the runs imply where requests share prefixes (decision D44).

    An aborted or unfinished request has no latency, and its ``output_len`` is the least that it
    can be.

    Raises:
        InvalidValue: a field is not of this kind, or a run is of a request that the instance does
            not have. :func:`amin_ref.check` finds everything else that can be wrong.
    """

    instance: Instance
    runs: tuple[Run, ...]
    aborted: Mapping[RequestId, int]
    ended: int | None
    held: tuple[int, ...] | None

    def __init__(
        self,
        instance: Instance,
        runs: Iterable[Run],
        *,
        aborted: Mapping[RequestId, int] = NONE_ABORTED,
        ended: int | None = None,
        held: Iterable[int] | None = None,
    ) -> None:
        # Written out, because the __init__ of a dataclass would be typed to take only a tuple.
        object.__setattr__(self, "instance", instance)
        if not isinstance(instance, Instance):
            raise InvalidValue("schedule: instance", instance, "it must be an Instance", "give one")
        positions = instance.positions
        found = _tuple_of_runs(runs)
        for run in found:
            if run.request not in positions:
                raise unknown_request("run: request", run.request, instance)
        in_order = sorted(
            found,
            key=lambda run: (
                run.start,
                positions[run.request],
                run.stop,
                run.outcome,
                run.computed or (),
            ),
        )
        object.__setattr__(self, "runs", tuple(in_order))
        object.__setattr__(self, "aborted", aborted_requests(aborted, instance))
        last_stop = max((run.stop for run in found), default=0)
        object.__setattr__(self, "ended", end_of_log(ended, last_stop))
        rounds = last_stop if ended is None else ended
        object.__setattr__(self, "held", tokens_held(held, rounds))

    @classmethod
    def of_columns(cls, instance: Instance, columns: RunColumns) -> Schedule:
        """The schedule of these runs, whose :attr:`runs` are made when they are first read.

        Args:
            instance: the instance, on the paper's machine.
            columns: the runs, in any order; their numbers are those of valid :class:`Run` values.
        """
        schedule = cls(instance, ())
        del schedule.__dict__["runs"]
        schedule.__dict__["columns"] = columns.in_order()
        return schedule

    if not TYPE_CHECKING:  # a type checker that saw it would accept every misspelt name

        def __getattr__(self, name: str) -> object:
            """The runs of a schedule that was made of columns, when they are first read."""
            columns = self.__dict__.get("columns")
            if name != "runs" or columns is None:
                raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
            return self.__dict__.setdefault("runs", self._runs_of(columns))

    def _runs_of(self, columns: RunColumns) -> tuple[Run, ...]:
        requests = self.instance.requests
        words: dict[int, Outcome] = {COMPLETED: "completed", EVICTED: "evicted"}
        rows = zip(
            columns.positions.tolist(),
            columns.starts.tolist(),
            columns.stops.tolist(),
            columns.outcomes.tolist(),
            strict=True,
        )
        return tuple(
            Run(requests[position].id, start, stop, words[outcome])
            for position, start, stop, outcome in rows
        )

    @cached_property
    def columns(self) -> RunColumns | None:
        """The runs in columns, in the order of :attr:`runs`, where they are many and simple.

        ``None`` for less than :data:`LEAST_IN_COLUMNS` runs, and as for :meth:`in_columns`.
        """
        return None if len(self.runs) < LEAST_IN_COLUMNS else self.in_columns()

    def in_columns(self) -> RunColumns | None:
        """The runs in columns, however few.

        ``None`` on other machines than the paper's, and where a run says what it computed or the
        schedule has what only engines log.
        """
        if self.instance.machine != PAPERS_MACHINE or self.has_computed or self.lacks_something:
            return None
        positions = self.instance.positions
        outcomes = {"completed": COMPLETED, "evicted": EVICTED}
        count = len(self.runs)
        return RunColumns(
            np.fromiter((positions[run.request] for run in self.runs), np.int64, count),
            np.fromiter((run.start for run in self.runs), np.int64, count),
            np.fromiter((run.stop for run in self.runs), np.int64, count),
            np.fromiter((outcomes[run.outcome] for run in self.runs), np.int64, count),
        )

    def runs_as(self, other: Schedule) -> bool:
        """Whether both have the same runs, of instances with the same ids in the same order."""
        if self.columns is None or other.columns is None:
            return self.runs == other.runs
        return self.columns.equal(other.columns)

    @cached_property
    def _completion_column(self) -> NDArray[np.int64] | None:
        """When each request completes, by position; ``None`` without columns, or if one never."""
        if self.columns is None:
            return None
        found = self.columns.completions(len(self.instance.requests))
        return found if found.min(initial=0) >= 0 else None

    def __repr__(self) -> str:
        """As of any dataclass, with only the first of many requests and runs, and no defaults."""
        ending = shown_ending(self.aborted, self.ended, self.held)
        return f"Schedule(instance={self.instance!r}, runs={short_tuple(self.runs)}{ending})"

    @cached_property
    def completions(self) -> Mapping[RequestId, int]:
        """Completion time of every request that completes; of several, the first."""
        if (column := self._completion_column) is not None:
            ids = (request.id for request in self.instance.requests)
            return dict(zip(ids, column.tolist(), strict=True))
        found: dict[RequestId, int] = {}
        for run in self.runs:
            if run.outcome == "completed":
                found.setdefault(run.request, run.stop)
        return found

    @cached_property
    def latencies(self) -> tuple[int, ...]:
        """End-to-end latency, completion - arrival, of each request by position; rounds.

        Aborted and unfinished requests are left out, as in :attr:`served`.

        Raises:
            InvalidValue: a request never completes (see :func:`amin_ref.check`).
        """
        if (column := self._completion_column) is not None:
            return tuple((column - self.instance.columns.arrivals).tolist())
        return tuple(self._completion(request.id) - request.arrival for request in self.served)

    @cached_property
    def served(self) -> tuple[Request, ...]:
        """The requests that have a latency, by position: neither aborted nor unfinished."""
        if not self.aborted and self.ended is None:
            return self.instance.requests
        left_out = {*self.aborted, *self.unfinished}
        return tuple(each for each in self.instance.requests if each.id not in left_out)

    @cached_property
    def unfinished(self) -> tuple[RequestId, ...]:
        """Ids of the requests that were neither completed nor aborted when the log ended."""
        if self.ended is None:
            return ()
        known = self.completions.keys() | self.aborted.keys()
        return tuple(each.id for each in self.instance.requests if each.id not in known)

    def _completion(self, request: RequestId) -> int:
        completion = self.completions.get(request)
        if completion is None:
            raise InvalidValue(
                f"request {shown(request)}: completion",
                completion,
                "its latency is defined only when it completes",
                "look at check(schedule) for what is wrong",
            )
        return completion

    @property
    def total_latency(self) -> int:
        """Σ (completion - arrival), the cost of a schedule; request·rounds."""
        return sum(self.latencies)

    @property
    def mean_latency(self) -> float:
        """Latency per request; rounds. 0 for an instance without requests."""
        return self.total_latency / max(1, len(self.latencies))

    @property
    def median_latency(self) -> float:
        """The median latency: of an even number, the mean of the middle two; rounds. 0 of none."""
        return float(np.median(self.latencies)) if self.latencies else 0.0

    @property
    def p99_latency(self) -> int:
        """The ⌈0.99·n⌉-th smallest of n latencies (decision D20); rounds. 0 of none."""
        if not self.latencies:
            return 0
        rank = -(-99 * len(self.latencies) // 100)
        return sorted(self.latencies)[rank - 1]

    @property
    def makespan(self) -> int:
        """The last stop of any run; rounds. 0 without runs."""
        if self.columns is not None:
            return int(self.columns.stops.max(initial=0))
        return max((run.stop for run in self.runs), default=0)

    @property
    def evictions(self) -> int:
        """Number of evicted runs; a run that the end of the log cuts off is none."""
        if self.columns is not None:
            return int((self.columns.outcomes == EVICTED).sum())
        return sum(run.outcome == "evicted" and run.stop != self.ended for run in self.runs)

    @property
    def wasted_tokens(self) -> int:
        """Tokens generated in runs that were evicted; 0 where an evicted request resumes.

        Those of aborted runs, and of runs that the end of the log cuts off, are not counted.
        """
        if self.instance.machine.after_eviction == "resume":
            return 0
        if (columns := self.columns) is not None:
            return sum(columns.lengths[columns.outcomes == EVICTED].tolist())
        return sum(
            tokens_generated(run, prefix)
            for run, prefix in zip(self.runs, self.prefixes, strict=True)
            if run.outcome == "evicted" and run.stop != self.ended
        )

    @property
    def recomputed_tokens(self) -> int:
        """Tokens of prefixes that are computed in runs after a request's first run."""
        if (columns := self.columns) is not None:
            again = np.ones(len(columns), dtype=np.bool_)
            again[np.unique(columns.positions, return_index=True)[1]] = False
            again &= columns.lengths > 0
            return sum(self.instance.columns.prompts[columns.positions[again]].tolist())
        total = 0
        seen: set[RequestId] = set()
        for run, prefix in zip(self.runs, self.prefixes, strict=True):
            if run.request in seen:
                total += prefix_computed(run, prefix)
            seen.add(run.request)
        return total

    @property
    def computed_tokens(self) -> int:
        """Tokens computed in all runs: prefixes, and one for each generated token but the last."""
        if (columns := self.columns) is not None:
            of_runs = self.instance.columns.prompts[columns.positions] + columns.lengths - 1
            return sum(of_runs[columns.lengths > 0].tolist())
        return sum(
            sum(run.computed)
            if run.computed is not None
            else prefix + run.length - 1
            if run.length
            else 0
            for run, prefix in zip(self.runs, self.prefixes, strict=True)
        )

    @cached_property
    def prefixes(self) -> tuple[int, ...]:
        """What each run must compute before it generates its first token, in :attr:`runs`' order.

        That is the prompt, and under resume the tokens generated before; tokens.
        """
        found: list[int] = []
        generated: dict[RequestId, int] = {}
        resumes = self.instance.machine.after_eviction == "resume"
        for run in self.runs:
            before = generated.get(run.request, 0)
            prefix = self.instance.by_id[run.request].prompt_len + before
            found.append(prefix)
            if resumes:
                generated[run.request] = before + tokens_generated(run, prefix)
        return tuple(found)

    @cached_property
    def peak_occupancy(self) -> int:
        """The largest occupancy of any round; tokens, in whole blocks. By ``held`` where given."""
        if self.held is not None:
            return max(self.held, default=0)
        if self._timeline is not None:
            return int(self._timeline.max(initial=0))
        return max((int(held.max()) for _, held in self._busy_periods()), default=0)

    @cached_property
    def mean_occupancy(self) -> float:
        """The mean occupancy of rounds 0 to makespan - 1, idle ones included; tokens.

        By ``held`` where given.
        """
        if self.held is not None:
            return sum(self.held[: self.makespan]) / max(1, self.makespan)
        if self._timeline is not None:
            return int(self._timeline.sum()) / max(1, self.makespan)
        held_in_all = sum(int(held.sum()) for _, held in self._busy_periods())
        return held_in_all / max(1, self.makespan)

    def occupancy(self) -> NDArray[np.int64]:
        """Tokens held in each round: shape ``(makespan,)``, in whole blocks. By ``held`` if given.

        Raises:
            InvalidValue: the schedule is longer than :data:`LONGEST_TIMELINE` rounds.
        """
        _refuse_long_timeline(self.makespan)
        if self.held is not None:
            return np.array(self.held[: self.makespan], dtype=np.int64)
        if self._timeline is not None:
            return self._timeline.copy()
        timeline = np.zeros(self.makespan, dtype=np.int64)
        for first, held in self._busy_periods():
            timeline[first : first + len(held)] = held
        return timeline

    @cached_property
    def _timeline(self) -> NDArray[np.int64] | None:
        """Tokens held in each round, from columns; ``None`` where they do not suffice."""
        if self.columns is None:
            return None
        return occupancy_of_columns(
            self.columns, self.instance.columns.prompts, self.instance.block_size
        )

    def _busy_periods(self) -> Iterator[tuple[int, NDArray[np.int64]]]:
        """First round and tokens held, for each longest interval of rounds that all have runs."""
        period: list[tuple[Run, int]] = []
        stop = 0
        for run, prefix in zip(self.runs, self.prefixes, strict=True):
            if period and run.start >= stop:
                yield period[0][0].start, self._held(period, stop)
                period = []
            if run.length > 0:
                period.append((run, prefix))
                stop = max(stop, run.stop)
        if period:
            yield period[0][0].start, self._held(period, stop)

    def _held(self, period: list[tuple[Run, int]], stop: int) -> NDArray[np.int64]:
        """Tokens held in each round of a period, whose runs are given with their prefixes."""
        first = period[0][0].start
        _refuse_long_timeline(stop - first)
        held = np.zeros(stop - first, dtype=np.int64)
        instance = self.instance
        for run, prefix in period:
            held[run.start - first : run.stop - first] += held_by_round(
                run, prefix, instance.block_size, instance.machine
            )
        return held

    def _version(self) -> int:
        is_new = self.has_computed or self.lacks_something
        return 2 if is_new else version_of(self.instance)

    @property
    def lacks_something(self) -> bool:
        """Whether a request is aborted, the log ends early, or the engine says what it held."""
        if "columns" in self.__dict__ and self.columns is not None:
            return False
        return (
            bool(self.aborted)
            or self.ended is not None
            or self.held is not None
            or any(run.outcome == "aborted" for run in self.runs)
        )

    @property
    def has_computed(self) -> bool:
        """Whether some run says what it computed in each round."""
        if "columns" in self.__dict__ and self.columns is not None:
            return False
        return any(run.computed is not None for run in self.runs)

    def to_json(self) -> str:
        """The schedule with its instance as one line of JSON, versioned."""
        return json.dumps(
            {
                "format": FORMAT,
                "version": self._version(),
                "instance": instance_document(self.instance),
                "runs": [run_document(run) for run in self.runs],
                **ending_document(self.aborted, self.ended, self.held),
            }
        )

    @classmethod
    def from_json(cls, text: str, machine: Mapping[str, object] | None = None) -> Schedule:
        """The schedule in a document that :meth:`to_json`, or another program, wrote.

        Args:
            text: the document.
            machine: fields of :class:`Machine` that override or complete those of the document.

        Raises:
            InvalidDocument: the text is not JSON, or not of this format and version.
            InvalidValue: a field's value breaks a rule of :class:`Instance` or :class:`Run`.
        """
        document = expect_format(parse(text), FORMAT, *VERSIONS)
        _expect_fields(document, "schedule", ("format", "version", "instance", "runs"))
        runs = expect_array(document["runs"], "schedule: runs")
        instance, version = _instance_and_version(document, machine or {})
        if (columns := _plain_columns(document, runs, instance)) is not None:
            return cls.of_columns(instance, columns)
        return _with_ending(
            document,
            "schedule",
            instance,
            (
                run_from_document(run, f"schedule: runs[{index}]", instance, version)
                for index, run in enumerate(runs)
            ),
        )

    def to_json_lines(self) -> str:
        """The schedule as JSON lines: a header with the instance, then each run on its line."""
        header = {
            "format": LINES_FORMAT,
            "version": self._version(),
            "instance": instance_document(self.instance),
            **ending_document(self.aborted, self.ended, self.held),
        }
        documents = [header, *(run_document(run) for run in self.runs)]
        return "".join(json.dumps(document) + "\n" for document in documents)

    @classmethod
    def from_json_lines(cls, text: str, machine: Mapping[str, object] | None = None) -> Schedule:
        """The schedule in lines that :meth:`to_json_lines`, or an engine's log, wrote.

        The runs may be in any order.

        Args:
            text: the lines.
            machine: as for :meth:`from_json`.

        Raises:
            InvalidDocument: a line is not JSON, or not of the form above, or the last one is cut
                off (decision D32); the message names the line.
            InvalidValue: a field's value breaks a rule of :class:`Instance` or :class:`Run`.
        """
        lines = text.split("\n")
        is_cut = lines[-1] != ""
        if not is_cut:
            del lines[-1]
        documents = [
            _parsed_line(line, number, is_cut and number == len(lines))
            for number, line in enumerate(lines, start=1)
        ]
        header = expect_format(documents[0] if documents else None, LINES_FORMAT, *VERSIONS)
        _expect_fields(header, "line 1", ("format", "version", "instance"))
        instance, version = _instance_and_version(header, machine or {})
        return _with_ending(
            header,
            "line 1",
            instance,
            (
                run_from_document(run, f"line {number}", instance, version)
                for number, run in enumerate(documents[1:], start=2)
            ),
        )


def _expect_fields(document: Mapping[str, object], where: str, required: Sequence[str]) -> None:
    """Refuse unknown and missing fields; version 1 does not have what a log may lack."""
    if document["version"] == 1:
        refuse_ending_fields(document, where)
        expect_fields(document, where, required, ())
    else:
        expect_fields(document, where, required, ENDING_FIELDS)


def _with_ending(
    document: Mapping[str, object], where: str, instance: Instance, runs: Iterable[Run]
) -> Schedule:
    """The schedule of these runs, with what a document or a header says of aborts and the end."""
    return Schedule(
        instance,
        runs,
        aborted=aborted_from_document(document.get("aborted"), f"{where}: aborted", instance),
        ended=ended_from_document(document.get("ended"), f"{where}: ended"),
        held=held_from_document(document.get("held"), f"{where}: held"),
    )


def _instance_and_version(
    document: Mapping[str, object], machine: Mapping[str, object]
) -> tuple[Instance, int]:
    """The instance in a document or a header, and the version, which says what it may have.

    Args:
        document: the whole document, or the header.
        machine: fields of the machine that override or complete those of the document.
    """
    instance = dict(expect_object(document["instance"], "instance"))
    version = 1 if document["version"] == 1 else 2
    if version == 1:
        refuse_machine_field(instance, "instance")
    if machine:
        written = expect_object(instance.get("machine", {}), "instance: machine")
        instance["machine"] = {**written, **machine}
    return instance_from_document(instance), version


def refuse_other_schedules(schedule: Schedule, where: str) -> None:
    """Refuse a schedule of another machine than the paper's, or with what only engines log.

    That is ``computed`` of a run, and ``aborted``, ``ended`` and ``held``.

    Args:
        schedule: given by the user.
        where: the function or command that the user called.

    Raises:
        InvalidValue: the schedule is such a one.
    """
    refuse_other_machines(schedule.instance.machine, where)
    refuse_computed(schedule, where)
    refuse_what_a_log_lacks(schedule, where)


def refuse_computed(schedule: Schedule, where: str) -> None:
    """Refuse a schedule whose runs say what they computed.

    Args:
        schedule: given by the user.
        where: the function or command that the user called.

    Raises:
        InvalidValue: the schedule is such a one.
    """
    if schedule.has_computed:
        run = next(run for run in schedule.runs if run.computed is not None)
        raise InvalidValue(
            f"run of request {shown(run.request)}: computed",
            run.computed,
            f"this field is not supported by {where} yet",
            "give runs that compute their prompt in one round, without the field",
        )


def refuse_what_a_log_lacks(schedule: Schedule, where: str) -> None:
    """Refuse a schedule with aborted or unfinished requests, or with ``held``.

    Args:
        schedule: given by the user.
        where: the function or command that the user called.

    Raises:
        InvalidValue: the schedule is such a one.
    """
    for name in ENDING_FIELDS:
        value: object = getattr(schedule, name)
        if value not in (None, NONE_ABORTED):
            raise InvalidValue(
                f"schedule: {name}",
                value,
                f"this field is not supported by {where} yet",
                "give the schedule of a log that is complete, without the field",
            )
    for run in schedule.runs:
        if run.outcome == "aborted":
            raise InvalidValue(
                f"run of request {shown(run.request)}: outcome",
                run.outcome,
                f"this outcome is not supported by {where} yet",
                "give the schedule of a log without aborted requests",
            )


def read_schedule(text: str, machine: Mapping[str, object] | None = None) -> Schedule:
    """The schedule in a text of either form: one document, or JSON lines.

    Args:
        text: the document, or the lines.
        machine: fields of :class:`Machine` that override or complete those of the document.

    Raises:
        InvalidDocument: as :meth:`Schedule.from_json` or :meth:`Schedule.from_json_lines`.
        InvalidValue: as these.
    """
    first_line = text.lstrip().split("\n", 1)[0]
    if f'"{LINES_FORMAT}"' in first_line and not _is_one_document(first_line):
        return Schedule.from_json_lines(text, machine)
    return Schedule.from_json(text, machine)


def _is_one_document(first_line: str) -> bool:
    """Whether a line that has the name of the lines' format in it is a whole document after all.

    A request's id may be that name.
    """
    try:
        value = parse(first_line)
    except InvalidDocument:
        return False
    return isinstance(value, dict) and value.get("format") == FORMAT


def _parsed_line(line: str, number: int, may_be_cut: bool) -> object:
    """The JSON value of a line. The error for a line that is cut off differs from all others."""
    if not line.strip():
        raise InvalidDocument(f"line {number} is empty; remove it.")
    try:
        return parse(line)
    except InvalidDocument as error:
        if not may_be_cut:
            raise InvalidDocument(f"line {number}: {error}") from None
        whole = (
            f"The {number - 2} runs before it are whole; remove the line to judge them alone, or "
            if number > 1
            else "It is the header, without which there is no instance; "
        )
        raise InvalidDocument(
            f"line {number} is cut off after {len(line)} characters: the file ends within it. "
            f"{whole}let the scheduler finish its log."
        ) from None


def _numbers_computed(run: Run, computed: Iterable[int], field: str) -> tuple[int, ...]:
    """The numbers as a tuple, with one for each of the run's rounds."""
    try:
        found = tuple(computed)
    except TypeError:
        raise InvalidValue(
            field, computed, "it must be an iterable of ints", "give a tuple"
        ) from None
    for number in found:
        whole_number(field, number, 0, "tokens")
    if len(found) != run.length:
        raise InvalidValue(
            field,
            found,
            f"it must have one number for each of the {run.length} rounds of the run",
            "give 0 for a round in which the run is paused",
        )
    return found


def _tuple_of_runs(runs: Iterable[Run]) -> tuple[Run, ...]:
    try:
        found = tuple(runs)
    except TypeError:
        raise InvalidValue(
            "schedule: runs", runs, "it must be an iterable of Run", "give a list"
        ) from None
    for run in found:
        if not isinstance(run, Run):
            raise InvalidValue("schedule: runs", run, "each must be a Run", "build it with Run(…)")
    return found


def run_document(run: Run) -> dict[str, object]:
    """The run as an object for ``json``."""
    document: dict[str, object] = {
        "request": run.request,
        "start": run.start,
        "stop": run.stop,
        "outcome": run.outcome,
    }
    if run.computed is not None:
        document["computed"] = run.computed
    return document


def run_from_document(value: object, where: str, instance: Instance, version: int = 1) -> Run:
    """The run of a request of ``instance`` that an object from ``json`` describes.

    Args:
        value: the object.
        where: its place in the document, for messages.
        instance: the instance of the document.
        version: of the document; in version 1 a run has no ``computed``.

    Raises:
        InvalidDocument: the object lacks a field or has an unknown one.
        InvalidValue: a field's value breaks a rule of :class:`Run`, or the instance has no such
            request.
    """
    found = expect_object(value, where)
    if (plain := _plain_run(found, instance)) is not None:
        return plain
    optional = () if version == 1 and "computed" not in found else ("computed",)
    expect_fields(found, where, ("request", "start", "stop", "outcome"), optional)
    if version == 1 and "computed" in found:
        raise InvalidDocument(
            f"{where}: the field 'computed' belongs to version 2 and the document is of version 1; "
            'write "version": 2.'
        )
    request, outcome = found["request"], found["outcome"]
    if not is_request_id(request):
        raise InvalidValue(
            f"{where}: request", request, "it must be a request's id", "give a string or an int"
        )
    if request not in instance.positions:
        raise unknown_request(f"{where}: request", request, instance)
    if version == 1 and outcome == "aborted":
        raise InvalidValue(
            f"{where}: outcome",
            outcome,
            "it must be 'completed' or 'evicted', because the document is of version 1",
            'write "version": 2',
        )
    if not _is_outcome(outcome):
        raise InvalidValue(f"{where}: outcome", outcome, _KNOWN_OUTCOMES, "give one of them")
    return Run(
        request=request,
        start=whole_number(f"{where}: start", found["start"], 0, "rounds"),
        stop=whole_number(f"{where}: stop", found["stop"], 0, "rounds"),
        outcome=outcome,
        computed=None
        if found.get("computed") is None
        else tuple(
            whole_number(f"{where}: computed[{index}]", number, 0, "tokens")
            for index, number in enumerate(expect_array(found["computed"], f"{where}: computed"))
        ),
    )


_PLAIN_FIELDS = {"request", "start", "stop", "outcome"}


def _plain_run(found: Mapping[str, object], instance: Instance) -> Run | None:
    """The run, if the object has these fields alone, and right values: as most have.

    The texts of messages, which name the place in the document, cost more than all tests.
    """
    if found.keys() != _PLAIN_FIELDS:
        return None
    request, outcome = found["request"], found["outcome"]
    start, stop = found["start"], found["stop"]
    if not is_request_id(request) or request not in instance.positions:
        return None
    if not is_whole(start, 0) or not is_whole(stop, 0):
        return None
    if not _is_outcome(outcome) or outcome == "aborted":
        return None
    return Run(request, start, stop, outcome)


def _plain_columns(
    document: Mapping[str, object], runs: Sequence[object], instance: Instance
) -> RunColumns | None:
    """The runs in columns, if they are many and all have these fields alone, and right values.

    A million :class:`Run` values take longer to make than all else that reading does.
    """
    if len(runs) < LEAST_IN_COLUMNS or instance.machine != PAPERS_MACHINE:
        return None
    if any(field in document for field in ENDING_FIELDS):
        return None
    outcomes = {"completed": COMPLETED, "evicted": EVICTED}
    positions, starts, stops, ends = [], [], [], []
    try:
        for found in runs:
            if not isinstance(found, dict) or len(found) != len(_PLAIN_FIELDS):
                return None
            request, start, stop = found["request"], found["start"], found["stop"]
            if type(request) not in (int, str) or type(start) is not int or type(stop) is not int:
                return None
            positions.append(instance.positions[request])
            starts.append(start)
            stops.append(stop)
            ends.append(outcomes[found["outcome"]])
    except (KeyError, TypeError):
        return None
    if min(starts) < 0 or max(max(starts), max(stops)) > LARGEST:
        return None
    columns = RunColumns(
        *(np.array(each, dtype=np.int64) for each in (positions, starts, stops, ends))
    )
    return None if (columns.lengths < 0).any() else columns


def _is_outcome(value: object) -> TypeGuard[Outcome]:
    return type(value) is str and value in OUTCOMES


def _refuse_long_timeline(rounds: int) -> None:
    if rounds > LONGEST_TIMELINE:
        raise InvalidValue(
            "schedule: rounds",
            rounds,
            f"at most {LONGEST_TIMELINE} are laid out round by round",
            "count time in coarser rounds",
        )
