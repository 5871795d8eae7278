"""Instances with high ratios, as a file: ``python -m oracle.ratio.attack_table FILE``.

The file has one line of JSON for each search space: the worst instance that a search of
:data:`STEPS` points with seed 0 found there. It takes some minutes and is the same on every
machine.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

from amin_ref.files.writing import destination
from amin_ref.model.json_reading import expect_array, expect_fields, expect_object, parse
from amin_ref.model.machine import PAPERS_MACHINE
from amin_ref.model.validation import whole_number
from amin_ref.small.bound import LONGEST_PROMPT_PER_LOWER
from amin_ref.small.setting import Setting
from oracle.ratio.attacks import Attack, SearchSpace, attacks
from oracle.ratio.question import RULES

INTERVALS = (
    *((7, 8), (5, 8), (3, 6), (3, 8), (3, 9), (1, 4), (2, 8), (2, 11), (3, 17), (1, 6), (1, 8)),
    *((2, 16), (1, 12), (1, 16), (1, 24)),
)
"""ℓ and u, from 1/α = 8/7 to 24."""

SEARCH_SPACES = (
    *((12, interval) for interval in INTERVALS),
    *((24, interval) for interval in INTERVALS[:11]),
)
"""n, and ℓ and u. With 24 requests, wider intervals have more states than a search works out."""

STEPS = 150
"""Points that the search in each space tries."""


def worst_attacks() -> Iterator[Attack]:
    """The worst instance found in each search space, in order."""
    for requests, (lower, upper) in SEARCH_SPACES:
        space = SearchSpace(
            lower=lower,
            upper=upper,
            longest_prompt=min(LONGEST_PROMPT_PER_LOWER * lower, upper),
            most_spare=upper,
            requests=requests,
        )
        *_, worst = attacks(RULES["amin"], space, steps=STEPS, seed=0)
        yield worst


def attack_line(attack: Attack) -> str:
    """An attack as a line of JSON, without a line end."""
    return json.dumps(asdict(attack))


def read_attacks(path: Path) -> list[Attack]:
    """The attacks in a file of lines that :func:`attack_line` wrote.

    Raises:
        InvalidDocument: a line is not of this form.
        InvalidValue: a number breaks a rule.
        OSError: the file cannot be read.
    """
    found = []
    for line in path.read_text(encoding="utf-8").splitlines():
        document = expect_object(parse(line), "attack")
        expect_fields(document, "attack", ("setting", "by_rank", "cost", "achieved"), ())
        setting = expect_object(document["setting"], "setting")
        fields = ("prompt_len", "lower", "upper", "capacity")
        expect_fields(setting, "setting", fields, ())
        tokens = {field: whole_number(field, setting[field], 1, "tokens") for field in fields}
        outputs = expect_array(document["by_rank"], "by_rank")
        found.append(
            Attack(
                setting=Setting(**tokens, machine=PAPERS_MACHINE),
                by_rank=tuple(whole_number("by_rank", o, 1, "tokens") for o in outputs),
                cost=whole_number("cost", document["cost"], 1, "request·rounds"),
                achieved=whole_number("achieved", document["achieved"], 1, "request·rounds"),
            )
        )
    return found


def main(file: str) -> None:
    """Write the table: whole, when the last search has ended."""
    target = destination(file)
    target.write("".join(f"{attack_line(attack)}\n" for attack in worst_attacks()))


if __name__ == "__main__":
    main(*sys.argv[1:])
