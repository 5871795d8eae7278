"""``amin-ref worst-case``: the worst ratio to OPT that outputs and tie-breaks can bring about."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import TextIO

import click

from amin_ref.cli.options import REQUESTS, TOKENS, WholeNumber
from amin_ref.cli.progress import watching
from amin_ref.cli.workers import processes
from amin_ref.small.instances import Setting
from oracle.ratio.checkpoint import Checkpoint
from oracle.ratio.question import POLICY_NAMES, PolicyName, Question, WorstCase
from oracle.ratio.tables import table_line, table_questions
from oracle.ratio.worst_case import worst_case, worst_cases

FORMAT = "amin-ref/worst-case"
VERSION = 1

_WORKERS = click.option(
    "--workers",
    type=WholeNumber("processes", least=1),
    default=1,
    show_default=True,
    help="Processes that share the work.",
)
_CHECKPOINT = click.option(
    "--checkpoint",
    type=click.Path(dir_okay=False, path_type=Path),
    help="File of what is finished: made where it is not there, continued where it is.  "
    "[default: none]",
)


@click.command(
    "worst-case",
    epilog="""\b
Examples:
  amin-ref worst-case --prompt 1 --lower 1 --upper 4 --capacity 5 --requests 5
  amin-ref worst-case --policy amax --prompt 1 --lower 1 --upper 8 --capacity 9 --requests 6""",
)
@click.option(
    "--policy",
    type=click.Choice(POLICY_NAMES),
    metavar="NAME",
    default="amin",
    show_default=True,
    help=f"The policy: {', '.join(POLICY_NAMES)}. 'amin-…' is Amin with one rule changed.",
)
@click.option("--prompt", type=TOKENS, required=True, help="s, length of every prompt.")
@click.option("--lower", type=TOKENS, required=True, help="ℓ, lower bound of every output.")
@click.option("--upper", type=TOKENS, required=True, help="u, upper bound of every output.")
@click.option(
    "--capacity", type=TOKENS, required=True, help="M, size of the cache; at least s + u."
)
@click.option("--requests", type=REQUESTS, required=True, help="n, how many requests.")
@_WORKERS
@_CHECKPOINT
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def worst_case_command(
    policy: PolicyName,
    prompt: int,
    lower: int,
    upper: int,
    capacity: int,
    requests: int,
    workers: int,
    checkpoint: Path | None,
    as_json: bool,
) -> None:
    """Find a policy's exact worst ratio to the optimum.

    The ratio is that of total latencies, the worst over all output lengths that n requests can have
    between their bounds, and over all orders in which ties can be broken. All prompts are equal and
    all requests arrive at once. Prints an instance that attains the ratio, as a program that shows
    it.
    """
    question = Question(policy, Setting(prompt, lower, upper, capacity), requests)
    kept = Checkpoint(checkpoint) if checkpoint else None
    with processes(workers) as executor, watching(question.pieces) as watch:
        answer = worst_case(
            question,
            executor=executor,
            checkpoint=kept,
            on_piece=lambda pieces: watch.update(pieces, policy),
        )
    show: Callable[[WorstCase], str] = _json if as_json else _text
    click.echo(show(answer))


@click.command(
    "worst-case-table",
    epilog="""\b
Example:
  amin-ref worst-case-table --output worst_case.jsonl --workers 2 --checkpoint finished.jsonl""",
)
@click.option(
    "--output",
    type=click.File("w", encoding="utf-8", lazy=False),
    default="-",
    help="File to write the table to.  [default: standard output]",
)
@_WORKERS
@_CHECKPOINT
def worst_case_table_command(output: TextIO, workers: int, checkpoint: Path | None) -> None:
    """Tabulate worst ratios over a grid of settings.

    Writes a line of JSON for each setting and each of Amin, Amax and H-SF.
    """
    questions = table_questions()
    kept = Checkpoint(checkpoint) if checkpoint else None
    pieces = sum(question.pieces for question in questions)
    with processes(workers) as executor, watching(pieces) as watch:
        for answer in worst_cases(
            questions,
            executor=executor,
            in_flight=8 * workers,
            checkpoint=kept,
            on_piece=lambda finished: watch.update(finished, "pieces"),
        ):
            output.write(table_line(answer) + "\n")


def _text(answer: WorstCase) -> str:
    found, question = answer.found, answer.question
    return (
        f"{question.policy}: worst ratio {found.ratio} = {float(found.ratio):.4f}, over "
        f"{question.instances:,} pairs of outputs and tie-break.\n\n{answer.program()}"
    )


def _json(answer: WorstCase) -> str:
    found, question = answer.found, answer.question
    document = {
        "format": FORMAT,
        "version": VERSION,
        "question": question.as_document(),
        "ratio": [found.ratio.numerator, found.ratio.denominator],
        "found": found.as_document(),
        "instances": question.instances,
        "program": answer.program(),
    }
    return json.dumps(document)
