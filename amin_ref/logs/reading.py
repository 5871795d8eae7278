"""A log as a schedule: runs from what happened, output lengths from what was generated."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from amin_ref.logs.events import FORMAT, Event, Header, events_in, header_in
from amin_ref.logs.stay import Stay
from amin_ref.model.errors import InvalidDocument, InvalidValue, shown
from amin_ref.model.instance import Instance
from amin_ref.model.json_reading import expect_object
from amin_ref.model.request import Request
from amin_ref.model.schedule import Outcome, Run, Schedule
from amin_ref.model.validation import LARGEST, RequestId, whole_number

MOST_LAID_OUT = 2**26
"""The most rounds that are kept one by one: half a gigabyte of numbers.

A short log can name distant rounds, and must not fill the memory.
"""


def is_log(beginning: str) -> bool:
    """Whether a text that begins so is a log, by the name of the format in its first line."""
    return f'"{FORMAT}"' in beginning.lstrip().split("\n", 1)[0]


@dataclass(frozen=True, slots=True)
class LastRound:
    """The last round of a log that was not closed (decision D46).

    Attributes:
        round: the round.
        lines: how many lines of it the log has.
        settled: the schedule with what is certain of the round, whatever lines of it are missing.
            A rule that it breaks is broken by every way in which the round can go on. It is for
            :func:`amin_ref.check` alone: a request that runs, and of which no line of the round
            says what it computes, is taken out of the cache.
    """

    round: int
    lines: int
    settled: Schedule


@dataclass(frozen=True, slots=True)
class ReadLog:
    """What a log says.

    Attributes:
        schedule: what the engine did, without ``left_out``.
        left_out: the last round, if the log was not closed; ``None`` otherwise.
    """

    schedule: Schedule
    left_out: LastRound | None = None

    @property
    def to_check(self) -> Schedule:
        """The schedule whose violations are those of the log."""
        return self.schedule if self.left_out is None else self.left_out.settled


def read_log(text: str, machine: Mapping[str, object] | None = None) -> Schedule:
    """The schedule that an engine logged, without the last round of a log that was not closed.

    As :func:`read_log_to_its_end`, which also says what was left out.
    """
    return read_log_to_its_end(text, machine).schedule


def read_log_to_its_end(text: str, machine: Mapping[str, object] | None = None) -> ReadLog:
    """The schedule that an engine logged, and the round that was left out of it.

    The requests are in the order of their ``arrive`` lines. A log without an ``end`` line in which
    a request is neither completed nor aborted was not closed: it may lack lines of its last round,
    so that round is left out of the schedule, which ends before it (decision D46).

    Args:
        text: the lines.
        machine: fields of :class:`~amin_ref.Machine` that override or complete those of the header.

    Raises:
        InvalidDocument: a line is not of the format, or contradicts the lines before it; the
            message names the line. The lines of a round that is left out are read, too.
        InvalidValue: a value breaks a rule of a request, a run or the instance.
    """
    lines = text.split("\n")
    if lines[-1] != "":
        raise InvalidDocument(
            f"line {len(lines)} is cut off after {len(lines[-1])} characters: the file ends within "
            "it; remove the line, or let the engine finish its log."
        )
    del lines[-1]
    if not lines:
        raise InvalidDocument("the log is empty; its first line is a header.")
    log = _Log(header_in(lines[0], machine or {}))
    pending = log.read(events_in(_numbered(lines)))
    if not pending:
        return ReadLog(log.schedule())
    with_last_round = log.copied()
    with_last_round.happen(pending)
    now = pending[0].round
    return ReadLog(log.schedule(), LastRound(now, len(pending), with_last_round.settled_in(now)))


def _numbered(lines: Sequence[str]) -> Iterator[tuple[int, str]]:
    for index in range(1, len(lines)):
        yield index + 1, lines[index]


@dataclass(slots=True)
class _Logged:
    """What is known of a request after the lines that were read.

    Attributes:
        prompt_len: s; tokens.
        lower: ℓ; tokens.
        upper: u; tokens, or ``None``.
        arrival: the round of its arrival.
        kept: under resume, tokens of the runs that have stopped.
        most: the most tokens that a run which has stopped had, those kept before it included.
        output_len: tokens generated when it completed; ``None`` before.
        stay: the run that has not stopped.
    """

    prompt_len: int
    lower: int
    upper: int | None
    arrival: int
    kept: int = 0
    most: int = 0
    output_len: int | None = None
    stay: Stay | None = None


@dataclass
class _Log:
    header: Header
    requests: dict[str, _Logged] = field(default_factory=dict)
    runs: list[Run] = field(default_factory=list)
    aborted: dict[RequestId, int] = field(default_factory=dict)
    ended: int | None = None
    held: dict[int, int] = field(default_factory=dict)
    open: int = 0
    """Requests that are neither completed nor aborted."""
    laid_out: int = 0
    """Rounds that are kept one by one, over all runs."""

    def read(self, events: Iterator[Event]) -> Sequence[Event]:
        """Read all events, the ones of a round when the round is over.

        Returns:
            The events of the last round, if the log was not closed; they have not happened.
        """
        pending: list[Event] = []
        now = 0
        for event in events:
            if self.ended is not None:
                raise event.refuse("no line may follow the event 'end'")
            if event.round > now:
                self.happen(pending)
                pending = []
                now = event.round
            elif event.round < now:
                raise event.refuse(
                    f"it is of round {event.round} and a line before it of round {now}; write the "
                    "lines in the order in which things happen"
                )
            if event.kind == "end":
                self.ended = event.round
            else:
                pending.append(event)
        if self.ended is None and self.open + sum(map(_opens, pending)) > 0:
            self.ended = now
            return pending
        self.happen(pending)
        if self.ended is None and any(each.stay for each in self.requests.values()):
            self.ended = now + 1  # a request runs after it completed or was aborted; check says so
        return ()

    def copied(self) -> _Log:
        """A copy: what happens to it changes nothing here."""
        requests = {
            name: replace(request, stay=request.stay and request.stay.copied())
            for name, request in self.requests.items()
        }
        return replace(
            self,
            requests=requests,
            runs=[*self.runs],
            aborted={**self.aborted},
            held={**self.held},
        )

    def happen(self, events: Sequence[Event]) -> None:
        """The events of a round happen, in their order."""
        for event in events:
            if event.kind == "computed":
                self._compute(event)
            elif event.kind == "arrive":
                self._arrive(event)
            else:
                request = self.requests.get(event.request)
                if request is None:
                    raise event.refuse(
                        f"request {shown(event.request)} has not arrived; write its 'arrive' line "
                        "first"
                    )
                if event.kind == "start":
                    self._start(event, request)
                else:
                    self._leave(event, request)

    def _arrive(self, event: Event) -> None:
        if event.request in self.requests:
            raise event.refuse(f"request {shown(event.request)} has arrived before")
        given, of = event.fields, f"line {event.line}: "
        upper = given.get("upper")
        self.requests[event.request] = _Logged(
            whole_number(of + "prompt_len", given["prompt_len"], 1, "tokens"),
            whole_number(of + "lower", given.get("lower", 1), 1, "tokens"),
            None if upper is None else whole_number(of + "upper", upper, 1, "tokens"),
            event.round,
        )
        self.open += 1

    def _start(self, event: Event, request: _Logged) -> None:
        if request.stay is not None:
            raise event.refuse(
                f"request {shown(event.request)} runs since round {request.stay.start}; a run "
                "stops with 'evict', 'complete' or 'abort'"
            )
        request.stay = Stay(event.round, request.prompt_len + request.kept)

    def _compute(self, event: Event) -> None:
        tokens = expect_object(event.fields["tokens"], f"line {event.line}: tokens")
        now = event.round
        for name, number in tokens.items():
            request = self.requests.get(name)
            if request is None or request.stay is None:
                raise event.refuse(f"request {shown(name)} does not run; write its 'start' line")
            if request.stay.next > now:
                raise event.refuse(
                    f"request {shown(name)} has computed tokens in round {now} before; give one "
                    "number for each round"
                )
            if type(number) is not int or not 0 <= number <= LARGEST:
                whole_number(f"line {event.line}: tokens: {shown(name)}", number, 0, "tokens")
            else:
                since = request.stay.start if request.stay.computed is None else request.stay.next
                self._lay_out(now + 1 - since, f"line {event.line}")
                request.stay.compute(now, number)
        if event.fields.get("held") is not None:
            if now in self.held:
                raise event.refuse(f"'held' is there twice for round {now}; give it once")
            self.held[now] = whole_number(
                f"line {event.line}: held", event.fields["held"], 0, "tokens"
            )

    def _leave(self, event: Event, request: _Logged) -> None:
        """The request is evicted, completes, or is aborted, which it may be while it waits."""
        stay, kind = request.stay, event.kind
        if stay is None and kind != "abort":
            raise event.refuse(f"request {shown(event.request)} does not run")
        if kind == "abort":
            if event.request in self.aborted:
                raise event.refuse(f"request {shown(event.request)} was aborted before")
            self.aborted[event.request] = event.round
            self.open -= request.output_len is None
        if stay is None:
            return
        stop = event.round + (kind == "complete")
        if stay.next > stop:
            raise event.refuse(
                f"request {shown(event.request)} has computed tokens in round {event.round}, and "
                f"'{kind}' is for the start of a round; write it with round {event.round + 1}"
            )
        self._stop(event.request, request, stop, _OUTCOMES[kind])
        if kind == "complete" and request.output_len is None:
            # What it kept includes this run; a request that restarts keeps nothing.
            request.output_len = max(1, request.kept or stay.generated)
            self.open -= event.request not in self.aborted

    def _stop(self, name: str, request: _Logged, stop: int, outcome: Outcome) -> None:
        stay = request.stay
        if stay is None:
            return
        if stay.computed is not None:
            self._lay_out(stop - stay.next, f"request {shown(name)}")
        stay.pass_rounds(stop)
        computed = None if stay.computed is None else tuple(stay.computed)
        self.runs.append(Run(name, stay.start, stop, outcome, computed))
        request.most = max(request.most, request.kept + stay.generated)
        if self.header.machine.after_eviction == "resume":
            request.kept += stay.generated
        request.stay = None

    def _lay_out(self, rounds: int, where: str) -> None:
        self.laid_out += rounds
        if self.laid_out > MOST_LAID_OUT:
            raise InvalidDocument(
                f"{where}: the runs with 'computed' lines have more than {MOST_LAID_OUT:,} rounds "
                "together; leave out these lines where a request computes the rest of its "
                "prefix, or cut the log into parts."
            )

    def settled_in(self, now: int) -> Schedule:
        """See :attr:`LastRound.settled`; the events of the last round, ``now``, have happened."""
        for name, request in self.requests.items():
            stay = request.stay
            if stay is None:
                continue
            if stay.next > now:  # what it computes was said
                outcome: Outcome = "evicted"
                tokens = request.kept + stay.generated
                if stay.ends_with_token and self._may_complete(name, request, tokens):
                    outcome, request.output_len = "completed", tokens
                self._stop(name, request, now + 1, outcome)
            elif stay.start == now:  # it may compute nothing, and it cannot be evicted any more
                stay.compute(now, 0)
                self._stop(name, request, now + 1, "evicted")
            else:  # it may have been evicted at the start of the round
                self._stop(name, request, now, "evicted")
        self.ended = now + 1
        held, self.held = self.held, {}
        found = self.schedule()
        if not held:
            return found
        # Requests that no line names can hold more, and requests that share prefixes can hold less.
        by_runs = int(found.occupancy()[now]) if found.makespan > now else 0
        capacity = self.header.capacity
        said = held.get(now, min(by_runs, capacity))
        self.held = {**held, now: said if said > capacity else min(said, by_runs)}
        return Schedule(
            found.instance,
            found.runs,
            aborted=found.aborted,
            ended=found.ended,
            held=self._held(now + 1),
        )

    def _may_complete(self, name: str, request: _Logged, tokens: int) -> bool:
        """Whether a request may complete with this many tokens."""
        least = request.most + 1  # it had ``most`` tokens, and did not complete
        if self.header.machine.sound_predictions:
            least = max(least, request.lower)
        return tokens >= least and name not in self.aborted

    def schedule(self) -> Schedule:
        """The schedule, once all events were read."""
        if self.ended is not None:
            for name, request in self.requests.items():
                self._stop(name, request, self.ended, "evicted")
        instance = Instance(
            self.header.capacity,
            [self._request(name, request) for name, request in self.requests.items()],
            self.header.block_size,
            self.header.machine,
        )
        ended, rounds = self.ended, max((run.stop for run in self.runs), default=0)
        late = max((now for now, tokens in self.held.items() if tokens), default=-1)
        if ended is None and late >= rounds:
            ended = late + 1  # tokens are held after the last run; check will say so
        held = self._held(rounds if ended is None else ended)
        return Schedule(instance, self.runs, aborted=self.aborted, ended=ended, held=held)

    def _request(self, name: str, request: _Logged) -> Request:
        output_len = request.output_len
        if output_len is None:
            # The least that it can be: it would have completed with the tokens that it has.
            output_len = request.most + 1
            if self.header.machine.sound_predictions:
                output_len = max(output_len, request.lower)
        elif self.header.machine.sound_predictions:
            self._refuse_wrong_prediction(name, request, output_len)
        return Request(
            name,
            request.prompt_len,
            output_len,
            request.lower,
            request.upper,
            request.arrival,
        )

    def _refuse_wrong_prediction(self, name: str, request: _Logged, output_len: int) -> None:
        """An engine does not know when it writes the header whether its predictions will hold."""
        for which, bound, holds in (
            ("lower", request.lower, request.lower <= output_len),
            ("upper", request.upper, request.upper is None or output_len <= request.upper),
        ):
            if not holds:
                raise InvalidValue(
                    f"request {shown(name)}: {which}",
                    bound,
                    f"the request generated {output_len} tokens, and predictions must hold",
                    'write "sound_predictions": false in the machine of the header',
                )

    def _held(self, rounds: int) -> list[int] | None:
        if not self.held:
            return None
        if rounds > MOST_LAID_OUT:
            raise InvalidValue(
                "log: rounds",
                rounds,
                f"with 'held' a log has at most {MOST_LAID_OUT:,}",
                "leave out 'held'",
            )
        changes: dict[int, int] = {}
        for run in self.runs:
            changes[run.start] = changes.get(run.start, 0) + 1
            changes[run.stop] = changes.get(run.stop, 0) - 1
        running = 0
        found: list[int] = []
        for now in range(rounds):
            running += changes.get(now, 0)
            if running and now not in self.held:
                raise InvalidValue(
                    "log: held",
                    None,
                    f"round {now} lacks it, and round {min(self.held)} has it",
                    "give it in every round in which requests run, or in none",
                )
            found.append(self.held.get(now, 0))
        return found


_OUTCOMES: Mapping[str, Outcome] = {
    "evict": "evicted",
    "complete": "completed",
    "abort": "aborted",
}


def _opens(event: Event) -> int:
    """By how much an event changes the number of requests neither completed nor aborted."""
    return {"arrive": 1, "complete": -1, "abort": -1}.get(event.kind, 0)
