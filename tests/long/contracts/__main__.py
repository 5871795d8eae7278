"""Check every contract with CrossHair: ``python -m tests.long.contracts`` prints the findings.

Three questions, each with a budget of processor time: do the contracts hold (over all paths, or at
least without a counterexample)? Are the false claims refuted? Do fast and plain versions give the
same results? The exit status is 0 only if no contract has a counterexample, every false claim has
one, and no pair differs.
"""

from __future__ import annotations

import argparse
import ast
import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Literal

from tests.long.contracts.fast_and_plain import PAIRS

HERE = Path(__file__).parent
MODULES = (
    "footprint",
    "looking_ahead",
    "amin_rounds",
    "certificates",
    "validity",
)
FALSE_CLAIMS = "false_claims"

Finding = Literal["confirmed over all paths", "not refuted", "refuted"]


@dataclass(frozen=True)
class Condition:
    """A postcondition, and CrossHair's verdict on it.

    Attributes:
        function: the contract's name.
        text: the condition itself.
        finding: the verdict.
        message: CrossHair's own message.
    """

    function: str
    text: str
    finding: Finding
    message: str


def crosshair(arguments: Sequence[str]) -> str:
    """The output of a CrossHair command."""
    if find_spec("crosshair") is None:
        raise SystemExit("CrossHair is not installed; install it: pip install crosshair-tool")
    done = subprocess.run(
        [sys.executable, "-m", "crosshair", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        cwd=HERE.parents[2],
        check=False,
    )
    return done.stdout


def postconditions(file: Path) -> Iterator[tuple[int, str, str]]:
    """Line, function and text of every ``post:`` in a file."""
    source = file.read_text(encoding="utf-8")
    lines = source.splitlines()
    for node in ast.parse(source).body:
        if isinstance(node, ast.FunctionDef):
            for number in range(node.lineno, (node.end_lineno or node.lineno) + 1):
                text = lines[number - 1].strip()
                if text.startswith("post:"):
                    yield number, node.name, text.removeprefix("post:").strip()


def check_module(name: str, seconds: float) -> list[Condition]:
    """CrossHair's verdicts on a module's contracts; ``seconds`` of processor time for each."""
    output = crosshair(
        [
            "check",
            "--analysis_kind=PEP316",
            "--report_all",
            f"--per_condition_timeout={seconds}",
            f"tests.long.contracts.{name}",
        ]
    )
    messages = {}
    for line in output.splitlines():
        where, _, words = line.partition(": ")
        number = where.rpartition(":")[2]
        if number.isdigit():
            messages[int(number)] = words
    return [
        Condition(function, text, finding_of(messages.get(number)), messages.get(number, output))
        for number, function, text in postconditions(HERE / f"{name}.py")
    ]


def finding_of(words: str | None) -> Finding:
    """The verdict of a message; no message, or an unexpected one, does not count as confirmed."""
    if words == "info: Confirmed over all paths.":
        return "confirmed over all paths"
    return "not refuted" if words == "info: Not confirmed." else "refuted"


def compare(pair: tuple[str, str], seconds: float) -> str:
    """CrossHair's output on a pair of functions."""
    names = [f"tests.long.contracts.fast_and_plain.{name}" for name in pair]
    return crosshair(["diffbehavior", f"--per_condition_timeout={seconds}", *names])


def main() -> int:
    """The command; returns its exit status."""
    parser = argparse.ArgumentParser(prog="python -m tests.long.contracts", description=__doc__)
    parser.add_argument("--seconds", type=float, default=30, help="for each condition")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    chosen = parser.parse_args()
    began = time.monotonic()
    with ThreadPoolExecutor(chosen.workers) as executor:
        checks = {
            name: executor.submit(check_module, name, chosen.seconds)
            for name in (*MODULES, FALSE_CLAIMS)
        }
        comparisons = {pair: executor.submit(compare, pair, chosen.seconds / 2) for pair in PAIRS}
        contracts = {name: checks[name].result() for name in MODULES}
        claims = checks[FALSE_CLAIMS].result()
        differences = {pair: comparisons[pair].result() for pair in PAIRS}
    sound = [
        report_contracts(contracts),
        report_claims(claims),
        report_differences(differences),
    ]
    print(f"\nin {time.monotonic() - began:.0f} s")
    return 0 if all(sound) else 1


def report_contracts(contracts: dict[str, list[Condition]]) -> bool:
    """Print the finding for each condition; return whether none was refuted."""
    print("| contract | condition | finding |\n|---|---|---|")
    for name, conditions in contracts.items():
        for condition in conditions:
            text = "holds" if condition.text == "__return__" else f"`{condition.text}`"
            print(f"| {name}.{condition.function} | {text} | {condition.finding} |")
    found = [condition for conditions in contracts.values() for condition in conditions]
    count = Counter(condition.finding for condition in found)
    print(
        f"\n{len(found)} conditions: {count['confirmed over all paths']} confirmed over all "
        f"paths, {count['not refuted']} not refuted within the budget, {count['refuted']} refuted"
    )
    for condition in found:
        if condition.finding == "refuted":
            print(f"REFUTED {condition.function}: {condition.message}")
    return bool(found) and not count["refuted"]


def report_claims(claims: list[Condition]) -> bool:
    """Print the counterexample to each false claim; return whether each has one."""
    print("\n| false claim | counterexample |\n|---|---|")
    for claim in claims:
        print(f"| {claim.function} | {claim.message.removeprefix('error: ')} |")
    return bool(claims) and all(claim.message.startswith("error: false when") for claim in claims)


def report_differences(differences: dict[tuple[str, str], str]) -> bool:
    """Print the finding for each pair; return whether no pair differs."""
    print("\n| fast | plain | finding |\n|---|---|---|")
    alike = True
    for (fast, plain), message in differences.items():
        print(f"| {fast} | {plain} | {message.splitlines()[0] if message else 'no output'} |")
        if not message.startswith(("No differences found.", "All paths exhausted")):
            alike = False
            print(f"\nDIFFERENT {fast} {plain}: {message}")
    return alike


if __name__ == "__main__":
    sys.exit(main())
