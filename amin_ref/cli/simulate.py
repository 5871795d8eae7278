"""``amin-ref simulate``: one policy's schedule, as JSON."""

from __future__ import annotations

from typing import TextIO

import click

from amin_ref.cli.options import WorkloadOptions, workload_options
from amin_ref.cli.progress import watching
from amin_ref.policies.names import POLICIES
from amin_ref.simulator.simulation import simulate


@click.command(
    "simulate",
    epilog="""\b
Example:
  amin-ref simulate --policy amax --requests 100 --output schedule.json""",
)
@workload_options
@click.option(
    "--policy",
    type=click.Choice(list(POLICIES)),
    default="amin",
    show_default=True,
    help="Whose schedule.",
)
@click.option(
    "--output",
    type=click.File("w", encoding="utf-8", lazy=False),
    default="-",
    help="File to write the schedule to.  [default: standard output]",
)
def simulate_command(options: WorkloadOptions, policy: str, output: TextIO) -> None:
    """Simulate one policy and write its schedule as JSON.

    The document holds the instance, too: 'amin-ref check' needs nothing else.
    """
    instance = options.build().instance
    with watching(len(instance.requests)) as watch:
        schedule = simulate(
            instance,
            POLICIES[policy].make(options.tie_break()),
            on_completion=lambda completed: watch.update(completed, policy),
        )
    output.write(schedule.to_json() + "\n")
