"""All faults of most files, and a sample of the oracle's: ``python -m tests.long.mutants.all``.

The operators of :mod:`.faults` mutate each file of :data:`GROUPS`. A fault is first judged in a
fork of one process (:mod:`.warm`) with a tenth of the examples. A fault that is alive then, or
that lies outside of functions, is judged in a process of its own (:mod:`.cold`) with all examples.
Each verdict is appended to a log, so that a run that was stopped continues. A fault is judged again
only if its function has changed or if ``--again`` names its verdict. Faults are judged in a random
order with a fixed seed: those of a run that was stopped are a sample of all. Every fault that stays
alive must be in :data:`.equivalent.EQUIVALENT` with a reason; otherwise the exit status is 1.
"""

from __future__ import annotations

import argparse
import ast
import hashlib
import json
import math
import os
import random
import sys
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import ExitStack
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from queue import SimpleQueue

import pytest

from tests.long.mutants.cold import Bench
from tests.long.mutants.equivalent import EQUIVALENT
from tests.long.mutants.faults import Fault, faults_of
from tests.long.mutants.warm import Judged, Measured, Warm, allowed_seconds, key
from tests.support.project import PROJECT

SEED = 20261125

UNNOTICED = "unnoticed"
"""The verdict of a fault that has not been judged in a process of its own."""


@dataclass(frozen=True)
class FaultGroup:
    """Files to mutate, the tests that must notice their faults, and how many faults are tried.

    Attributes:
        name: the value of ``--group``.
        files: the files to mutate; paths from the project's root.
        tests: the test files.
        sample: the number of faults of each file, chosen at random; ``None``: all.
        below: modules that import none of the files, so that one process can import them for all
            faults.
    """

    name: str
    files: tuple[str, ...]
    tests: tuple[str, ...]
    sample: int | None
    below: tuple[str, ...] = ()


