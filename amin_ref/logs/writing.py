"""Writing a log: line by line as an engine runs, or from a schedule that is there as a whole."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import TextIO

from amin_ref.logs.events import FORMAT, VERSION
from amin_ref.logs.stay import Stay
from amin_ref.model.errors import InvalidValue
from amin_ref.model.machine import PAPERS_MACHINE, Machine, machine_document
from amin_ref.model.schedule import Schedule
from amin_ref.model.validation import RequestId


class LogWriter:
    """Writes the log of an engine to a text stream, one line for each event.

    Calls follow the rounds: within a round first ``arrive``, ``evict`` and ``abort``, then
    ``start``, then ``computed`` once, then ``complete``. A request that the client aborts after
    ``computed`` is aborted in the next round. The writer checks only what it needs for its lines;
    :func:`read_log` refuses a log that contradicts itself.

    The stream is neither flushed nor closed by the writer.

    Args:
        stream: where the lines go.
        capacity: M, size of the cache; tokens.
        block_size: B; tokens per cache block.
        machine: the rules by which requests run.
    """

    def __init__(
        self,
        stream: TextIO,
        *,
        capacity: int,
        block_size: int = 1,
        machine: Machine = PAPERS_MACHINE,
    ) -> None:
        self._stream = stream
        self._resumes = machine.after_eviction == "resume"
        self._prefixes: dict[str, int] = {}
        self._stays: dict[str, Stay] = {}
        stream.write(_line(_header(capacity, block_size, machine)))

    def arrive(
        self, now: int, request: str, prompt_len: int, lower: int = 1, upper: int | None = None
    ) -> None:
        """A request arrives, and may be admitted in round ``now``.

        Args:
            now: the round.
            request: its id.
            prompt_len: s; tokens.
            lower: ℓ, predicted lower bound of its output length; tokens.
            upper: u, predicted upper bound; tokens. ``None``: unknown.
        """
        self._prefixes[request] = prompt_len
        self._event("arrive", now, request, _prediction(prompt_len, lower, upper))

    def start(self, now: int, request: str) -> None:
        """The request is admitted, for the first time or again; ``now`` is its run's first round.

        Raises:
            InvalidValue: it has not arrived, or has completed.
        """
        if request not in self._prefixes:
            raise _not_there(request, "arrived", "call arrive first")
        self._stays[request] = Stay(now, self._prefixes[request])
        self._event("start", now, request)

    def computed(self, now: int, tokens: Mapping[str, int], held: int | None = None) -> None:
        """What the running requests compute in round ``now``.

        Without this call, each computes the rest of its prefix.

        Args:
            now: the round.
            tokens: of each running request; one that is not named computes nothing.
            held: tokens held in the round as the engine says, in whole blocks. ``None``: unknown.

        Raises:
            InvalidValue: a request that is named does not run.
        """
        for request in tokens:
            if request not in self._stays:
                raise _not_there(request, "started", "call start first")
        unusual: dict[str, int] = {}
        for request, stay in self._stays.items():
            stay.pass_rounds(now)
            number = tokens.get(request, 0)
            if number != stay.left:
                unusual[request] = number
                stay.compute(now, number)
            else:
                stay.pass_rounds(now + 1)
        if unusual or held is not None:
            fields: dict[str, object] = {"event": "computed", "round": now, "tokens": unusual}
            self._stream.write(_line(fields if held is None else {**fields, "held": held}))

    def left(self, request: str) -> int:
        """Tokens of its prefix that a running request has not computed; at least 1, if it is valid.

        Raises:
            InvalidValue: the request does not run.
        """
        if request not in self._stays:
            raise _not_there(request, "started", "call start first")
        return self._stays[request].left

    def evict(self, now: int, request: str) -> None:
        """The request is evicted at the start of round ``now``."""
        self._stop(now, request)
        self._event("evict", now, request)

    def complete(self, now: int, request: str) -> None:
        """The request generates its last token in round ``now``."""
        self._stop(now + 1, request)
        self._prefixes.pop(request, None)
        self._event("complete", now, request)

    def abort(self, now: int, request: str) -> None:
        """The client goes away at the start of round ``now``; the request may run or wait."""
        self._stop(now, request)
        self._prefixes.pop(request, None)
        self._event("abort", now, request)

    def end(self, now: int) -> None:
        """The log ends before round ``now``; requests may be unfinished.

        Without this line, and with unfinished requests, readers leave out the last round.
        """
        self._stream.write(_line({"event": "end", "round": now}))

    def _stop(self, stop: int, request: str) -> None:
        stay = self._stays.pop(request, None)
        if stay is not None and self._resumes:
            stay.pass_rounds(stop)
            self._prefixes[request] += stay.generated

    def _event(
        self, event: str, now: int, request: str, fields: Mapping[str, object] | None = None
    ) -> None:
        document = {"event": event, "round": now, "request": request, **(fields or {})}
        self._stream.write(_line(document))


def _not_there(request: str, what: str, mend: str) -> InvalidValue:
    return InvalidValue("log: request", request, f"it has not {what}", mend)


def log_of(schedule: Schedule) -> Iterator[str]:
    """The lines of a log of the schedule, with their line ends.

    An id that is an int becomes a string. The log of a valid schedule reads back as that schedule,
    with its requests in the order of their arrivals, without those that arrive when the log has
    ended, and without ``computed`` in runs that always compute the rest of their prefix.

    Raises:
        InvalidValue: two ids are the same as strings.
    """
    names = _names(schedule)
    instance = schedule.instance
    yield _line(_header(instance.capacity, instance.block_size, instance.machine))
    happening = _happening(schedule, names)
    for now in sorted(happening):
        for _, document in sorted(happening[now], key=lambda item: item[0]):
            yield _line(document)
    if schedule.ended is not None:
        yield _line({"event": "end", "round": schedule.ended})


_ORDER = {"arrive": 0, "evict": 1, "abort": 1, "start": 2, "computed": 3, "complete": 4}
"""The order of events within a round."""

_Happening = dict[int, list[tuple[int, dict[str, object]]]]
"""By round: lines, each with its place in the order of events."""


def _happening(schedule: Schedule, names: Mapping[RequestId, str]) -> _Happening:
    found: _Happening = {}

    def add(event: str, now: int, fields: Mapping[str, object]) -> None:
        document = {"event": event, "round": now, **fields}
        found.setdefault(now, []).append((_ORDER[event], document))

    for request in sorted(schedule.instance.requests, key=lambda request: request.arrival):
        if schedule.ended is not None and request.arrival >= schedule.ended:
            continue
        fields = _prediction(request.prompt_len, request.lower, request.upper)
        add("arrive", request.arrival, {"request": names[request.id], **fields})
    for run in schedule.runs:
        of = {"request": names[run.request]}
        add("start", run.start, of)
        if run.outcome == "completed":
            add("complete", run.stop - 1, of)
        elif run.outcome == "evicted" and run.stop != schedule.ended:
            add("evict", run.stop, of)
    for aborted, now in schedule.aborted.items():
        add("abort", now, {"request": names[aborted]})
    unusual = _unusual_rounds(schedule, names)
    held = schedule.held or ()
    for now in sorted({*unusual, *range(len(held))}):
        fields = {"tokens": unusual.get(now, {})}
        add("computed", now, {**fields, "held": held[now]} if held else fields)
    return found


def _unusual_rounds(
    schedule: Schedule, names: Mapping[RequestId, str]
) -> dict[int, dict[str, int]]:
    """By round: tokens of each run that does not compute the rest of its prefix."""
    found: dict[int, dict[str, int]] = {}
    prefixes = {request.id: request.prompt_len for request in schedule.instance.requests}
    resumes = schedule.instance.machine.after_eviction == "resume"
    for run in schedule.runs:
        stay = Stay(run.start, prefixes[run.request])
        for now, tokens in enumerate(run.computed or (), start=run.start):
            if tokens != stay.left:
                found.setdefault(now, {})[names[run.request]] = tokens
            stay.compute(now, tokens)
        stay.pass_rounds(run.stop)
        if resumes:
            prefixes[run.request] += stay.generated
    return found


def _names(schedule: Schedule) -> dict[RequestId, str]:
    """Each id as a string."""
    names = {request.id: str(request.id) for request in schedule.instance.requests}
    if len(set(names.values())) < len(names):
        twice = next(request for request in names if names[request] != request)
        raise InvalidValue(
            "schedule: id of a request",
            twice,
            "in a log ids are strings, and two ids are the same as strings",
            "give every request an id of its own",
        )
    return names


def _header(capacity: int, block_size: int, machine: Machine) -> dict[str, object]:
    header: dict[str, object] = {
        "format": FORMAT,
        "version": VERSION,
        "capacity": capacity,
        "block_size": block_size,
    }
    if machine != PAPERS_MACHINE:
        header["machine"] = machine_document(machine)
    return header


def _prediction(prompt_len: int, lower: int, upper: int | None) -> dict[str, object]:
    """The fields of an ``arrive`` line, without those that are the default."""
    fields: dict[str, object] = {"prompt_len": prompt_len}
    if lower != 1:
        fields["lower"] = lower
    if upper is not None:
        fields["upper"] = upper
    return fields


def _line(document: Mapping[str, object]) -> str:
    return json.dumps(document) + "\n"
