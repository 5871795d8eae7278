"""The work of ``amin-ref worst-case --family``: how bad a policy is on an instance of a theorem."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import click

from amin_ref.cli.bound import ProvenBound, proven_bound
from amin_ref.cli.comparing import schedules_of
from amin_ref.cli.progress import watching
from amin_ref.cli.wording import count, ratio
from amin_ref.cli.writing import terminal_width
from amin_ref.comparison.grid import Grid, wrapped
from amin_ref.families import FAMILIES, Family
from amin_ref.model.errors import InvalidValue
from amin_ref.model.instance import Instance
from amin_ref.model.schedule import Schedule
from amin_ref.policies import ByPosition, Shuffled
from amin_ref.policies.names import title_of

FORMAT = "amin-ref/family"
VERSION = 1

HINDSIGHT = "h-sf"
"""The policy whose total latency stands for a good schedule's; it sees every output length."""

TIME_LIMIT = 10.0
"""Default time limit of the search for the bound; seconds."""


@dataclass(frozen=True, slots=True)
class FamilyRatio:
    """What a policy costs on an instance of a family, beside H-SF and a certified bound.

    Attributes:
        family: the family.
        parameters: of the instance.
        schedule: the policy's schedule.
        hindsight: H-SF's.
        bound: a lower bound on the total latency of every schedule.
    """

    family: Family
    parameters: Mapping[str, int]
    schedule: Schedule
    hindsight: Schedule
    bound: ProvenBound

    @property
    def to_hindsight(self) -> float:
        """The policy's total latency over H-SF's: at most its ratio to OPT."""
        return self.schedule.total_latency / self.hindsight.total_latency

    @property
    def to_bound(self) -> float:
        """The policy's total latency over the certified bound: at least its ratio to OPT."""
        return self.schedule.total_latency / self.bound.total_latency

    def as_json(self) -> str:
        """A line of JSON; ``proofs_notes/json_output.md`` has its fields."""
        instance = self.schedule.instance
        return json.dumps(
            {
                "format": FORMAT,
                "version": VERSION,
                "family": self.family.name,
                "theorem": self.family.theorem,
                "explanation": self.family.explanation,
                "parameters": dict(self.parameters),
                "requests": len(instance.requests),
                "capacity": instance.capacity,
                "policy": self.family.policy,
                "shuffle": self.family.shuffle,
                "total_latency": self.schedule.total_latency,
                "evictions": self.schedule.evictions,
                "hindsight": self.hindsight.total_latency,
                "lower_bound": self.bound.total_latency,
                "ratio_to_hindsight": self.to_hindsight,
                "ratio_to_lower_bound": self.to_bound,
            }
        )

    def as_text(self, width: int | None) -> str:
        """A table, and the theorem that explains it."""
        costs = (
            (title_of(self.family.policy), self.schedule.total_latency, self.schedule.evictions),
            (title_of(HINDSIGHT), self.hindsight.total_latency, self.hindsight.evictions),
        )
        table = Grid(
            rows_are="policy",
            names=tuple(name for name, _, _ in costs),
            headings=(
                ("total latency", "", ""),
                ("evicted runs", "", ""),
                (f"× {title_of(HINDSIGHT)}", "", ""),
                ("× bound", "", ""),
            ),
            cells=tuple(
                (
                    f"{cost:,}",
                    f"{evictions:,}",
                    ratio(cost / self.hindsight.total_latency),
                    ratio(cost / self.bound.total_latency),
                )
                for _, cost, evictions in costs
            ),
        )
        paragraphs = (
            wrapped(self._caption(), width),
            wrapped(self._given(), width),
            f"\n{table.fitted(width)}\n",
            wrapped(f"{self.family.theorem}: {self.family.explanation}", width),
            wrapped(
                "Total latency in request·rounds. The ratio to the optimum is at least the one to "
                f"{title_of(HINDSIGHT)} and at most the one to the bound, "
                f"{self.bound.total_latency:,}, which a certificate proves.",
                width,
            ),
        )
        return "\n".join(paragraphs)

    def _caption(self) -> str:
        instance = self.schedule.instance
        seed = self.family.shuffle
        ties = "position" if seed is None else f"a shuffle with seed {seed}"
        return (
            f"{self.family.name}: {count(len(instance.requests), 'request')}, a cache of "
            f"{instance.capacity:,} tokens, ties broken by {ties}."
        )

    def _given(self) -> str:
        return ", ".join(f"{name}={value}" for name, value in self.parameters.items())


def family_ratio(name: str, upper: int, changed: Mapping[str, int], seconds: float) -> FamilyRatio:
    """Build a family's instance, simulate the policy and H-SF on it, and prove a lower bound.

    Args:
        name: a name of :data:`~amin_ref.families.FAMILIES`.
        upper: u; tokens.
        changed: parameters that differ from their defaults.
        seconds: time limit of the search for the bound.

    Raises:
        InvalidValue: a parameter is unknown or out of its range.
        KeyboardInterrupt: Ctrl-C was pressed before the bound was searched for, or twice.
    """
    family = FAMILIES[name]
    parameters = family.parameters(upper, changed)
    instance = family.instance(parameters)
    schedule, hindsight = _simulated(family, instance)
    return FamilyRatio(family, parameters, schedule, hindsight, proven_bound(instance, seconds))


def _simulated(family: Family, instance: Instance) -> tuple[Schedule, Schedule]:
    """The schedules of the family's policy and of H-SF, with progress."""
    ties = ByPosition() if family.shuffle is None else Shuffled(family.shuffle)
    size = len(instance.requests)
    work = f"simulating {count(size, 'request')} under two policies"
    with watching(2 * size, work) as watch:
        schedules = dict(schedules_of((family.policy, HINDSIGHT), instance, ties, watch, 0))
    return schedules[family.policy], schedules[HINDSIGHT]


def changed_parameters(given: Sequence[str]) -> Mapping[str, int]:
    """The parameters in texts such as ``"slots=4"``.

    Raises:
        InvalidValue: a text is not ``NAME=VALUE`` with a whole number, or a name is given twice.
    """
    changed: dict[str, int] = {}
    for text in given:
        name, _, value = text.partition("=")
        if not value.isascii() or not value.removeprefix("-").isdigit():
            raise InvalidValue(
                "--parameter",
                text,
                "it must be a name, = and a whole number",
                "give it as in slots=4",
            )
        if name in changed:
            raise InvalidValue(
                "--parameter", text, f"{name} is given twice", "give each parameter once"
            )
        changed[name] = int(value)
    return changed


def print_family(found: FamilyRatio, as_json: bool) -> None:
    """Print the ratio on standard output, as text or as JSON."""
    click.echo(found.as_json() if as_json else found.as_text(terminal_width()))