GROUPS = (
    FaultGroup(
        "core",
        files=(
            "amin_ref/policies/amin.py",
            "amin_ref/policies/amin_by_volume.py",
            "amin_ref/policies/doubling.py",
            "amin_ref/policies/first_come.py",
            "amin_ref/policies/lookahead.py",
            "amin_ref/policies/policy.py",
            "amin_ref/policies/reserving.py",
            "amin_ref/policies/shortest_predicted.py",
            "amin_ref/policies/smallest_volume.py",
            "amin_ref/policies/ties.py",
            "amin_ref/simulator/cache.py",
            "amin_ref/model/blocks.py",
            "amin_ref/simulator/simulation.py",
            "amin_ref/checker/__init__.py",
            "amin_ref/checker/aborts.py",
            "amin_ref/checker/completion.py",
            "amin_ref/checker/limits.py",
            "amin_ref/checker/memory.py",
            "amin_ref/checker/timing.py",
            "amin_ref/checker/tracing.py",
            "amin_ref/model/request.py",
            "amin_ref/model/instance.py",
            "amin_ref/model/schedule.py",
            "amin_ref/model/validation.py",
            "amin_ref/model/short_form.py",
            "amin_ref/conformance/traced.py",
            "amin_ref/conformance/busy_periods.py",
            "amin_ref/conformance/admission_order.py",
            "amin_ref/conformance/first_come.py",
            "amin_ref/conformance/plan.py",
            "amin_ref/conformance/waiting.py",
            "amin_ref/conformance/replay.py",
            "amin_ref/conformance/bound_rules.py",
        ),
        tests=(
            "tests/model/test_values.py",
            "tests/model/test_construction.py",
            "tests/model/test_documents.py",
            "tests/model/test_json_lines.py",
            "tests/model/test_metrics.py",
            "tests/checker/test_checker.py",
            "tests/checker/test_engine_machine.py",
            "tests/simulator/test_simulator.py",
            "tests/policies/test_naive.py",
            "tests/policies/test_theorems.py",
            "tests/policies/test_metamorphic.py",
            "tests/policies/test_open.py",
            "tests/policies/test_machines.py",
            "tests/policies/test_others.py",
            "tests/policies/test_work_per_round.py",
            "tests/conformance/test_conformance.py",
            "tests/conformance/test_every_machine.py",
            "tests/conformance/test_first_come.py",
            "tests/making/vectors",
        ),
        sample=None,
    ),
    FaultGroup(
        "workloads",
        files=(
            "amin_ref/workloads/arrivals.py",
            "amin_ref/workloads/build.py",
            "amin_ref/workloads/decimals.py",
            "amin_ref/workloads/distribution.py",
            "amin_ref/workloads/embedded.py",
            "amin_ref/workloads/fields.py",
            "amin_ref/workloads/formats.py",
            "amin_ref/workloads/json_lines.py",
            "amin_ref/workloads/lines.py",
            "amin_ref/workloads/predictions.py",
            "amin_ref/workloads/row.py",
            "amin_ref/workloads/trace.py",
            "amin_ref/workloads/usable.py",
            "amin_ref/files/locking.py",
            "amin_ref/files/reading.py",
            "amin_ref/files/writing.py",
        ),
        tests=(
            "tests/workloads",
            "tests/files",
            "tests/oracle/test_journal.py",
        ),
        sample=None,
    ),
    FaultGroup(
        "certificate",
        files=("oracle/certificate.py", "oracle/journal.py"),
        tests=(
            "tests/oracle/test_certificate.py",
            "tests/oracle/test_certificate_resume.py",
            "tests/oracle/test_journal.py",
        ),
        sample=None,
    ),
    FaultGroup(
        "cli",
        files=(
            "amin_ref/cli/application.py",
            "amin_ref/cli/exit_codes.py",
            "amin_ref/cli/flags.py",
            "amin_ref/cli/options.py",
            "amin_ref/cli/limits.py",
            "amin_ref/cli/reading.py",
            "amin_ref/cli/writing.py",
            "amin_ref/cli/streams.py",
            "amin_ref/cli/signals.py",
            "amin_ref/cli/messages.py",
            "amin_ref/cli/bugs.py",
            "amin_ref/cli/memory.py",
            "amin_ref/cli/wording.py",
            "amin_ref/cli/slow.py",
            "amin_ref/cli/progress.py",
            "amin_ref/cli/workers.py",
            "amin_ref/cli/foreign.py",
            "amin_ref/cli/machine.py",
            "amin_ref/cli/family.py",
            "amin_ref/cli/given.py",
            "amin_ref/cli/bound.py",
            "amin_ref/cli/proved.py",
            "amin_ref/cli/simulate.py",
            "amin_ref/cli/compare.py",
            "amin_ref/cli/comparing.py",
            "amin_ref/cli/check.py",
            "amin_ref/cli/conform.py",
            "amin_ref/cli/judge.py",
            "amin_ref/cli/new.py",
            "amin_ref/cli/skeleton.py",
            "amin_ref/cli/drive.py",
            "amin_ref/cli/optimum.py",
            "amin_ref/cli/verify.py",
            "amin_ref/cli/report.py",
            "amin_ref/cli/report_file.py",
            "amin_ref/cli/claims.py",
            "amin_ref/cli/worst_case.py",
            "amin_ref/cli/schema.py",
            "amin_ref/cli/vectors.py",
            "amin_ref/cli/__init__.py",
        ),
        tests=(
            "tests/cli/test_application.py",
            "tests/cli/test_beginning.py",
            "tests/cli/test_bugs.py",
            "tests/cli/test_choices.py",
            "tests/cli/test_cli.py",
            "tests/cli/test_compare.py",
            "tests/cli/test_conform.py",
            "tests/cli/test_drive.py",
            "tests/cli/test_endings.py",
            "tests/cli/test_family.py",
            "tests/cli/test_field_cases.py",
            "tests/cli/test_judge.py",
            "tests/cli/test_machine_flags.py",
            "tests/cli/test_memory.py",
            "tests/cli/test_new.py",
            "tests/cli/test_other_systems.py",
            "tests/cli/test_outputs.py",
            "tests/cli/test_progress.py",
            "tests/cli/test_reading.py",
            "tests/cli/test_refusals.py",
            "tests/cli/test_report_command.py",
            "tests/cli/test_rules.py",
            "tests/cli/test_sentences.py",
            "tests/cli/test_signals.py",
            "tests/cli/test_slow.py",
            "tests/cli/test_streams.py",
            "tests/cli/test_verify_machine.py",
            "tests/cli/test_wording.py",
            "tests/cli/test_workload_options.py",
            "tests/cli/test_workers.py",
            "tests/comparison/test_comparison.py",
            "tests/logs/test_unclosed.py",
            "tests/oracle/claims/test_claims.py",
            "tests/oracle/report/test_report.py",
            "tests/oracle/ratio/test_program.py",
            "tests/proved/test_command.py",
            "tests/schemas/test_schemas.py",
            "tests/project/test_readme.py",
        ),
        sample=None,
        below=(
            "amin_ref.comparison.grid",
            "amin_ref.families",
            "amin_ref.judging",
            "amin_ref.logs.reading",
            "amin_ref.proved.program",
            "amin_ref.schemas",
            "amin_ref.suite",
            "amin_ref.vectors",
            "amin_ref.workloads",
            "oracle.claims.page",
            "oracle.claims.scheduler_page",
            "oracle.portfolio",
            "oracle.ratio.tables",
            "oracle.ratio.worst_case",
            "oracle.report.document",
            "oracle.search.branch_and_bound",
        ),
    ),
    FaultGroup(
        "oracle",
        files=(
            "oracle/search/branch_and_bound.py",
            "oracle/search/bounds.py",
            "oracle/search/states.py",
            "oracle/search/walk.py",
            "oracle/search/problem.py",
            "oracle/search/relaxation.py",
            "tests/models/identical_prompts.py",
            "oracle/heuristics/best_schedule.py",
            "oracle/heuristics/local_search.py",
            "oracle/heuristics/annealing.py",
            "oracle/portfolio.py",
            "oracle/budget.py",
            "oracle/deadline.py",
            "oracle/starts/start_rounds.py",
            "oracle/starts/free_capacity.py",
            "oracle/starts/list_schedule.py",
            "oracle/starts/parts.py",
            "oracle/programme/candidates.py",
            "oracle/prices/dual.py",
            "oracle/prices/ascent.py",
            "oracle/programme/branch_and_cut.py",
            "oracle/programme/cuts.py",
            "oracle/programme/solvers.py",
            "amin_ref/small/fast_simulation.py",
            "amin_ref/small/optimum.py",
            "oracle/ratio/black_box.py",
            "oracle/ratio/by_rules.py",
            "oracle/ratio/candidates.py",
            "oracle/ratio/question.py",
            "oracle/ratio/worst_case.py",
        ),
        tests=(
            "tests/oracle/test_deadline.py",
            "tests/oracle/starts/test_starts.py",
            "tests/oracle/search/test_search.py",
            "tests/oracle/search/test_walk.py",
            "tests/oracle/heuristics/test_heuristics.py",
            "tests/oracle/test_portfolio.py",
            "tests/oracle/test_agreement.py",
            "tests/oracle/programme/test_programme.py",
            "tests/small/test_small_instances.py",
            "tests/oracle/ratio/test_black_box.py",
            "tests/oracle/ratio/test_candidates.py",
            "tests/oracle/ratio/test_stopping.py",
            "tests/oracle/ratio/test_worst_case.py",
        ),
        sample=12,
    ),
)


