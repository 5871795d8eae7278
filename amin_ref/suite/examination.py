"""The whole suite against one scheduler."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import get_args

from amin_ref.conformance import BugRule
from amin_ref.model.instance import Instance
from amin_ref.policies import Policy
from amin_ref.policies.loading import MakePolicy
from amin_ref.suite.finding import (
    BY_CHANCE,
    FAILURES,
    NO_SCHEDULE,
    NOT_WORTH_ANOTHER_TRY,
    OF_AMIN,
    OF_EVERYBODY,
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
from amin_ref.suite.t5_hidden import foresees

EXAMPLES = 1_000
"""Instances that a scheduler is examined on by default."""

EXAMPLES_PER_PAIR = 20
"""T5 plays an instance several times and T12 needs its optimum: they get one for so many."""

ENOUGH_FINDINGS = 100
"""So many failing instances end the sweep: what is broken so often is known by then."""

ENOUGH_SLOW = 3
"""So many do, where each of them takes long."""

SLOW_ATTEMPTS = 100
"""Instances that are tried to make one smaller, where each of them takes long."""

KNOWN_BUGS: tuple[str, ...] = get_args(BugRule)

Judge = Callable[[Instance, Policy], Finding | Unjudged | None]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the suite says of one theorem.

    Attributes:
        theorem: which.
        judged: instances on which it could be judged.
        finding: what breaks it, on as small an instance as was found; ``None`` if nothing does.
        note: a word more: how often what was found, why nothing could be judged.
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
    """What the suite says of a scheduler, theorem by theorem.

    Attributes:
        claims: what it claims to be.
        verdicts: on each theorem that this claim includes.
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
        """Whether nothing was found."""
        return all(verdict.finding is None for verdict in self.verdicts)

    def __getitem__(self, theorem: Theorem) -> Verdict:
        return next(verdict for verdict in self.verdicts if verdict.theorem == theorem)

    @property
    def first(self) -> Finding | None:
        """The first thing that was found, in the order of theorems; ``None`` if nothing was."""
        return next((v.finding for v in self.verdicts if v.finding is not None), None)

    def lines(self) -> list[str]:
        """A line for each theorem, and one for the largest ratio to the optimum."""
        return [*(verdict.line() for verdict in self.verdicts), self.ratio_line()]

    def ratio_line(self) -> str:
        """A line on the largest ratio to the optimum; what other instances give is not known."""
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
        """The report for people: a line for each theorem, then what was found."""
        lines = self.lines()
        for verdict in self.verdicts:
            if verdict.finding and verdict.theorem != "Amin":
                lines += ["", f"{verdict.theorem}: {verdict.finding.text()}"]
        return "\n".join(lines)


def theorems_of(claims: Claim) -> tuple[Theorem, ...]:
    """What is examined of a scheduler that claims so much."""
    return OF_AMIN if claims == "amin" else OF_EVERYBODY


def examine(
    make: MakePolicy,
    claims: Claim = "amin",
    *,
    examples: int = EXAMPLES,
    seed: int = 0,
    instances: Sequence[Instance] | None = None,
) -> Report:
    """Run the whole suite against a scheduler.

    One scheduler is begun anew for one instance after the other, as an engine would. What is found
    is searched again with a new one, and made as small as it gets.

    Args:
        make: makes the scheduler; its class will do.
        claims: ``"amin"``, or ``"valid"`` for what only claims to make valid schedules.
        examples: random small instances.
        seed: of these instances.
        instances: to be examined on in place of random ones.
    """
    return _Examination(make, claims, _Material(examples, seed, instances)).report()


@dataclass(frozen=True, slots=True)
class _Material:
    """The instances that a scheduler is examined on: random ones, or those that are given."""

    examples: int
    seed: int
    given: Sequence[Instance] | None

    def for_all(self) -> Iterable[Instance]:
        """For what one schedule shows."""
        return small_instances(self.examples, self.seed) if self.given is None else self.given

    def for_foresight(self) -> Iterable[Instance]:
        """For T5."""
        return small_instances(self._few, self.seed) if self.given is None else self.given

    def for_ratio(self) -> Iterable[Instance]:
        """For T12, which is stated for some instances only."""
        # The oracle's solvers take longer to import than most examinations need.
        from amin_ref.suite.t12_ratio import setting_of, settled_instances

        if self.given is None:
            return settled_instances(self._few, self.seed)
        return [instance for instance in self.given if setting_of(instance) is not None]

    @property
    def _few(self) -> int:
        return -(-self.examples // EXAMPLES_PER_PAIR)


class _Sweep:
    """What became of one instance after the other."""

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
            or sum(rule in SLOW for rule in rules) >= ENOUGH_SLOW
            or any(rule in FAILURES for rule in rules)
        )

    def why_not(self) -> str:
        """Why some instances could not be judged."""
        return ", ".join(f"{why} {times} times" for why, times in self.unjudged.most_common())


