"""A wrong model is noticed: for each of these faults in ``Model.v`` some instance has other runs.

From the runs of the program with the fault follows which statements of ``Book.v`` are false.
"""

from __future__ import annotations

import random
from collections import Counter
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest

from amin_ref import Instance, RequestId, Run, Schedule, check, simulate
from tests.rocq.faulty import Source, with_faults
from tests.rocq.program import Program
from tests.rocq.test_differential import POLICIES, drawn, ranked
from tests.support.project import PROJECT

pytestmark = pytest.mark.slow

INSTANCES = 400
"""Random instances on which a fault must show."""

ROUNDS = 5000
"""A wrong policy may go on for ever; no right one takes so long on these instances."""


Told = tuple[RequestId, int, int, str]
"""A run as the program tells it: its request, start, stop and outcome."""


class Mutant(NamedTuple):
    """A fault: what it is, the policy that has it, and the text of ``Model.v`` that it changes."""

    fault: str
    policy: str
    old: str
    new: str


REFINED = "(Z.max (assumed j) (generated j)) (rank j)"
PRECEDES = "(assumed i <? assumed j) || ((assumed i =? assumed j) && (rank i <=? rank j))."
AMIN_STEPS = "let (running', queue') := admit stay queue in (evicted, running', queue')."
FROM_NOTHING = "Job (tag j) (prompt j) (assumed j) (rank j) 0."
ADMITTED = "if fits running j then admit (j :: running) later"
ARRIVALS = "insert_all (before p) (map (new_job p) arrived) (waiting s)"
EVICTED = "insert_all (before p) (map from_nothing evicted) queue'"
SECOND_VICTIM = (
    "let (evicted, stay) := match evicted, stay with "
    "| _ :: _, x :: y :: rest => (evicted ++ [x], y :: rest) | _, _ => (evicted, stay) end in "
)

MUTANTS = (
    Mutant("refine to a + 1", "amin", REFINED, REFINED.replace("generated j", "generated j + 1")),
    Mutant("no refinement", "amin", REFINED, "(assumed j) (rank j)"),
    Mutant("one token too many fits", "amin", "M <? sum next_token", "M + 1 <? sum next_token"),
    Mutant("a full cache overflows", "amin", "M <? sum next_token", "M <=? sum next_token"),
    Mutant(
        "the greatest first",
        "amin",
        PRECEDES,
        PRECEDES.replace("assumed i <? assumed j", "assumed j <? assumed i"),
    ),
    Mutant("ranks unread", "amin", PRECEDES, "assumed i <=? assumed j."),
    Mutant(
        "ranks reversed",
        "amin",
        PRECEDES,
        PRECEDES.replace("rank i <=? rank j", "rank j <=? rank i"),
    ),
    Mutant("looks at the next token only", "amin", "(Z.to_nat (remaining j))", "1%nat"),
    Mutant(
        "looks one round too short",
        "amin",
        "(Z.to_nat (remaining j))",
        "(Z.to_nat (remaining j - 1))",
    ),
    Mutant("one cell stays free", "amin", "(outlook j) <=? M", "(outlook j) <? M"),
    Mutant(
        "skips what does not fit",
        "amin",
        "else (running, queue)",
        "else let (r, w) := admit running later in (r, j :: w)",
    ),
    Mutant(
        "one admission a round", "amin", ADMITTED, "if fits running j then (j :: running, later)"
    ),
    Mutant("the evicted to the head", "amin", EVICTED, "map from_nothing evicted ++ queue'"),
    Mutant("the evicted to the end", "amin", EVICTED, "queue' ++ map from_nothing evicted"),
    Mutant(
        "eviction forgets the bound", "amin", FROM_NOTHING, FROM_NOTHING.replace("(assumed j)", "1")
    ),
    Mutant(
        "eviction keeps the tokens",
        "amin",
        FROM_NOTHING,
        FROM_NOTHING.replace("0.", "(generated j)."),
    ),
    Mutant(
        "reads the output length", "amin", "Policy lower precedes", "Policy output_len precedes"
    ),
    Mutant("arrivals to the end", "amin", ARRIVALS, "waiting s ++ map (new_job p) arrived"),
    Mutant("arrives a round late", "amin", "arrival r <=? now s", "arrival r <? now s"),
    Mutant("one victim too many", "amin", AMIN_STEPS, SECOND_VICTIM + AMIN_STEPS),
    Mutant("one victim too few", "amin", "if overflows running then", "if overflows others then"),
    Mutant(
        "a block too many",
        "amin",
        "occ B (prompt j + generated j + 1).",
        "occ B (prompt j + generated j + 1 + B).",
    ),
    Mutant(
        "the next token is free",
        "amin",
        "occ B (prompt j + generated j + 1).",
        "occ B (prompt j + generated j).",
    ),
    Mutant(
        "plans no more tokens",
        "amin",
        "Z.max 1 (assumed j - generated j)",
        "Z.max 0 (assumed j - generated j)",
    ),
    Mutant("plans one round more", "amin", "if k <? fst of_job", "if k <=? fst of_job"),
    Mutant("plans without growth", "amin", "(snd of_job + k)", "(snd of_job)"),
    Mutant(
        "an eviction a round late",
        "amin",
        "map (ends (now s) false)",
        "map (ends (now s + 1) false)",
    ),
    Mutant("upper bounds unread", "amax", "Some u => Z.min u room", "Some u => room"),
    Mutant("partial blocks reserved", "amax", "B * (M / B) - prompt_len r", "M - prompt_len r"),
    Mutant(
        "lower bounds read",
        "h-sf",
        "h_sf : policy := Policy output_len",
        "h_sf : policy := Policy lower",
    ),
    Mutant(
        "sorted by output length",
        "svf",
        "(fun r => volume r (Z.to_nat (output_len r)))",
        "output_len",
    ),
    Mutant(
        "admits after an eviction",
        "fcfs",
        "=> (evicted, stay, queue)",
        "=> let '(_, r, q) := reserving_steps stay queue in (evicted, r, q)",
    ),
    Mutant("sorted by rank alone", "fcfs", "(by_number arrival)", "(by_number rank_of)"),
)