HOMES = {
    "amin_ref/simulator/cache.py": ("tests/simulator/test_simulator.py",),
    "amin_ref/simulator/simulation.py": ("tests/simulator/test_simulator.py",),
    "amin_ref/checker/__init__.py": (
        "tests/checker/test_checker.py",
        "tests/checker/test_engine_machine.py",
    ),
    "amin_ref/checker/aborts.py": (
        "tests/checker/test_checker.py",
        "tests/checker/test_engine_machine.py",
    ),
    "amin_ref/checker/completion.py": (
        "tests/checker/test_checker.py",
        "tests/checker/test_engine_machine.py",
    ),
    "amin_ref/checker/limits.py": (
        "tests/checker/test_checker.py",
        "tests/checker/test_engine_machine.py",
    ),
    "amin_ref/checker/memory.py": (
        "tests/checker/test_checker.py",
        "tests/checker/test_engine_machine.py",
    ),
    "amin_ref/checker/timing.py": (
        "tests/checker/test_checker.py",
        "tests/checker/test_engine_machine.py",
    ),
    "amin_ref/checker/tracing.py": (
        "tests/checker/test_checker.py",
        "tests/checker/test_engine_machine.py",
    ),
    "amin_ref/model/request.py": ("tests/model/test_values.py", "tests/model/test_documents.py"),
    "amin_ref/model/instance.py": (
        "tests/model/test_values.py",
        "tests/model/test_construction.py",
        "tests/model/test_documents.py",
    ),
    "amin_ref/model/schedule.py": (
        "tests/model/test_metrics.py",
        "tests/model/test_json_lines.py",
        "tests/model/test_values.py",
        "tests/model/test_documents.py",
    ),
    "amin_ref/model/validation.py": ("tests/model/test_values.py",),
    "amin_ref/model/short_form.py": ("tests/model/test_construction.py",),
    **{
        f"amin_ref/conformance/{name}.py": (
            "tests/conformance/test_conformance.py",
            "tests/conformance/test_every_machine.py",
            "tests/conformance/test_first_come.py",
        )
        for name in (
            *("traced", "busy_periods", "admission_order", "first_come"),
            *("plan", "waiting", "replay", "bound_rules"),
        )
    },
    "oracle/certificate.py": (
        "tests/oracle/test_certificate.py",
        "tests/oracle/test_certificate_resume.py",
    ),
    "oracle/journal.py": ("tests/oracle/test_journal.py",),
    "amin_ref/workloads/arrivals.py": ("tests/workloads/test_arrivals.py",),
    "amin_ref/workloads/build.py": ("tests/workloads/test_build.py",),
    "amin_ref/workloads/decimals.py": ("tests/workloads/test_trace.py",),
    "amin_ref/workloads/distribution.py": ("tests/workloads/test_predictions.py",),
    "amin_ref/workloads/embedded.py": ("tests/workloads/test_embedded.py",),
    "amin_ref/workloads/fields.py": ("tests/workloads/test_trace.py",),
    "amin_ref/workloads/formats.py": ("tests/workloads/test_trace.py",),
    "amin_ref/workloads/json_lines.py": ("tests/workloads/test_trace.py",),
    "amin_ref/workloads/lines.py": ("tests/workloads/test_trace.py",),
    "amin_ref/workloads/predictions.py": ("tests/workloads/test_predictions.py",),
    "amin_ref/workloads/row.py": ("tests/workloads/test_trace.py",),
    "amin_ref/workloads/trace.py": ("tests/workloads/test_trace.py",),
    "amin_ref/workloads/usable.py": (
        "tests/workloads/test_trace.py",
        "tests/workloads/test_build.py",
    ),
    "amin_ref/cli/new.py": ("tests/cli/test_new.py", "tests/cli/test_refusals.py"),
    "amin_ref/cli/skeleton.py": ("tests/cli/test_new.py", "tests/cli/test_refusals.py"),
    "amin_ref/cli/reading.py": ("tests/cli/test_reading.py", "tests/logs/test_unclosed.py"),
    "amin_ref/cli/limits.py": ("tests/cli/test_reading.py", "tests/cli/test_refusals.py"),
    "amin_ref/cli/workers.py": ("tests/cli/test_workers.py",),
    "amin_ref/cli/application.py": ("tests/cli/test_application.py",),
    "amin_ref/cli/flags.py": ("tests/cli/test_rules.py", "tests/cli/test_refusals.py"),
    "amin_ref/cli/check.py": ("tests/cli/test_rules.py", "tests/logs/test_unclosed.py"),
    "amin_ref/cli/schema.py": ("tests/cli/test_rules.py",),
    "amin_ref/cli/slow.py": ("tests/cli/test_slow.py",),
    "amin_ref/cli/writing.py": (
        "tests/cli/test_outputs.py",
        "tests/cli/test_rules.py",
        "tests/cli/test_refusals.py",
    ),
    "amin_ref/cli/claims.py": (
        "tests/cli/test_sentences.py",
        "tests/oracle/claims/test_claims.py",
        "tests/cli/test_refusals.py",
    ),
    "amin_ref/cli/worst_case.py": (
        "tests/cli/test_sentences.py",
        "tests/oracle/ratio/test_program.py",
    ),
    "amin_ref/files/locking.py": ("tests/files/test_writing.py", "tests/oracle/test_journal.py"),
    "amin_ref/files/reading.py": ("tests/files/test_reading.py",),
    "amin_ref/files/writing.py": ("tests/files/test_writing.py",),
    "amin_ref/cli/drive.py": (
        "tests/cli/test_sentences.py",
        "tests/cli/test_drive.py",
        "tests/cli/test_refusals.py",
    ),
    "amin_ref/cli/conform.py": (
        "tests/cli/test_sentences.py",
        "tests/cli/test_conform.py",
    ),
    "amin_ref/cli/compare.py": (
        "tests/cli/test_workload_options.py",
        "tests/cli/test_compare.py",
        "tests/cli/test_report_command.py",
        "tests/cli/test_refusals.py",
    ),
    "amin_ref/cli/comparing.py": (
        "tests/cli/test_progress.py",
        "tests/cli/test_report_command.py",
        "tests/cli/test_workload_options.py",
        "tests/cli/test_compare.py",
    ),
    "amin_ref/cli/exit_codes.py": (
        "tests/cli/test_endings.py",
        "tests/cli/test_cli.py",
        "tests/cli/test_rules.py",
        "tests/cli/test_refusals.py",
    ),
    "amin_ref/cli/options.py": (
        "tests/cli/test_workload_options.py",
        "tests/cli/test_rules.py",
        "tests/cli/test_refusals.py",
    ),
    "amin_ref/cli/wording.py": ("tests/cli/test_wording.py",),
    "amin_ref/cli/messages.py": (
        "tests/cli/test_endings.py",
        "tests/cli/test_rules.py",
    ),
    "amin_ref/cli/bound.py": (
        "tests/cli/test_progress.py",
        "tests/cli/test_sentences.py",
        "tests/cli/test_rules.py",
        "tests/cli/test_refusals.py",
    ),
    "amin_ref/cli/proved.py": ("tests/proved/test_command.py",),
    "amin_ref/cli/optimum.py": (
        "tests/cli/test_sentences.py",
        "tests/cli/test_rules.py",
    ),
    "amin_ref/cli/verify.py": (
        "tests/cli/test_sentences.py",
        "tests/cli/test_rules.py",
    ),
    "amin_ref/cli/report.py": ("tests/cli/test_report_command.py",),
    "amin_ref/cli/report_file.py": (
        "tests/cli/test_report_command.py",
        "tests/cli/test_workload_options.py",
    ),
    "amin_ref/cli/bugs.py": ("tests/cli/test_bugs.py",),
    "amin_ref/cli/memory.py": ("tests/cli/test_memory.py",),
    "amin_ref/cli/signals.py": (
        "tests/cli/test_endings.py",
        "tests/cli/test_progress.py",
        "tests/cli/test_signals.py",
        "tests/cli/test_refusals.py",
    ),
    "amin_ref/cli/__init__.py": ("tests/cli/test_beginning.py",),
    "amin_ref/cli/streams.py": (
        "tests/cli/test_beginning.py",
        "tests/cli/test_endings.py",
        "tests/cli/test_streams.py",
        "tests/cli/test_outputs.py",
    ),
    "amin_ref/cli/progress.py": ("tests/cli/test_progress.py",),
    "amin_ref/cli/vectors.py": ("tests/cli/test_refusals.py",),
    "amin_ref/cli/judge.py": ("tests/cli/test_judge.py", "tests/logs/test_unclosed.py"),
    "amin_ref/cli/machine.py": ("tests/cli/test_machine_flags.py", "tests/cli/test_rules.py"),
    "amin_ref/cli/family.py": ("tests/cli/test_family.py",),
    "amin_ref/cli/given.py": ("tests/cli/test_rules.py",),
}
"""The test files that were written for a file; they run before other tests that use the file."""