class _Examination:
    """The sweeps over instances, and what they have found so far."""

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
                verdicts.append(self._foresight())
            elif theorem == "T12":
                verdicts.append(self._ratio())
            elif theorem != "Amin":
                verdicts.append(self._verdict(theorem))
        if self._claims == "amin":
            verdicts.append(self._conformance(verdicts))
        elif failure is None:
            self._ratio()  # what is only valid is held to no bound, but told how near it comes
        return Report(self._claims, tuple(verdicts), self._worst_ratio, self._ratios)

    def _judge(self, instance: Instance, policy: Policy) -> Finding | None:
        return judge(instance, policy, self._claims)

    def _sweep(self, instances: Iterable[Instance], judging: Judge) -> _Sweep:
        """Judge one instance after the other, until enough is known."""
        policy = self._make()
        sweep = _Sweep()
        for instance in instances:
            sweep.add(judging(instance, policy))
            if sweep.is_enough():
                break
        return sweep

    def _verdict(self, theorem: Theorem) -> Verdict:
        """The verdict on a theorem by the main sweep.

        An instance that ended in a finding of another theorem says nothing about this one.
        """
        mine = [finding for finding in self._found if finding.theorem == theorem]
        judged = self._judged - self._failed + len(mine)
        return self._explained(theorem, judged, mine, self._judge)

    def _explained(
        self, theorem: Theorem, judged: int, found: list[Finding], judging: Judge
    ) -> Verdict:
        """The commonest of the rules that were broken, on as small an instance as can be."""
        if not found:
            return Verdict(theorem, judged, None)
        counted = Counter(finding.rule for finding in found)
        rule, _ = counted.most_common(1)[0]
        example = next(finding for finding in found if finding.rule == rule)
        note = ", ".join(f"{rule} on {times}" for rule, times in counted.most_common())
        return Verdict(theorem, judged, self._smallest(example, judging), note)

    def _smallest(self, found: Finding, judging: Judge) -> Finding:
        """The same rule, broken on as small an instance as can be."""
        if found.rule in NOT_WORTH_ANOTHER_TRY:
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
                message=f"{found.message} A new scheduler does not do so: it decides by chance, or "
                "begin does not forget everything.",
            )
        shrunk(found.instance, fails, SLOW_ATTEMPTS if found.rule in SLOW else MOST_ATTEMPTS)
        return last

    def _foresight(self) -> Verdict:
        """T5, by instances that differ in what is hidden, and by departures that show it."""

        def judging(instance: Instance, policy: Policy) -> Finding | Unjudged | None:
            return foresees(instance, policy, self._claims)

        sweep = self._sweep(self._material.for_foresight(), judging)
        if sweep.unjudged[BY_CHANCE]:
            # Once seen to decide by chance, it may have done so wherever it seemed not to.
            return Verdict("T5", 0, None, sweep.why_not())
        if sweep.found:
            return self._explained("T5", sweep.judged, sweep.found, judging)
        departures = [finding for finding in self._found if finding.theorem == "T5"]
        verdict = self._explained("T5", sweep.judged, departures, self._judge)
        return verdict if departures else replace(verdict, note=sweep.why_not())

    def _ratio(self) -> Verdict:
        from amin_ref.suite.t12_ratio import beyond_bound, ratio  # see _Material.for_ratio

        def judging(instance: Instance, policy: Policy) -> Finding | Unjudged | None:
            found = ratio(instance, policy)
            if found is None:
                return NO_SCHEDULE
            ratios.append(float(found))
            return beyond_bound(instance, found)

        ratios: list[float] = []
        sweep = self._sweep(self._material.for_ratio(), judging)
        # Before the failing instances are made smaller, and judged again.
        self._worst_ratio, self._ratios = max(ratios, default=0.0), len(ratios)
        if sweep.found:
            return self._explained("T12", sweep.judged, sweep.found, judging)
        return Verdict("T12", sweep.judged, None, sweep.why_not())

    def _conformance(self, verdicts: Iterable[Verdict]) -> Verdict:
        """Every decision is Amin's: nothing at all was found in the main sweep."""
        if not self._found:
            return Verdict("Amin", self._judged, None)
        counted = Counter(finding.rule for finding in self._found)
        rule, _ = counted.most_common(1)[0]
        theorem = next(finding.theorem for finding in self._found if finding.rule == rule)
        finding = next(v.finding for v in verdicts if v.theorem == theorem)
        note = ", ".join(f"{rule} on {times}" for rule, times in counted.most_common())
        return Verdict("Amin", self._judged, finding, note)


def _without_coincidences(found: list[Finding]) -> list[Finding]:
    """The findings, without wrong ideas of the requests' lengths that explain only some of them.

    A scheduler with such an idea has it everywhere. Where another scheduler's mistake can be
    explained by one as well, on an instance or two, that is chance.
    """
    plain = [finding for finding in found if finding.rule not in KNOWN_BUGS]
    if plain or not found:
        return plain
    schedules = [finding.schedule for finding in found if finding.schedule is not None]
    ideas = {finding.rule for finding in found}
    explained = {idea: sum(explains(idea, schedule) for schedule in schedules) for idea in ideas}
    best = max(explained.values())
    return [finding for finding in found if explained[finding.rule] == best]
