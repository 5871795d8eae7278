"""``amin-ref simulate``: one policy's schedule, as JSON."""

from __future__ import annotations

from collections.abc import Mapping

import click

from amin_ref.cli.flags import (
    OWN_POLICY,
    POLICY,
    policies_in_words,
    refuse_without_effect,
)
from amin_ref.cli.foreign import told_in_one_sentence
from amin_ref.cli.machine import machine_options, on_machine
from amin_ref.cli.options import WorkloadOptions, workload_options
from amin_ref.cli.progress import watching
from amin_ref.cli.wording import count
from amin_ref.cli.writing import Output, OutputFile
from amin_ref.policies.names import POLICIES, NamedPolicy
from amin_ref.simulator.simulation import simulate


@click.command(
    "simulate",
    epilog="""\b
Examples:
  amin-ref simulate --policy amax --requests 100 --output schedule.json
  amin-ref simulate --policy mypackage.sched:MyScheduler --requests 100 | amin-ref check -""",
)
@workload_options
@machine_options
@click.option(
    "--policy",
    type=POLICY,
    default="amin",
    show_default=True,
    help=f"The policy: {policies_in_words()}; or {OWN_POLICY}.",
)
@click.option(
    "--output",
    type=OutputFile(),
    default="-",
    help="File to write the schedule to; - is standard output.  [default: -]",
)
@click.pass_context
def simulate_command(
    context: click.Context,
    options: WorkloadOptions,
    machine: Mapping[str, object],
    policy: NamedPolicy,
    output: Output,
) -> None:
    """Simulate one policy and write its schedule as JSON.

    The document also contains the instance, so 'amin-ref check' needs no other file. The
    machine is the paper's unless flags say otherwise: vLLM's is --after-eviction resume
    --no-last-token-stored.
    """
    if policy.name not in POLICIES:
        refuse_without_effect(
            context, "ties", f"on {policy.name}, which breaks ties in its own way"
        )
    instance = on_machine(options.build().instance, machine)
    requests = len(instance.requests)
    with (
        watching(requests, f"simulating {count(requests, 'request')}") as watch,
        told_in_one_sentence(policy.name),
    ):
        schedule = simulate(
            instance,
            policy.make(options.tie_break()),
            on_completion=lambda completed: watch.update(completed, policy.name),
        )
    output.write(schedule.to_json() + "\n", "the schedule")
