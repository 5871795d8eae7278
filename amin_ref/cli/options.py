"""The flags that describe a workload, shared by every command that takes one."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import wraps
from pathlib import Path

import click

from amin_ref.cli.flags import is_given, without_effect
from amin_ref.cli.messages import tell
from amin_ref.cli.progress import busy
from amin_ref.cli.reading import STANDARD_INPUT, holds_document, instance_in, source_of
from amin_ref.cli.wording import count, duration, machine_in_words
from amin_ref.files.reading import CannotRead, Source
from amin_ref.model.errors import shown
from amin_ref.model.instance import Instance
from amin_ref.model.validation import LARGEST
from amin_ref.policies import ByPosition, Shuffled, TieBreak
from amin_ref.workloads import (
    DEFAULT_ARRIVALS,
    DEFAULT_CAPACITY,
    DEFAULT_PREDICTION,
    DEFAULT_REQUESTS,
    DEFAULT_WORKLOAD,
    EMBEDDED,
    Dropped,
    Selection,
    TimeUnit,
    Workload,
    select_rows,
    workload_from_selection,
)
from amin_ref.workloads.fields import TIME_UNITS


class WholeNumber(click.ParamType[int]):
    """A whole number from ``least`` to what JSON keeps exact; its name is its unit."""

    def __init__(self, unit: str, least: int) -> None:
        self.name = unit
        self._least = least

    def convert(
        self, value: str | int, param: click.Parameter | None, ctx: click.Context | None
    ) -> int:
        """The number that ``value`` stands for."""
        try:
            number = int(value)
        except ValueError:
            self.fail(f"{shown(value)} is not a whole number", param, ctx)
        if not self._least <= number <= LARGEST:
            self.fail(f"{shown(value)} is not from {self._least} to 2**53 - 1", param, ctx)
        return number


class Seconds(click.ParamType[float]):
    """A finite number of seconds, 0 or more."""

    name = "seconds"

    def convert(
        self, value: str | float, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        """The number that ``value`` stands for."""
        try:
            number = float(value)
        except ValueError:
            self.fail(f"{shown(value)} is not a number of seconds", param, ctx)
        if not 0 <= number < math.inf:
            self.fail(f"{shown(value)} is not a finite number of seconds, 0 or more", param, ctx)
        return number


SECONDS = Seconds()
REQUESTS = WholeNumber("requests", least=1)
TOKENS = WholeNumber("tokens", least=1)
SEED = WholeNumber("number", least=0)


_SELECTIONS = "amin_ref.cli.selections"
"""Where click's context keeps the rows that were selected: a trace is read once."""

DETERMINISTIC = ("exact", "rough", "bins", "relative", "naive", "at-once", "trace")
"""Kinds of predictions and of arrivals that draw nothing at random."""


