"""``amin-ref worst-case``: the largest ratio to OPT over all outputs, or on a theorem's family."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import click

from amin_ref.cli.bound import tell_interrupted
from amin_ref.cli.exit_codes import INTERRUPTED
from amin_ref.cli.family import TIME_LIMIT, changed_parameters, family_ratio, print_family
from amin_ref.cli.flags import refuse_without_effect
from amin_ref.cli.machine import storage_options
from amin_ref.cli.messages import say
from amin_ref.cli.options import REQUESTS, SECONDS, TOKENS, WholeNumber
from amin_ref.cli.progress import asked_to_stop, watching
from amin_ref.cli.signals import raise_if_asked_to_stop
from amin_ref.cli.slow import told_if_slow
from amin_ref.cli.wording import ratio
from amin_ref.cli.workers import processes
from amin_ref.cli.writing import Output, OutputFile
from amin_ref.families import FAMILIES
from amin_ref.model.errors import shown_path
from amin_ref.model.machine import machine_from_document
from amin_ref.policies.loading import load_policy
from amin_ref.policies.names import ALIASES, FOR_RESUME, POLICIES
from amin_ref.policies.variants import VARIANTS
from amin_ref.small.setting import Setting
from oracle.ratio.answer import WorstCase
from oracle.ratio.checkpoint import Checkpoint
from oracle.ratio.question import Question
from oracle.ratio.tables import table_line, table_questions
from oracle.ratio.worst_case import (
    NothingCompared,
    demand_that_a_checkpoint_can_keep,
    worst_case,
    worst_cases,
)

FORMAT = "amin-ref/worst-case"
VERSION = 1

PIECES_PER_WORKER = 8
"""Pieces that a worker has in store: enough that none waits for this process between pieces."""

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
    help="File of finished work: created if it does not exist, continued if it does.  "
    "[default: none]",
)
_OF_A_SEARCH = "[required without --family]"

_TIME_LIMIT = click.option(
    "--time-limit",
    type=SECONDS,
    help="Seconds after which the largest ratio so far is printed; with --family, seconds of the "
    f"search for the bound.  [default: none; {TIME_LIMIT:g} with --family]",
)


@click.command(
    "worst-case",
    epilog="""\b
Examples:
  amin-ref worst-case --prompt 1 --lower 1 --upper 4 --capacity 5 --requests 5
  amin-ref worst-case --policy amax --prompt 1 --lower 1 --upper 8 --capacity 9 --requests 6
  amin-ref worst-case --policy mine:SJF --prompt 1 --lower 1 --upper 4 --capacity 5 --requests 5
  amin-ref worst-case --family staggered --upper 64
  amin-ref worst-case --family adaptive --upper 64 --parameter lower=4""",
)
@click.option(
    "--family",
    type=click.Choice(tuple(FAMILIES)),
    metavar="NAME",
    help="Instead of a search: a large instance on which a theorem shows a policy to be far from "
    f"the optimum, with outputs of up to --upper tokens: {', '.join(FAMILIES)}.  [default: none]",
)
@click.option(
    "--parameter",
    "parameters",
    metavar="NAME=VALUE",
    multiple=True,
    help="A parameter of the family that differs from its default; may be given several times.  "
    "[default: none]",
)
@click.option(
    "--policy",
    metavar="NAME|MODULE:NAME",
    default="amin",
    show_default=True,
    help=f"The policy: {', '.join(POLICIES)}; where evicted requests resume, also "
    f"{', '.join(FOR_RESUME)}; Amin with one rule changed: {', '.join(VARIANTS)}; or a policy of "
    "your own.",
)
@click.option("--prompt", type=TOKENS, help=f"s, length of every prompt.  {_OF_A_SEARCH}")
@click.option("--lower", type=TOKENS, help=f"ℓ, lower bound of every output.  {_OF_A_SEARCH}")
@click.option("--upper", type=TOKENS, help="u, upper bound of every output.  [required]")
@click.option(
    "--capacity", type=TOKENS, help=f"M, size of the cache; at least s + u.  {_OF_A_SEARCH}"
)
@click.option("--requests", type=REQUESTS, help=f"n, number of requests.  {_OF_A_SEARCH}")
@storage_options
@_TIME_LIMIT
@_WORKERS
@_CHECKPOINT
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_context
def worst_case_command(
    context: click.Context,
    family: str | None,
    parameters: tuple[str, ...],
    policy: str,
    prompt: int | None,
    lower: int | None,
    upper: int | None,
    capacity: int | None,
    requests: int | None,
    machine: Mapping[str, object],
    time_limit: float | None,
    workers: int,
    checkpoint: Path | None,
    as_json: bool,
) -> None:
    """Find a policy's exact worst ratio to the optimum.

    All prompts are equal and all requests arrive in round 0. The worst ratio is the largest total
    latency / OPT over all output lengths from ℓ to u of n requests; for amin, amax, fcfs, h-sf,
    svf, srv and 'amin-…' also over all tie-breaks, which for fcfs are all orders of arrival. Any
    other policy is run on each of the (u - ℓ + 1)^n assignments of output lengths to requests, with
    a new policy object for each, and breaks ties by its own rule.

    OPT is that of the machine: where evicted requests resume it is another number than where they
    restart, and at most as large.

    Prints a Python program with an instance that attains the worst ratio; its first line is a
    comment with the answer. After Ctrl-C the largest ratio seen so far is printed (exit code 130).

    With --family NAME it builds an instance of a theorem of the theorem book and prints the ratio
    of the theorem's policy to H-SF and to a certified lower bound; --upper is the longest output.
    """
    if family is not None:
        for name in _OF_THE_SEARCH:
            refuse_without_effect(context, name, "with --family")
        upper = _demanded(context, "upper", upper)
        seconds = TIME_LIMIT if time_limit is None else time_limit
        of_family = family_ratio(family, upper, changed_parameters(parameters), seconds)
        print_family(of_family, as_json)
        if of_family.bound.interrupted:
            context.exit(tell_interrupted())
        return
    refuse_without_effect(context, "parameters", "without --family")
    policy = ALIASES.get(policy, policy)
    setting = Setting(
        _demanded(context, "prompt", prompt),
        _demanded(context, "lower", lower),
        _demanded(context, "upper", upper),
        _demanded(context, "capacity", capacity),
        machine=machine_from_document(machine, "machine"),
    )
    question = Question(policy, setting, _demanded(context, "requests", requests))
    if question.is_foreign:
        load_policy(policy)
    if checkpoint:
        demand_that_a_checkpoint_can_keep(question)
    kept = _opened(checkpoint)
    with (
        watching(question.pieces, "the search for the worst ratio") as watch,
        asked_to_stop() as should_stop,
        processes(workers) as executor,
    ):
        try:
            answer = worst_case(
                question,
                time_limit,
                should_stop=should_stop,
                progress=lambda pieces: watch.update(pieces, policy),
                executor=executor,
                checkpoint=kept,
            )
        except NothingCompared:
            raise_if_asked_to_stop()
            raise
        interrupted = should_stop()
    if as_json:
        click.echo(_json(answer))
    else:
        click.echo(f"# {_sentence(answer)}")
        # The program needs an optimal schedule, which may take as long as the largest piece did.
        click.echo(f"\n{answer.program()}")
    if interrupted:
        say("interrupted; this is the largest ratio so far.")
        context.exit(INTERRUPTED)


@click.command(
    "worst-case-table",
    epilog="""\b
