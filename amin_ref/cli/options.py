"""The flags that describe a workload, shared by every command that takes one."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import wraps

import click
from click.core import ParameterSource

from amin_ref.cli.progress import busy
from amin_ref.model.errors import shown
from amin_ref.model.validation import LARGEST
from amin_ref.policies import ByPosition, Shuffled, TieBreak
from amin_ref.workloads import (
    DEFAULT_ARRIVALS,
    DEFAULT_CAPACITY,
    DEFAULT_PREDICTION,
    DEFAULT_REQUESTS,
    DEFAULT_WORKLOAD,
    Workload,
    build_instance,
)


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


@dataclass(frozen=True, slots=True)
class WorkloadOptions:
    """The flags as they were given; see :func:`workload_options` for what they mean."""

    workload: str
    requests: int | None
    seed: int
    capacity: int
    block_size: int
    prediction: str
    arrivals: str
    ties: str

    def build(self) -> Workload:
        """Read or draw the workload."""
        with busy(f"preparing {self.workload}"):
            return build_instance(
                self.workload,
                requests=self.requests,
                seed=self.seed,
                capacity=self.capacity,
                block_size=self.block_size,
                prediction=self.prediction,
                arrivals=self.arrivals,
            )

    def tie_break(self) -> TieBreak:
        """What equal bounds are ordered by."""
        return Shuffled(self.seed) if self.ties == "random" else ByPosition()

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
        }


def workload_options(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the workload flags; it receives them as one :class:`WorkloadOptions`."""
    return _with_options(command, (_WORKLOAD, *_OPTIONS))


def workload_argument(command: Callable[..., None]) -> Callable[..., None]:
    """The same for a command that takes the workload as its argument, not as a flag."""
    argument = click.argument("workload", metavar="[FILE_OR_WORKLOAD]", default=DEFAULT_WORKLOAD)
    return _with_options(command, (argument, *_OPTIONS))


def _refuse_two_arrivals() -> None:
    """Refuse ``--load`` beside an ``--arrivals`` that was given, too."""
    source = click.get_current_context().get_parameter_source("arrivals")
    if source is not ParameterSource.DEFAULT:
        raise click.UsageError("--load and --arrivals both say when requests arrive; give one")


def _with_options(
    command: Callable[..., None], decorators: Sequence[Callable[..., Callable[..., None]]]
) -> Callable[..., None]:

    @wraps(command)
    def with_options(
        workload: str,
        requests: int | None,
        seed: int,
        capacity: int,
        block_size: int,
        prediction: str,
        arrivals: str,
        load: str | None,
        ties: str,
        **others: object,
    ) -> None:
        if load is not None:
            _refuse_two_arrivals()
            arrivals = f"load:{load}"
        command(
            options=WorkloadOptions(
                workload, requests, seed, capacity, block_size, prediction, arrivals, ties
            ),
            **others,
        )

    decorated: Callable[..., None] = with_options
    for decorator in reversed(decorators):
        decorated = decorator(decorated)
    return decorated


_WORKLOAD = click.option(
    "--workload",
    metavar="NAME|FILE",
    default=DEFAULT_WORKLOAD,
    show_default=True,
    help="'chat' or 'conversation', drawn from the length distributions of LMSYS chats and of "
    "Azure conversations, or a trace file (plain or gzip): Azure, LMSYS lengths, BurstGPT or Vidur "
    "CSV, Mooncake JSON lines. Recognised by its header.",
)

_OPTIONS = (
    click.option(
        "--requests",
        type=REQUESTS,
        help="Number of requests: the first so many usable rows of a file.  "
        f"[default: {DEFAULT_REQUESTS} drawn; every row of a file]",
    ),
    click.option(
        "--seed",
        type=SEED,
        default=0,
        show_default=True,
        help="Seed of drawn lengths, Poisson arrivals and random tie-breaks.",
    ),
    click.option(
        "--capacity",
        type=TOKENS,
        default=DEFAULT_CAPACITY,
        show_default=True,
        help="M, size of the KV cache, in tokens.",
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
        "the same for all; 'bins:K', the one of K equal bins up to the longest output; "
        "'relative:X', the true length give or take the fraction X; 'varying:X', the same with a "
        "fraction from 0 to X drawn for each request; 'naive', 1 to 1,000 for all; 'mixed:P', "
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
        "short for the arrivals 'load:L'.  [default: not given]",
    ),
    click.option(
        "--ties",
        type=click.Choice(["position", "random"]),
        default="position",
        show_default=True,
        help="What decides between equal bounds.",
    ),
)
