"""All theorems, tested on many instances for one scheduler."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import get_args

from amin_ref.conformance import BugRule
from amin_ref.model.instance import Instance
from amin_ref.model.machine import PAPERS_MACHINE, Machine
from amin_ref.policies import Policy
from amin_ref.policies.loading import MakePolicy
from amin_ref.suite.finding import (
    AT_RANDOM,
    FAILURES,
    NO_SCHEDULE,
    NOT_REPEATED,
    OF_AMIN,
    OF_ANY_SCHEDULER,
    SLOW,
    TITLES,
    Claim,
    Finding,
    Theorem,
    Unjudged,
)
from amin_ref.suite.judgement import explains, judge
from amin_ref.suite.random_instances import small_instances
from amin_ref.suite.shrinking import MOST_ATTEMPTS, shrunk
from amin_ref.suite.t5_hidden import depends_on_hidden

EXAMPLES = 1_000
"""Default number of random instances: one or two seconds of work."""

EXAMPLES_PER_EXPENSIVE_ONE = 20
"""T5 and T12 are expensive, so they run on one example in 20: T5 simulates an instance several
times, and T12 needs its optimum."""

ENOUGH_FINDINGS = 100
"""Stop the sweep after this many failing instances: enough to find the rule broken most often."""

ENOUGH_SLOW_FINDINGS = 3
"""Stop the sweep after this many failures of a kind that is slow to reproduce."""

SLOW_ATTEMPTS = 100
"""Most instances tried while shrinking a failure that is slow to reproduce."""

KNOWN_BUG_RULES: tuple[str, ...] = get_args(BugRule)
"""Rules broken by a scheduler whose bounds are wrong everywhere, such as one that never refines."""

Judge = Callable[[Instance, Policy], Finding | Unjudged | None]


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether one theorem holds of a scheduler, as far as the instances show.

    Attributes:
        theorem: the theorem.
        judged: number of instances on which it could be judged.
        finding: a violation, on the smallest instance found; ``None`` if there is none.
        note: how often each rule was broken, or why nothing could be judged; may be empty.
    """

    theorem: Theorem
    judged: int
    finding: Finding | None
    note: str = ""

    @property
    def name(self) -> str:
        """The theorem with its title."""
        return f"{self.theorem} {TITLES[self.theorem]}"

    def line(self) -> str:
        """The verdict in a line."""
        word = "BROKEN" if self.finding else "holds" if self.judged else "not judged"
        note = f"; {self.note}" if self.note else ""
        return f"{word:10} {self.name} ({self.judged:,} instances{note})"

    def as_document(self) -> dict[str, object]:
        """The verdict for JSON."""
        return {
            "theorem": self.theorem,
            "title": TITLES[self.theorem],
            "judged": self.judged,
            "holds": self.finding is None if self.judged or self.finding else None,
            "note": self.note,
            "finding": None if self.finding is None else self.finding.as_document(),
        }


@dataclass(frozen=True, slots=True)
class Report:
    """The verdicts on a scheduler, theorem by theorem.

    Attributes:
        claims: what the scheduler claims to be.
        verdicts: one for each theorem that the claim includes.
        worst_ratio: largest ratio of its total latency to the optimum that was seen on small
            instances of identical prompts; 0 if none was scheduled.
        ratios: number of these instances.
    """

    claims: Claim
    verdicts: tuple[Verdict, ...]
    worst_ratio: float
    ratios: int

    @property
    def holds(self) -> bool:
        """Whether no theorem is broken."""
        return all(verdict.finding is None for verdict in self.verdicts)

    def __getitem__(self, theorem: Theorem) -> Verdict:
        return next(verdict for verdict in self.verdicts if verdict.theorem == theorem)

    @property
    def first(self) -> Finding | None:
        """The finding of the first broken theorem; ``None`` if no theorem is broken."""
        return next((v.finding for v in self.verdicts if v.finding is not None), None)

    def lines(self) -> list[str]:
        """A line for each theorem, and one for the largest ratio to the optimum."""
        return [*(verdict.line() for verdict in self.verdicts), self.ratio_line()]

    def ratio_line(self) -> str:
        """A line on the largest ratio to the optimum that was seen; others may be larger."""
        where = "small instances of identical prompts"
        if not self.ratios:
            return f"ratio      not measured: no schedule of {where}"
        return f"ratio      largest seen in {self.ratios:,} {where}: {self.worst_ratio:.3f} × OPT"

    def as_document(self) -> dict[str, object]:
        """The report for JSON."""
        return {
            "verdicts": [verdict.as_document() for verdict in self.verdicts],
            "ratio": {"largest": self.worst_ratio, "instances": self.ratios},
        }

    def text(self) -> str:
        """The report for a reader: a line for each theorem, then each finding in full."""
        lines = self.lines()
        for verdict in self.verdicts:
            if verdict.finding and verdict.theorem != "Amin":
                lines += ["", f"{verdict.theorem}: {verdict.finding.text()}"]
        return "\n".join(lines)