@dataclass(frozen=True, slots=True)
class WorkloadOptions:
    """The flags as they were given; see :func:`workload_options` for what they mean.

    Attributes:
        workload: an embedded workload, or a file; ``-`` is standard input.
        requests: the number of requests; ``None`` for the workload's own default.
        seed: of every random choice.
        capacity: M, in tokens.
        block_size: B, in tokens.
        prediction: a text such as ``"bins:10"``.
        arrivals: a text such as ``"poisson:0.3"``.
        ties: ``"position"`` or ``"random"``.
        time_unit: what a trace's times count; ``None`` for what its format says.
        given: the Python names of those that the user gave, which are refused where they have no
            effect.
    """

    workload: str
    requests: int | None
    seed: int
    capacity: int
    block_size: int
    prediction: str
    arrivals: str
    ties: str
    time_unit: TimeUnit | None = None
    given: frozenset[str] = frozenset()

    def build(self) -> Workload:
        """Read or draw the workload, and show that this goes on.

        Raises:
            click.UsageError: a flag was given that has no effect on this workload.
            InvalidDocument: the file holds an instance or a schedule that is malformed.
            InvalidValue: an argument breaks its rule.
            InvalidWorkload: the trace cannot be read, or nothing in it fits into the cache.
        """
        with busy(f"preparing {self.shown_workload}"):
            return self.build_silently()

    def build_silently(self) -> Workload:
        """As :meth:`build`, without showing anything: inside of other progress.

        Raises:
            AminError: as :meth:`build` does.
        """
        instance = None if self.workload in EMBEDDED else instance_in(self.workload)
        if instance is not None:
            self._refuse(INSTANCE_FLAGS, "on a file that holds an instance")
            size = len(instance.requests)
            return Workload(instance, self.shown_workload, None, size, Dropped())
        built = workload_from_selection(
            self._selection(),
            self.shown_workload,
            seed=self.seed,
            capacity=self.capacity,
            block_size=self.block_size,
            prediction=self.prediction,
            arrivals=self.arrivals,
        )
        if not self.is_random:
            self._refuse(("seed",), "where nothing is random")
        return built

    def _selection(self) -> Selection:
        """The rows; those of a trace are read once, whatever the seed."""
        known: dict[WorkloadOptions, Selection]
        known = click.get_current_context().meta.setdefault(_SELECTIONS, {})
        key = self if self.workload in EMBEDDED else replace(self, seed=0)
        if key not in known:
            known[key] = select_rows(
                self._source(),
                capacity=self.capacity,
                block_size=self.block_size,
                requests=self.requests,
                seed=self.seed,
                time_unit=self.time_unit,
            )
            span = known[key].span_ns
            if span is not None:
                tell(f"the trace spans {duration(span)}.")
        return known[key]

    def _source(self) -> str | Source:
        if self.workload in EMBEDDED:
            return self.workload
        try:
            return source_of(self.workload)
        except CannotRead:
            return self.workload  # select_rows says what is wrong with a name

    @property
    def shown_workload(self) -> str:
        """The workload's name or file, as messages and tables call it."""
        return STANDARD_INPUT if self.workload == "-" else self.workload

    def tie_break(self) -> TieBreak:
        """What decides between equal bounds."""
        return Shuffled(self.seed) if self.ties == "random" else ByPosition()

    def sentence(self, instance: Instance) -> str:
        """What is scheduled: requests, workload, arrivals, prediction and cache, in a sentence."""
        how = f", {self.arrivals}, prediction {self.prediction}"
        return (
            f"{count(len(instance.requests), 'request')} from {Path(self.shown_workload).name}"
            f"{'' if holds_document(self.workload) else how}; a cache of "
            f"{count(instance.capacity, 'token')} in blocks of {instance.block_size:,}"
            f"{machine_in_words(instance.machine)}."
        )

    def as_document(self) -> dict[str, object]:
        """The flags under their names, for JSON."""
        return {
            "workload": self.workload,
            "seed": self.seed,
            "capacity": self.capacity,
            "block_size": self.block_size,
            "prediction": self.prediction,
            "arrivals": self.arrivals,
            "ties": self.ties,
            "time_unit": self.time_unit,
        }

    @property
    def is_random(self) -> bool:
        """Whether the seed has an effect on the workload or on ties."""
        if self.workload in EMBEDDED or self.ties == "random":
            return True
        kinds = {text.partition(":")[0] for text in (self.prediction, self.arrivals)}
        return not (kinds <= set(DETERMINISTIC) or holds_document(self.workload))

    def _refuse(self, names: Sequence[str], where: str) -> None:
        seed_has_effect = self.ties == "random"
        for name in names:
            if name in self.given and not (name == "seed" and seed_has_effect):
                raise without_effect(click.get_current_context(), name, where)


INSTANCE_FLAGS = (
    "requests",
    "seed",
    "capacity",
    "block_size",
    "prediction",
    "arrivals",
    "load",
    "time_unit",
)
"""What a file with an instance says itself. The seed still decides random ties."""