@dataclass(frozen=True, slots=True)
class LoggedVerdict:
    """A line of the log: a fault, the digest of its function at that time, and the verdict."""

    fault: str
    source: str
    judged: Judged


class VerdictLog:
    """A file of all verdicts, in the order in which they were found; a fault's last one counts."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.entries: dict[str, LoggedVerdict] = {}
        if path.exists():
            for line in path.read_text(encoding="utf-8").splitlines():
                found = json.loads(line)
                judged = Judged(found["verdict"], found["by"], found["seconds"])
                entry = LoggedVerdict(found["fault"], found["source"], judged)
                self.entries[entry.fault] = entry

    def add(self, entry: LoggedVerdict) -> None:
        """Append a verdict to the file."""
        self.entries[entry.fault] = entry
        document = {
            "fault": entry.fault,
            "source": entry.source,
            "verdict": entry.judged.verdict,
            "by": entry.judged.by,
            "seconds": round(entry.judged.seconds, 2),
        }
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with self._path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(document, ensure_ascii=False) + "\n")


def source_of(file: str) -> str:
    """The text of a file of the project."""
    return (PROJECT / file).read_text(encoding="utf-8")


def digests(text: str) -> dict[str, str]:
    """The digest of each outermost function of a file, by its qualified name: the code of the
    function without its comments and docstrings, 12 hexadecimal digits.

    The empty name stands for the code outside of functions. So a verdict outlives a better wording
    and a change elsewhere.
    """
    tree = ast.parse(text)
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef):
            node.body = [statement for statement in node.body if not _is_text(statement)]
    codes: dict[str, list[str]] = defaultdict(list)
    for name, function in _outermost(tree, ""):
        codes[name].append("\n".join(ast.dump(statement) for statement in function.body))
        function.body = []
    codes[""] = [ast.dump(tree)]
    return {
        name: hashlib.sha256("\n".join(parts).encode()).hexdigest()[:12]
        for name, parts in codes.items()
    }


def _outermost(node: ast.AST, prefix: str) -> list[tuple[str, ast.FunctionDef]]:
    """The functions and methods of a module, without nested ones, with their qualified names."""
    if isinstance(node, ast.FunctionDef):
        return [(f"{prefix}{node.name}", node)]
    inner = f"{prefix}{node.name}." if isinstance(node, ast.ClassDef) else prefix
    return [found for child in ast.iter_child_nodes(node) for found in _outermost(child, inner)]


def _is_text(statement: ast.stmt) -> bool:
    match statement:
        case ast.Expr(value=ast.Constant(value=str())):
            return True
        case _:
            return False


@cache
def digest_of(file: str, scope: str) -> str:
    """The digest of a function of a file of the project; see :func:`digests`."""
    return digests(source_of(file))[scope]


@cache
def all_faults(file: str) -> tuple[Fault, ...]:
    """All faults of a file of the project."""
    return faults_of(file, source_of(file))


def chosen_faults(file: str, sample: int | None) -> tuple[Fault, ...]:
    """All faults of a file, or a sample that depends on its name and :data:`SEED` alone."""
    faults = all_faults(file)
    if sample is None or sample >= len(faults):
        return faults
    by_name = sorted(faults, key=lambda fault: fault.name)
    chosen = random.Random(f"{SEED}/{file}").sample(by_name, sample)
    return tuple(sorted(chosen, key=lambda fault: (fault.line, fault.name)))


@dataclass(frozen=True)
class Order:
    """The command line of a run."""

    group: FaultGroup
    files: tuple[str, ...]
    folder: Path
    workers: int
    again: tuple[str, ...]
    glance: float
    budget: float
    is_cold: bool


def run(order: Order) -> bool:
    """Judge the faults that are due; return whether each fault that stays alive is explained."""
    log = VerdictLog(order.folder / "journal.jsonl")
    faults = {f.name: f for file in order.files for f in chosen_faults(file, order.group.sample)}
    sources = {
        key(file, scope): found
        for file in order.group.files
        for scope, found in digests(source_of(file)).items()
    }
    explained = {listed.fault for listed in EQUIVALENT}

    def was_seen(fault: Fault) -> bool:
        entry = log.entries.get(fault.name)
        if entry is None or entry.source != digest_of(fault.file, fault.scope):
            return False
        return fault.name in explained or entry.judged.verdict not in order.again

    def due() -> list[Fault]:
        again = (UNNOTICED, *order.again)
        return [f for f in faults.values() if _is_due(f, log, again)]

    first = due()
    print(f"{len(faults)} faults, {len(first)} of them to be judged", flush=True)
    if not first:
        return report(order, faults, log)
    kills: dict[str, Counter[str]] = defaultdict(Counter)
    for entry in log.entries.values():
        if entry.judged.verdict == "killed" and entry.fault in faults:
            _count(kills, faults[entry.fault], entry.judged.by)
    survivors: list[Fault] = []
    failing: list[str] = []

    def note(fault: Fault, judged: Judged) -> None:
        log.add(LoggedVerdict(fault.name, digest_of(fault.file, fault.scope), judged))
        if judged.verdict == "killed":
            _count(kills, fault, judged.by)
        by = judged.by.rpartition("::")[2]
        print(f"{judged.verdict:9} {judged.seconds:6.1f} s  {fault.name}  {by}", flush=True)

    def work(warm: Warm) -> None:
        stored = order.folder / f"tests-{order.group.name}.json"
        warm.measure(
            _read_measured(stored, sources),
            lambda w: _write_measured(stored, sources, w.measured),
            order.workers,
        )
        now = [f for f in first if warm.can_judge(f) and not was_seen(f)]
        now.sort(
            key=lambda f: (f.name in log.entries, _at_random(f))
        )  # faults without a verdict come first
        names = {f.name for f in now}
        alive = [f for f in first if f.name not in names and f.name not in explained]
        for fault, judged in warm.judge(now, kills, order.glance, order.workers):
            note(fault, judged)
            if judged.verdict == UNNOTICED and fault.name not in explained:
                alive.append(fault)
        killers = {test for tests in kills.values() for test in tests}
        failing.extend(warm.failing_without_fault(sorted(killers), order.workers))
        alive.sort(key=_at_random)
        survivors.extend(alive)

    arguments = ["-n", "0", "-q", "-s", "--no-header", "--tb", "line", "-p", "no:cacheprovider"]
    plugin = Warm(PROJECT, order.group.files, HOMES, work)
    os.environ["AMIN_PROFILE"] = "glance"
    status = pytest.main([*arguments, *order.group.tests], plugins=[plugin])
    if status not in (pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED):
        return False
    for test in failing:
        print(f"a test that killed faults fails without one: {test}")
    if order.is_cold:
        # Asked when a fault's turn comes: tests that killed the ones before it go first.
        tests_of = partial(_affordable, plugin, kills, order.budget)
        for fault, judged in _judged_cold(survivors, tests_of, order):
            note(fault, judged)
    return report(order, faults, log) and not failing


def _judged_cold(
    survivors: Iterable[Fault], tests_of: Callable[[Fault], Mapping[str, float]], order: Order
) -> Iterator[tuple[Fault, Judged]]:
    """Each fault with its verdict, as soon as it is known."""
    executor = ThreadPoolExecutor(order.workers)
    with ExitStack() as stack:
        benches = SimpleQueue[Bench]()
        for _ in range(order.workers):
            benches.put(stack.enter_context(Bench(order.group.below)))

        def judge(fault: Fault) -> tuple[Fault, Judged]:
            bench = benches.get()
            try:
                return fault, bench.judge(fault, tests_of(fault))
            finally:
                benches.put(bench)

        stack.callback(executor.shutdown, cancel_futures=True)  # after an error
        jobs = [executor.submit(judge, fault) for fault in survivors]
        yield from (job.result() for job in as_completed(jobs))


def _is_due(fault: Fault, log: VerdictLog, again: Sequence[str]) -> bool:
    entry = log.entries.get(fault.name)
    if entry is None or entry.source != digest_of(fault.file, fault.scope):
        return True
    return entry.judged.verdict in again


def _at_random(fault: Fault) -> str:
    """A key for a random order that depends on the faults' names and :data:`SEED` alone."""
    return hashlib.sha256(f"{SEED}/{fault.name}".encode()).hexdigest()


