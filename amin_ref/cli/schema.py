"""``amin-ref schema``: the JSON Schema of a kind of document."""

from __future__ import annotations

import click

from amin_ref.cli.reading import read_text
from amin_ref.schemas import MOST_REFUSALS, SCHEMA_NAMES, SchemaName, schema_text, validate


@click.command(
    "schema",
    epilog="""\b
Examples:
  amin-ref schema schedule > schedule.schema.json
  amin-ref schema schedule --validate my-schedule.json""",
)
@click.argument("name", metavar="NAME", type=click.Choice(SCHEMA_NAMES))
@click.option(
    "--validate",
    "file",
    metavar="FILE",
    help="Hold this document (- for stdin) to it.  [default: print it]",
)
@click.pass_context
def schema_command(context: click.Context, name: SchemaName, file: str | None) -> None:
    """Print the JSON Schema of a document, or validate a file.

    The schema is of Draft 2020-12. NAME is 'instance', 'schedule', 'schedule-lines', 'certificate'
    or 'vectors'.

    A document names its format and version in its first two fields. A schedule may come as one
    document ('schedule'), or as JSON lines, a header and then a run on each line
    ('schedule-lines').

    If there is a FILE, exit code 0: it is as the schema has it. 1: it is not, and each
    place is named. 2: not readable. A schema cannot say all that must hold: 'amin-ref check' does.
    """
    if file is None:
        click.echo(schema_text(name), nl=False)
        return
    refusals = validate(name, read_text(file))
    for refusal in refusals:
        click.echo(refusal.text())
    if refusals:
        more = " or more" if len(refusals) == MOST_REFUSALS else ""
        places = "place" if len(refusals) == 1 else "places"
        click.echo(f"not as the schema of {name} has it: {len(refusals)}{more} {places}.")
        context.exit(1)
    click.echo(f"as the schema of {name} has it.")