RESERVING = ("amax", "h-sf", "svf")
"""The policies of which T9 says that they evict no request."""

DIFFERENTIAL = "the differential test"
"""What notices a fault that contradicts no statement."""

CONTRADICTED = {
    "T1": (
        "one token too many fits",
        "eviction keeps the tokens",
        "one victim too few",
        "the next token is free",
        "plans no more tokens",
        "an eviction a round late",
    ),
    "T1_policies": ("lower bounds read",),
    "T2": (
        "a full cache overflows",
        "one cell stays free",
        "a block too many",
    ),
    "T2_policies": ("partial blocks reserved",),
}
"""The statements of ``Book.v`` that some faults contradict, beside ``schedules_are_simulated``."""


def statements(mutant: Mutant) -> set[str]:
    """What the fault contradicts; for a policy without such a statement, what notices it."""
    names = {name for name, faults in CONTRADICTED.items() if mutant.fault in faults}
    return names | {"schedules_are_simulated" if mutant.policy == "amin" else DIFFERENTIAL}


SIMULATE = Source(
    "Model.v",
    "(fun policy M B fuel requests => COPY.simulate (match policy with 0%nat => COPY.amin M B "
    "| 1%nat => COPY.amax M B | 2%nat => COPY.h_sf M B | 3%nat => COPY.svf M B "
    "| _ => COPY.fcfs M B end) fuel requests)",
    {
        "match made (policy capacity block name) max_int requests": "ignore made;"
        ' let place = match name with "amin" -> 0 | "amax" -> 1 | "h-sf" -> 2 | "svf" -> 3 | _ -> 4'
        f" in match fault place capacity block {ROUNDS} requests",
    },
)


@pytest.fixture(scope="module")
def faulty(compiled_program: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The program with all faults."""
    changes = [(mutant.old, mutant.new) for mutant in MUTANTS]
    return with_faults(compiled_program, tmp_path_factory.mktemp("model"), SIMULATE, changes)


def as_run(told: Told) -> Run:
    """A run that the program told."""
    request, start, stop, outcome = told
    return Run(request, start, stop, "completed" if outcome == "completed" else "evicted")


def as_told(run: Run) -> Told:
    """A run as the program tells it."""
    return run.request, run.start, run.stop, run.outcome


@cache
def simulated(policy: str) -> list[tuple[Instance, dict[RequestId, int], Counter[Told]]]:
    """Random instances with their ranks, and the runs of the Python."""
    rng = random.Random(policy)
    instances = []
    for _ in range(INSTANCES):
        instance = drawn(rng, 12)
        ties, ranks = ranked(rng, instance)
        runs = simulate(instance, POLICIES[policy](ties)).runs
        instances.append((instance, ranks, Counter(map(as_told, runs))))
    return instances


def broken(path: Path, number: int, policy: str) -> set[str]:
    """Which statements of ``Book.v`` the program's runs contradict, on some instance.

    The instances are sane. On each, Amin's runs are those of the Python, which the program without
    a fault makes. It is proved (``schedules_are_simulated``) that the relation of ``Spec.v``, in
    which no text of ``Model.v`` occurs, has no other schedule. So a program with other runs
    contradicts that theorem. Runs that need more cells than M contradict T1 as well, and no end of
    the run T2; the other policies have T1_policies, T2_policies, and T9 where evictions are none.
    """
    names: set[str] = set()
    several = "" if policy == "amin" else "_policies"
    with Program(path, str(number)) as program:
        for instance, ranks, own in simulated(policy):
            runs = program.schedule(policy, instance, ranks)
            if runs is not None and runs[0] == own:
                continue
            names.add("schedules_are_simulated" if policy == "amin" else DIFFERENTIAL)
            if runs is None:
                names.add(f"T2{several}")
            else:
                made = Schedule(instance, tuple(map(as_run, runs[0].elements())))
                if any(found.rule == "within-capacity" for found in check(made)):
                    names.add(f"T1{several}")
                if policy in RESERVING and any(run.outcome == "evicted" for run in made.runs):
                    names.add("T9")
    return names


@pytest.mark.parametrize(
    "number", range(1, len(MUTANTS) + 1), ids=lambda number: MUTANTS[number - 1].fault
)
def test_a_fault_in_the_model_is_noticed(faulty: Path, number: int) -> None:
    mutant = MUTANTS[number - 1]
    assert broken(faulty, number, mutant.policy) == statements(mutant)


def test_the_page_names_what_each_fault_contradicts() -> None:
    page = (PROJECT / "proofs_notes" / "machine.md").read_text(encoding="utf-8")
    for mutant in MUTANTS:
        cells = (mutant.fault, mutant.policy, ", ".join(sorted(statements(mutant))))
        assert f"| {' | '.join(cells)} |" in page


def test_the_model_without_a_fault_differs_nowhere(faulty: Path) -> None:
    assert not any(broken(faulty, 0, policy) for policy in POLICIES)