def _count(kills: dict[str, Counter[str]], fault: Fault, test: str) -> None:
    outside = () if fault.scope else ("",)
    for place in (fault.name, key(fault.file, fault.scope), fault.file, *outside):
        kills[place][test] += 1


def _affordable(
    warm: Warm, kills: Mapping[str, Counter[str]], budget: float, fault: Fault
) -> dict[str, float]:
    """The tests for a fault that ``budget`` seconds allow, each with its time limit; seconds."""
    # Ten times the examples may take ten times as long.
    return {
        test: allowed_seconds(10 * warm.measured[test].seconds)
        for test in warm.tests_of(fault, kills, budget)
    }


# How long each test takes and which functions it runs; measured once.


def _read_measured(path: Path, sources: Mapping[str, str]) -> dict[str, Measured]:
    """The stored measurements, without tests that run a function that has changed."""
    if not path.exists():
        return {}
    stored = json.loads(path.read_text(encoding="utf-8"))
    measured = {t: Measured(s, e, frozenset(names)) for t, (s, e, names) in stored["tests"].items()}
    then: dict[str, str] = stored["sources"]
    changed = {name for name, code in then.items() if sources.get(name, code) != code}
    return {test: found for test, found in measured.items() if not found.functions & changed}


def _write_measured(
    path: Path, sources: Mapping[str, str], measured: Mapping[str, Measured]
) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    tests = {test: (m.seconds, m.elsewhere, sorted(m.functions)) for test, m in measured.items()}
    stored = {"sources": dict(sources), "tests": tests}
    path.write_text(json.dumps(stored), encoding="utf-8")