def theorems_of(claims: Claim) -> tuple[Theorem, ...]:
    """The theorems that a scheduler with this claim is tested for."""
    return OF_AMIN if claims == "amin" else OF_ANY_SCHEDULER


def examine(
    make: MakePolicy,
    claims: Claim = "amin",
    *,
    examples: int = EXAMPLES,
    seed: int = 0,
    instances: Sequence[Instance] | None = None,
    machine: Machine = PAPERS_MACHINE,
) -> Report:
    """Test all theorems on a scheduler.

    One scheduler schedules all instances, one after the other. A failure is reproduced with a new
    scheduler, and its instance is shrunk.

    Args:
        make: makes the scheduler; may be its class.
        claims: ``"amin"``, or ``"valid"`` for a scheduler that only claims to make valid schedules.
        examples: number of random small instances.
        seed: of the random instances.
        instances: instances to test on in place of random ones, each on its own machine.
        machine: of the random instances (specification, section 7).
    """
    return _Examination(make, claims, _Material(examples, seed, instances, machine)).report()


@dataclass(frozen=True, slots=True)
class _Material:
    """The instances to test on: random ones, or those that are given."""

    examples: int
    seed: int
    given: Sequence[Instance] | None
    machine: Machine

    def for_all(self) -> Iterable[Instance]:
        """Instances for the theorems that one schedule can break."""
        return self._small(self.examples)

    def for_t5(self) -> Iterable[Instance]:
        """Instances for T5, that decisions depend on nothing hidden."""
        return self._small(self._few)

    def for_t12(self) -> Iterable[Instance]:
        """Instances for T12, which is stated for identical prompts on the paper's machine only."""
        # Imported here, because a scheduler that claims less needs none of it.
        from amin_ref.suite.t12_ratio import setting_of, settled_instances

        if self.given is None:
            few = self._few if self.machine == PAPERS_MACHINE else 0
            return settled_instances(few, self.seed)
        return [instance for instance in self.given if setting_of(instance) is not None]

    def _small(self, examples: int) -> Iterable[Instance]:
        if self.given is not None:
            return self.given
        return small_instances(examples, self.seed, self.machine)

    @property
    def _few(self) -> int:
        return -(-self.examples // EXAMPLES_PER_EXPENSIVE_ONE)


class _Sweep:
    """The outcomes on a series of instances."""

    def __init__(self) -> None:
        self.judged = 0
        self.found: list[Finding] = []
        self.unjudged: Counter[Unjudged] = Counter()

    def add(self, outcome: Finding | Unjudged | None) -> None:
        if isinstance(outcome, str):
            self.unjudged[outcome] += 1
            return
        self.judged += 1
        if outcome is not None:
            self.found.append(outcome)

    def is_enough(self) -> bool:
        rules = [finding.rule for finding in self.found]
        return (
            len(rules) >= ENOUGH_FINDINGS
            or sum(rule in SLOW for rule in rules) >= ENOUGH_SLOW_FINDINGS
            or any(rule in FAILURES for rule in rules)
        )

    def why_not(self) -> str:
        """Why some instances could not be judged."""
        return ", ".join(f"{why} {times} times" for why, times in self.unjudged.most_common())


class _Examination:
    """The sweeps over instances, and their findings so far."""

    def __init__(self, make: MakePolicy, claims: Claim, material: _Material) -> None:
        self._make = make
        self._claims = claims
        self._material = material
        self._judged = 0
        self._failed = 0
        self._found: list[Finding] = []
        self._worst_ratio = 0.0
        self._ratios = 0

    def report(self) -> Report:
        sweep = self._sweep(self._material.for_all(), self._judge)
        self._judged = sweep.judged
        self._failed = len(sweep.found)
        self._found = _without_coincidences(sweep.found)
        failure = next((finding.rule for finding in sweep.found if finding.rule in FAILURES), None)
        verdicts: list[Verdict] = []
        for theorem in theorems_of(self._claims):
            if failure is not None and theorem in ("T5", "T12"):
                verdicts.append(Verdict(theorem, 0, None, f"the scheduler failed: {failure}"))
            elif theorem == "T5":
                verdicts.append(self._hidden())
            elif theorem == "T12":
                verdicts.append(self._ratio())
            elif theorem != "Amin":
                verdicts.append(self._verdict(theorem))
        if self._claims == "amin":
            verdicts.append(self._conformance(verdicts))
        elif failure is None:
            self._ratio()  # for the ratio to the optimum alone: no bound holds of every scheduler
        return Report(self._claims, tuple(verdicts), self._worst_ratio, self._ratios)

    def _judge(self, instance: Instance, policy: Policy) -> Finding | None:
        return judge(instance, policy, self._claims)

    def _sweep(self, instances: Iterable[Instance], judging: Judge) -> _Sweep:
        """Judge one instance after the other, until enough of them fail."""
        policy = self._make()
        sweep = _Sweep()
        for instance in instances:
            sweep.add(judging(instance, policy))
            if sweep.is_enough():
                break
        return sweep

    def _verdict(self, theorem: Theorem) -> Verdict:
        """The verdict on a theorem by the main sweep.

        An instance that breaks another theorem is not counted: it was not judged any further.
        """
        mine = [finding for finding in self._found if finding.theorem == theorem]
        judged = self._judged - self._failed + len(mine)
        return self._explained(theorem, judged, mine, self._judge)

    def _explained(
        self, theorem: Theorem, judged: int, found: list[Finding], judging: Judge
    ) -> Verdict:
        """The verdict on a theorem, with the rule that is broken most often, shrunk."""
        if not found:
            return Verdict(theorem, judged, None)
        counted = Counter(finding.rule for finding in found)
        rule, _ = counted.most_common(1)[0]
        example = next(finding for finding in found if finding.rule == rule)
        note = ", ".join(f"{rule} on {times}" for rule, times in counted.most_common())
        return Verdict(theorem, judged, self._smallest(example, judging), note)

    def _smallest(self, found: Finding, judging: Judge) -> Finding:
        """A finding of the same rule on an instance that is as small as possible."""
        if found.rule in NOT_REPEATED:
            return found
        last = found

        def fails(instance: Instance) -> bool:
            nonlocal last
            finding = judging(instance, self._make())
            if not isinstance(finding, Finding):
                return False
            if (finding.theorem, finding.rule) != (found.theorem, found.rule):
                return False
            last = finding
            return True

        if not fails(found.instance):
            return replace(
                found,
                message=f"{found.message} A new scheduler does not do this: either it decides at "
                "random, or its method begin does not forget everything.",
            )
        shrunk(found.instance, fails, SLOW_ATTEMPTS if found.rule in SLOW else MOST_ATTEMPTS)
        return last

    def _hidden(self) -> Verdict:
        """The verdict on T5: instances that differ in hidden fields must be scheduled alike.

        Decisions that only a scheduler with hidden knowledge makes, from the main sweep, count too.
        """

        def judging(instance: Instance, policy: Policy) -> Finding | Unjudged | None:
            return depends_on_hidden(instance, policy, self._claims)

        sweep = self._sweep(self._material.for_t5(), judging)
        if sweep.unjudged[AT_RANDOM]:
            # A scheduler that decides at random once may have done so on every other instance.
            return Verdict("T5", 0, None, sweep.why_not())
        if sweep.found:
            return self._explained("T5", sweep.judged, sweep.found, judging)
        departures = [finding for finding in self._found if finding.theorem == "T5"]
        verdict = self._explained("T5", sweep.judged, departures, self._judge)
        return verdict if departures else replace(verdict, note=sweep.why_not())

    def _ratio(self) -> Verdict:
        from amin_ref.suite.t12_ratio import beyond_bound, ratio  # see _Material.for_t12

        def judging(instance: Instance, policy: Policy) -> Finding | Unjudged | None:
            found = ratio(instance, policy)
            if found is None:
                return NO_SCHEDULE
            ratios.append(float(found))
            return beyond_bound(instance, found)

        ratios: list[float] = []
        sweep = self._sweep(self._material.for_t12(), judging)
        # Before the failing instances are made smaller, and judged again.
        self._worst_ratio, self._ratios = max(ratios, default=0.0), len(ratios)
        if sweep.found:
            return self._explained("T12", sweep.judged, sweep.found, judging)
        return Verdict("T12", sweep.judged, None, sweep.why_not())

    def _conformance(self, verdicts: Iterable[Verdict]) -> Verdict:
        """The verdict on conformance: every decision is Amin's if the main sweep found nothing."""
        if not self._found:
            return Verdict("Amin", self._judged, None)
        counted = Counter(finding.rule for finding in self._found)
        rule, _ = counted.most_common(1)[0]
        theorem = next(finding.theorem for finding in self._found if finding.rule == rule)
        finding = next(v.finding for v in verdicts if v.theorem == theorem)
        note = ", ".join(f"{rule} on {times}" for rule, times in counted.most_common())
        return Verdict("Amin", self._judged, finding, note)


def _without_coincidences(found: list[Finding]) -> list[Finding]:
    """The findings without known bugs of bound rules that explain only some of the schedules.

    A scheduler with such a bug has it on every instance. If another mistake can be explained by
    such a bug on a few instances, that is a coincidence.
    """
    plain = [finding for finding in found if finding.rule not in KNOWN_BUG_RULES]
    if plain or not found:
        return plain
    schedules = [finding.schedule for finding in found if finding.schedule is not None]
    bugs = {finding.rule for finding in found}
    explained = {bug: sum(explains(bug, schedule) for schedule in schedules) for bug in bugs}
    best = max(explained.values())
    return [finding for finding in found if explained[finding.rule] == best]
