"""``amin-ref vectors``: test vectors for schedulers and checkers in any language."""

from __future__ import annotations

from pathlib import Path

import click

from amin_ref.cli.reading import write_text
from amin_ref.vectors import published_text, published_vectors


@click.command(
    "vectors",
    epilog="""\b
Examples:
  amin-ref vectors > vectors.json
  mkdir vectors && amin-ref vectors --output vectors""",
)
@click.option(
    "--output",
    metavar="FILE|DIR",
    default="-",
    help="File to write them to, or a folder, which gets a file for each group.  "
    "[default: standard output]",
)
def vectors_command(output: str) -> None:
    """Write test vectors for schedulers in any language.

    These are small instances with the schedules that are right, and wrong ones. They stand in
    groups by the bug that they were chosen for. Every vector has an id, a comment, the flags of all
    bugs that it catches, an instance, and a result: 'valid', the policy makes this one schedule;
    'acceptable', it makes one of these, depending on ties; 'invalid', the schedule must be refused,
    by the rule named. The notes say for each flag which bug that is and what it costs. 'amin-ref
    schema vectors' has the form.
    """
    if output == "-":
        click.echo(published_text(), nl=False)
    elif Path(output).is_dir():
        found = published_vectors()
        for group in found.groups:
            write_text(str(Path(output) / f"{group.flag}.json"), found.part(group.flag).to_json())
    else:
        write_text(output, published_text())