# The report.


def report(order: Order, faults: Mapping[str, Fault], log: VerdictLog) -> bool:
    """Print the table and the unexplained faults; return whether there is none."""
    explained = {listed.fault: listed for listed in EQUIVALENT}
    print("\n| file | faults | tried | killed | timed out | equivalent | alive | noticed |")
    print("|---|---|---|---|---|---|---|---|")
    in_all = Counter[str]()
    is_sample = order.group.sample is not None
    unexplained: list[str] = []
    stale: list[str] = []
    for file in order.files:
        counts = Counter[str](faults=len(all_faults(file)))
        for fault in (f for f in faults.values() if f.file == file):
            entry = log.entries.get(fault.name)
            if entry is None or entry.source != digest_of(fault.file, fault.scope):
                continue  # never judged, or as the function was before
            verdict = entry.judged.verdict
            if verdict in ("alive", UNNOTICED) and fault.name in explained:
                verdict = "equivalent"
            elif verdict in ("alive", UNNOTICED):
                verdict = "alive"
                unexplained.append(f"{file}:{fault.line}: {fault.name} {entry.judged.by}")
            elif fault.name in explained:
                stale.append(f"{verdict}, though listed as equivalent: {fault.name}")
            counts[verdict] += 1
            counts["tried"] += 1
        print(_row(f"`{file}`", counts, is_sample))
        in_all.update(counts)
    print(_row("all", in_all, is_sample))
    for line in (*unexplained, *stale):
        print(line)
    return not unexplained and not stale


