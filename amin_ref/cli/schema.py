"""``amin-ref schema``: the JSON Schema of a kind of document."""

from __future__ import annotations

import click

from amin_ref.schemas import SCHEMA_NAMES, SchemaName, schema_text


@click.command(
    "schema",
    epilog="""\b
Example:
  amin-ref schema schedule > schedule.schema.json""",
)
@click.argument("name", metavar="NAME", type=click.Choice(SCHEMA_NAMES))
def schema_command(name: SchemaName) -> None:
    """Print the JSON Schema (Draft 2020-12) of the kind of document that NAME names.

    NAME is 'instance', 'schedule', 'schedule-lines', 'certificate' or 'vectors'.

    A document names its format and version in its first two fields. A schedule may come as one
    document ('schedule'), or as JSON lines, a header and then a run on each line
    ('schedule-lines').
    """
    click.echo(schema_text(name), nl=False)