def workload_options(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the workload flags; it receives them as one :class:`WorkloadOptions`."""
    return _with_options(command, (_WORKLOAD, *_OPTIONS, _TIES))


def instance_options(command: Callable[..., None]) -> Callable[..., None]:
    """The same without ``--ties``, for a command that runs none of the policies."""
    return _with_options(command, (_WORKLOAD, *_OPTIONS))


def seeded_instance_options(command: Callable[..., None]) -> Callable[..., None]:
    """The same as :func:`instance_options`, for a command that uses the seed in other ways, too."""
    return _with_options(command, (_WORKLOAD, *_OPTIONS), seed_is_used=True)


def _refuse_two_arrivals(context: click.Context) -> None:
    """Refuse ``--load`` beside an ``--arrivals`` that was given, too."""
    if is_given(context, "arrivals"):
        raise click.UsageError("--load and --arrivals both say when requests arrive; give one")


def _with_options(
    command: Callable[..., None],
    decorators: Sequence[Callable[..., Callable[..., None]]],
    *,
    seed_is_used: bool = False,
) -> Callable[..., None]:

    @wraps(command)
    def with_options(
        *args: object,
        workload: str,
        requests: int | None,
        seed: int,
        capacity: int,
        block_size: int,
        prediction: str,
        arrivals: str,
        load: str | None,
        time_unit: TimeUnit | None,
        ties: str = "position",
        **others: object,
    ) -> None:
        context = click.get_current_context()
        if load is not None:
            _refuse_two_arrivals(context)
            arrivals = f"load:{load}"
        given = {name for name in _NAMES if is_given(context, name)}
        if seed_is_used:
            given.discard("seed")
        options = WorkloadOptions(
            workload=workload,
            requests=requests,
            seed=seed,
            capacity=capacity,
            block_size=block_size,
            prediction=prediction,
            arrivals=arrivals,
            ties=ties,
            time_unit=time_unit,
            given=frozenset(given),
        )
        command(*args, options=options, **others)

    decorated: Callable[..., None] = with_options
    for decorator in reversed(decorators):
        decorated = decorator(decorated)
    return decorated


_NAMES = (*INSTANCE_FLAGS, "ties")

_WORKLOAD = click.option(
    "--workload",
    metavar="NAME|FILE",
    default=DEFAULT_WORKLOAD,
    show_default=True,
    help="'chat', 'conversation', 'code' or 'mooncake': lengths drawn from the distributions of "
    "LMSYS chats, Azure conversations, Azure code or Mooncake. Or a trace file (plain or gzip): "
    "tables of Azure, LMSYS lengths, BurstGPT, Vidur, splitwise-sim or LLMServingSim; JSON lines "
    "of Mooncake, Qwen-Bailian, vLLM bench, LLMServingSim or aiperf; recognised by its first line. "
    "Or a JSON file with an instance or a schedule, whose instance is used unchanged. - is "
    "standard input.",
)

_OPTIONS = (
    click.option(
        "--requests",
        type=REQUESTS,
        help="Number of requests; from a trace, the first usable rows.  "
        f"[default: {DEFAULT_REQUESTS:,} random ones; all rows of a trace]",
    ),
    click.option(
        "--seed",
        type=SEED,
        default=0,
        show_default=True,
        help="Seed of every random choice: lengths, Poisson arrivals, predictions, ties.",
    ),
    click.option(
        "--capacity",
        type=TOKENS,
        default=DEFAULT_CAPACITY,
        help=f"M, size of the KV cache, in tokens.  [default: {DEFAULT_CAPACITY:,}]",
    ),
    click.option(
        "--block-size",
        type=TOKENS,
        default=1,
        show_default=True,
        help="B, tokens per cache block; a request occupies whole blocks.",
    ),
    click.option(
        "--prediction",
        metavar="KIND",
        default=DEFAULT_PREDICTION,
        show_default=True,
        help="The interval predicted for each output length, in tokens: 'exact'; 'rough:LO:HI', "
        "the same for all; 'bins:K', the bin of the length, among K equal bins up to the longest "
        "output; 'relative:X', the true length ± the fraction X of it; 'varying:X', the same with "
        "a random fraction from 0 to X for each request; 'naive', 1 to 1,000 for all; 'mixed:P', "
        "naive with probability P, else exact.",
    ),
    click.option(
        "--arrivals",
        metavar="KIND",
        default=DEFAULT_ARRIVALS,
        show_default=True,
        help="'at-once'; 'poisson:RATE', RATE requests per round; 'load:L', Poisson arrivals that "
        "offer L times the work that the cache can serve; 'trace:SECONDS', the file's own "
        "timestamps, a round lasting SECONDS.",
    ),
    click.option(
        "--load",
        metavar="L",
        help="Poisson arrivals that offer L times the work that the cache can serve, such as 0.8; "
        "the same as the arrivals 'load:L'.  [default: not given]",
    ),
    click.option(
        "--time-unit",
        type=click.Choice(TIME_UNITS),
        help="Unit of the times in a trace: seconds, milliseconds or nanoseconds.  [default: that "
        "of the format]",
    ),
)

_TIES = click.option(
    "--ties",
    type=click.Choice(["position", "random"]),
    default="position",
    show_default=True,
    help="How requests with equal bounds are ordered: by their position in the workload, or "
    "randomly. The position in a trace is the order of arrival. Under every order that is fixed "
    "beforehand Amin's worst ratio to the optimum is of order u/ℓ; a random order makes the known "
    "bad cases milder.",
)
