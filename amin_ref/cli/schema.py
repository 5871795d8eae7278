"""``amin-ref schema``: the JSON Schema of a kind of document."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict

import click

from amin_ref.cli.exit_codes import ANSWER_IS_NO
from amin_ref.cli.flags import refuse_without_effect
from amin_ref.cli.reading import named, read_text, shown_file
from amin_ref.cli.slow import told_if_slow
from amin_ref.cli.wording import count
from amin_ref.cli.writing import print_sentence
from amin_ref.schemas import (
    MOST_REFUSALS,
    SCHEMA_NAMES,
    Refusal,
    SchemaName,
    schema_text,
    validate,
)

FORMAT = "amin-ref/validation"
VERSION = 1


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
    help="Validate this document against the schema; - is standard input.  [default: print the "
    "schema]",
)
@click.option(
    "--json", "as_json", is_flag=True, help="Print what --validate finds as JSON, not as sentences."
)
@click.pass_context
def schema_command(
    context: click.Context, name: SchemaName, file: str | None, as_json: bool
) -> None:
    """Print the JSON Schema of a document, or validate a file.

    NAME is 'instance', 'schedule', 'schedule-lines', 'log', 'certificate', 'vectors', 'comparison'
    or 'seed-comparison'. The schemas are of Draft 2020-12.

    The first two fields of a document name its format and version. A schedule is one document
    ('schedule'), or JSON lines: a header, then a run on each line ('schedule-lines'), or what an
    engine does as it goes ('log'). 'compare --json' prints a 'comparison', and with --seeds a
    'seed-comparison'.

    Exit code with --validate: 0: the document satisfies the schema. 1: it does not, and each error
    is listed with its place. 2: not readable. A schema cannot express every rule of a schedule;
    'amin-ref check' checks all of them.
    """
    if file is None:
        refuse_without_effect(context, "as_json", "without --validate")
        click.echo(schema_text(name), nl=False)
        return
    with told_if_slow(f"validating {shown_file(file)}"):
        text = read_text(file)
        with named(file):
            refusals = validate(name, text)
    if as_json:
        click.echo(json.dumps(_document(name, refusals)))
    else:
        _print(name, refusals)
    if refusals:
        context.exit(ANSWER_IS_NO)


def _print(name: SchemaName, refusals: Sequence[Refusal]) -> None:
    for refusal in refusals:
        print_sentence(refusal.text())
    if not refusals:
        print_sentence(f"valid against the schema of {name}.")
    elif len(refusals) < MOST_REFUSALS:
        print_sentence(f"not valid against the schema of {name}: {count(len(refusals), 'place')}.")
    else:
        print_sentence(f"not valid against the schema of {name}: {MOST_REFUSALS:,} places or more.")


def _document(name: SchemaName, refusals: Sequence[Refusal]) -> dict[str, object]:
    return {
        "format": FORMAT,
        "version": VERSION,
        "schema": name,
        "valid": not refusals,
        "refusals": [asdict(refusal) for refusal in refusals],
        "complete": len(refusals) < MOST_REFUSALS,
    }
