"""The tables of worst ratios in ``proofs_notes/data/``: their settings and their lines."""

from __future__ import annotations

import json
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

from amin_ref.model.json_reading import expect_fields, expect_object, parse
from amin_ref.model.machine import PAPERS_MACHINE, Machine
from amin_ref.small.setting import Setting
from oracle.ratio.answer import FOUND_FIELDS, Found, WorstCase
from oracle.ratio.question import MACHINE_FIELD, QUESTION_FIELDS, Question

PROMPT_LENGTHS = (1, 2, 3, 4)
"""s, up to the longest prompt for which T12 is stated with ℓ = 1."""

INTERVALS = (
    *((1, 1), (2, 2), (3, 3), (5, 5)),
    *((7, 8), (5, 6), (2, 3), (4, 6)),
    *((1, 2), (2, 4), (3, 6), (4, 8)),
    *((1, 3), (2, 6), (3, 9)),
    *((1, 4), (2, 8), (3, 12)),
    *((1, 6), (2, 12)),
    *((1, 8), (2, 16)),
    *((1, 12),),
)
"""ℓ and u, in ascending order of 1/α = u/ℓ: 1, 8/7, 6/5, 3/2, 2, 3, 4, 6, 8 and 12."""


def table_questions(machine: Machine = PAPERS_MACHINE) -> list[Question]:
    """The questions of a machine's table, in the order of its lines.

    Raises:
        InvalidValue: the machine has limits.
    """
    return list(_questions(machine))


def _questions(machine: Machine) -> Iterator[Question]:
    for lower, upper in INTERVALS:
        for prompt_len in PROMPT_LENGTHS:
            for requests in _numbers_of_requests(machine, upper - lower + 1):
                for capacity in _capacities(prompt_len + upper, requests):
                    setting = Setting(prompt_len, lower, upper, capacity, machine=machine)
                    for policy in _policies(machine, requests, upper - lower + 1):
                        yield Question(policy, setting, requests)


FEWEST_REQUESTS = 4
"""The least number of requests in the tables."""

FEW_LENGTHS = 8
"""Up to this many possible output lengths, 8 requests have few enough multisets (6,435)."""


FEW_LENGTHS_UNDER_RESUME = 3
"""The same where evicted requests resume: a search for OPT goes through the tokens of every request
there, and takes seconds for 8 requests."""


def _numbers_of_requests(machine: Machine, lengths: int) -> tuple[int, ...]:
    few = FEW_LENGTHS_UNDER_RESUME if machine.after_eviction == "resume" else FEW_LENGTHS
    return (FEWEST_REQUESTS, 6, 8) if lengths <= few else (FEWEST_REQUESTS, 6)


def _capacities(longest: int, requests: int) -> list[int]:
    """Capacities from s + u, the least, to n·(s + u), at which all requests fit at once."""
    multiples = (Fraction(1), Fraction(5, 4), Fraction(3, 2), Fraction(2), Fraction(3))
    found = {int(longest * multiple) for multiple in multiples}
    return sorted(found | {longest + 1, longest * requests})


def _policies(machine: Machine, requests: int, lengths: int) -> tuple[str, ...]:
    # H-SF and SRV are so close to OPT that the lower bound rules no multiset out: each needs a
    # search.
    if machine.after_eviction == "resume":
        return ("amin", "fcfs", "srv") if requests == FEWEST_REQUESTS else ("amin", "fcfs")
    few = requests <= (6 if lengths <= FEW_LENGTHS else 4)
    return ("amin", "amax", "h-sf") if few else ("amin", "amax")


def table_line(answer: WorstCase) -> str:
    """A complete answer as a line of the table, without a line end."""
    return json.dumps(answer.question.as_document() | answer.found.as_document())


def read_table(path: Path) -> list[WorstCase]:
    """The answers in a table of lines that :func:`table_line` wrote.

    Raises:
        InvalidDocument: a line is not of this form.
        InvalidValue: a number breaks a rule.
        OSError: the file cannot be read.
    """
    answers = []
    for line in path.read_text(encoding="utf-8").splitlines():
        document = expect_object(parse(line), "answer")
        expect_fields(document, "answer", (*QUESTION_FIELDS, *FOUND_FIELDS), (MACHINE_FIELD,))
        question = Question.from_document(document)
        answers.append(WorstCase(question, Found.from_document(document)))
    return answers