def _row(name: str, counts: Mapping[str, int], is_sample: bool) -> str:
    noticed = counts.get("killed", 0) + counts.get("timed out", 0)
    decided = noticed + counts.get("alive", 0)
    share = _percentage(noticed, decided, is_sample)
    columns = ("faults", "tried", "killed", "timed out", "equivalent", "alive")
    return f"| {name} | " + " | ".join(str(counts.get(c, 0)) for c in columns) + f" | {share} |"


def _percentage(part: int, whole: int, is_sample: bool) -> str:
    """The share of those that are not equivalent; of a sample with its 95 % interval (Wilson)."""
    if not whole:
        return "–"
    share = part / whole
    if not is_sample:
        return f"{share:.1%}"
    z = 1.96
    middle = (share + z * z / (2 * whole)) / (1 + z * z / whole)
    spread = z / (1 + z * z / whole) * math.sqrt(share * (1 - share) / whole + (z / whole / 2) ** 2)
    return f"{share:.0%} [{middle - spread:.0%}, {min(1.0, middle + spread):.0%}]"


def main(arguments: Iterable[str] | None = None) -> int:
    """Run the command and return its exit status."""
    parser = argparse.ArgumentParser(prog="python -m tests.long.mutants.all", description=__doc__)
    parser.add_argument("--group", choices=[group.name for group in GROUPS], default="core")
    parser.add_argument("--only", default="", help="files with this in their path")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    parser.add_argument(
        "--folder",
        type=Path,
        default=PROJECT / ".mutation",
        help="folder of the log and of the measured times",
    )
    parser.add_argument(
        "--again", action="append", default=[], help="judge faults with this verdict again: alive"
    )
    parser.add_argument(
        "--budget",
        type=float,
        default=20.0,
        help="seconds of tests, measured with few examples, for a fault that the first look missed",
    )
    parser.add_argument(
        "--glance", type=float, default=4.0, help="the same for the first look at each fault"
    )
    parser.add_argument("--warm", action="store_true", help="only this first look")
    parser.add_argument("--report", action="store_true", help="only print the table of the log")
    asked = parser.parse_args(None if arguments is None else list(arguments))
    group = next(group for group in GROUPS if group.name == asked.group)
    files = tuple(file for file in group.files if asked.only in file)
    order = Order(
        group,
        files,
        asked.folder,
        asked.workers,
        tuple(asked.again),
        asked.glance,
        asked.budget,
        not asked.warm,
    )
    if asked.report:
        log = VerdictLog(order.folder / "journal.jsonl")
        faults = {f.name: f for file in files for f in chosen_faults(file, group.sample)}
        return 0 if report(order, faults, log) else 1
    return 0 if run(order) else 1


if __name__ == "__main__":
    sys.exit(main())