Example:
  amin-ref worst-case-table --output worst_case.jsonl --workers 2 --checkpoint finished.jsonl
  amin-ref worst-case-table --after-eviction resume --output worst_case_resume.jsonl""",
)
@click.option(
    "--output",
    type=OutputFile(),
    default="-",
    help="File to write the table to; - is standard output.  [default: -]",
)
@storage_options
@_WORKERS
@_CHECKPOINT
@click.pass_context
def worst_case_table_command(
    context: click.Context,
    output: Output,
    machine: Mapping[str, object],
    workers: int,
    checkpoint: Path | None,
) -> None:
    """Tabulate worst ratios over a grid of settings.

    Writes a line of JSON for each setting and each of Amin, Amax and H-SF; where evicted requests
    resume, each of Amin, FCFS and SRV. After Ctrl-C the table has the finished lines (exit code
    130).
    """
    questions = table_questions(machine_from_document(machine, "machine"))
    kept = _opened(checkpoint)
    pieces = sum(question.pieces for question in questions)
    with (
        watching(pieces, "the search for the worst ratios") as watch,
        asked_to_stop() as should_stop,
        processes(workers) as executor,
    ):
        answers = worst_cases(
            questions,
            should_stop=should_stop,
            progress=lambda finished: watch.update(finished, "pieces"),
            executor=executor,
            in_flight=PIECES_PER_WORKER * workers,
            checkpoint=kept,
        )
        lines = [f"{table_line(answer)}\n" for answer in answers if answer.is_complete]
    output.write("".join(lines), "the table")
    if len(lines) < len(questions):
        say(f"interrupted; the table has {len(lines):,} of {len(questions):,} lines.")
        context.exit(INTERRUPTED)


def _opened(checkpoint: Path | None) -> Checkpoint | None:
    """The checkpoint in a file; says so if reading it takes long."""
    if checkpoint is None:
        return None
    with told_if_slow(f"reading {shown_path(checkpoint)}"):
        return Checkpoint(checkpoint)


_OF_THE_SEARCH = (
    *("policy", "prompt", "lower", "capacity", "requests", "workers", "checkpoint"),
    *("after_eviction", "last_token_stored"),
)
"""Python names of the flags that belong to a search, not to a family."""


def _demanded(context: click.Context, name: str, value: int | None) -> int:
    """The value of a flag that the command cannot do without.

    Raises:
        click.MissingParameter: the flag was not given.
    """
    if value is None:
        (param,) = (param for param in context.command.params if param.name == name)
        raise click.MissingParameter(ctx=context, param=param)
    return value


def _sentence(answer: WorstCase) -> str:
    question = answer.question
    value = f"{answer.found.ratio} = {ratio(float(answer.found.ratio))}"
    if not answer.is_complete:
        return (
            f"{question.policy}: largest ratio seen {value}, in {answer.seen:,} of "
            f"{question.candidates:,} {question.unit}. The search was stopped: the worst ratio may "
            "be larger."
        )
    over = (
        f"{question.instances:,} pairs of outputs and tie-break"
        if question.has_rules
        else f"{question.instances:,} assignments of output lengths, ties broken by its own rule"
    )
    return f"{question.policy}: worst ratio {value}, over {over}."


def _json(answer: WorstCase) -> str:
    found, question = answer.found, answer.question
    document = {
        "format": FORMAT,
        "version": VERSION,
        "question": question.as_document(),
        "ratio": [found.ratio.numerator, found.ratio.denominator],
        "found": found.as_document(),
        "instances": question.instances,
        "complete": answer.is_complete,
        "compared": [answer.seen, question.candidates],
        "program": answer.program(),
    }
    return json.dumps(document)
