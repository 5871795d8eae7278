"""``amin-ref check``: is a schedule valid?"""

from __future__ import annotations

import click

from amin_ref.checker import check
from amin_ref.cli.reading import schedule_in


@click.command(
    "check",
    epilog="""\b
Example:
  amin-ref simulate --requests 100 | amin-ref check -""",
)
@click.argument("file")
@click.pass_context
def check_command(context: click.Context, file: str) -> None:
    """Say whether a schedule is valid.

    FILE holds the schedule as JSON or JSON lines; - is standard input.

    Valid means: every request completes exactly once, after as many tokens as its output has; its
    runs do not overlap, start after its arrival and end in time; and no round exceeds the cache.

    Exit code 0: valid. 1: not valid, and each broken rule is named with its round. 2: not readable.
    """
    schedule = schedule_in(file)
    violations = check(schedule)
    for violation in violations:
        click.echo(f"{violation.rule}: {violation.message}")
    if violations:
        click.echo(f"not valid: {len(violations)} violations.")
        context.exit(1)
    click.echo(
        f"valid: {len(schedule.instance.requests)} requests, {len(schedule.runs)} runs, "
        f"total latency {schedule.total_latency} request·rounds."
    )
