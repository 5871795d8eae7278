"""C1: with naive predictions, does Amin match hindsight while pessimism lags?"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from amin_ref.comparison.estimate import Estimate
from oracle.claims.experiments import Experiment, InHindsight, Predicted
from oracle.claims.figures import Figure, Mark, Point, Series
from oracle.claims.ledger import Judgement, Verdict, verdict_where
from oracle.claims.plan import Claim, Plan
from oracle.claims.result_store import Measurements, estimated
from oracle.claims.words import counted
from oracle.claims.workload import SampledWorkload

MATCHED = 1.05
"""Amin matches when its total latency is at most 5 % above the certified bound on every schedule:
less than samples of one workload differ among themselves. It does not when it is more than 5 %
above H-SF, which is a schedule, and so at least as costly as the best."""

LAGS = 1.5
"""Pessimism lags far behind when Amax has at least one and a half times Amin's total latency."""

SHARES = (0.05, 0.075, 0.1, 0.15, 0.25, 0.5, 1.0)
"""Numbers of requests at once, over the plan's number."""

LOADS = (0.25, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0, 1.2, 1.5)
"""From light traffic to past saturation; see :class:`oracle.claims.workload.SampledWorkload`."""


@dataclass(frozen=True)
class _Compared:
    """How far from hindsight, in one workload. All are ratios of total latencies."""

    workload: SampledWorkload
    amin_to_h_sf: Estimate
    lag: Estimate
    to_bound: dict[str, Estimate]

    @property
    def matched(self) -> bool:
        return self.to_bound["Amin"].high <= MATCHED

    @property
    def missed(self) -> bool:
        return self.amin_to_h_sf.low > MATCHED

    @property
    def lags(self) -> bool:
        return self.lag.low >= LAGS

    @property
    def holds(self) -> bool:
        return self.matched and self.lags


def _at_once(plan: Plan) -> list[SampledWorkload]:
    shares = plan.grid(SHARES, (0.05, 0.1, 0.25, 1.0))
    return [plan.sampled(requests=max(1, round(share * plan.requests))) for share in shares]


def _arriving(plan: Plan) -> list[SampledWorkload]:
    return [plan.sampled(load) for load in plan.grid(LOADS, (0.25, 0.5, 0.6, 0.7, 0.9, 1.2))]


def _experiments(plan: Plan) -> list[Experiment]:
    return [
        experiment
        for workload in (*_at_once(plan), *_arriving(plan))
        for experiment in (InHindsight(workload, plan.bound_seconds), Predicted(workload, "naive"))
    ]


def _compared(plan: Plan, found: Measurements, workload: SampledWorkload) -> _Compared:
    hindsight, predicted = InHindsight(workload, plan.bound_seconds), Predicted(workload, "naive")
    h_sf, bound = found.of(hindsight, "h-sf"), found.of(hindsight, "bound")
    amin, amax = found.of(predicted, "amin"), found.of(predicted, "amax")
    latencies = {"Amin": amin, "H-SF": h_sf, "FCFS": found.of(hindsight, "fcfs"), "Amax": amax}
    return _Compared(
        workload=workload,
        amin_to_h_sf=estimated(amin / h_sf),
        lag=estimated(amax / amin),
        to_bound={name: estimated(latency / bound) for name, latency in latencies.items()},
    )


def _judge(plan: Plan, found: Measurements) -> Judgement:
    at_once = [_compared(plan, found, workload) for workload in _at_once(plan)]
    arriving = [_compared(plan, found, workload) for workload in _arriving(plan)]
    article = at_once[-1]
    where = [_reach(at_once, _number), _reach(arriving, _load)]
    reached = [place for place in where if place]
    verdict = verdict_where(
        as_written=article.holds, somewhere=any(each.holds for each in (*at_once, *arriving))
    )
    return Judgement(
        verdict=verdict,
        measured=(
            f"{article.workload.requests:,} at once: Amin has {article.amin_to_h_sf} times the "
            f"total latency of H-SF, {article.to_bound['Amin']} times the certified bound; FCFS "
            f"{article.to_bound['FCFS']} times it; Amax {article.lag} times Amin. "
            f"{_first_missed(at_once, arriving)} Amax is furthest behind at "
            f"{_most_behind([*at_once, *arriving])}."
        ),
        condition=_condition(verdict, reached, [*at_once, *arriving]),
        figures=(_figure_at_once(at_once), _figure_arriving(arriving)),
    )


def _number(each: _Compared) -> str:
    return f"{each.workload.requests:,} requests at once"


def _load(each: _Compared) -> str:
    return f"Poisson arrivals at load {each.workload.load}"


def _reach(ascending: Sequence[_Compared], named: Callable[[_Compared], str]) -> str:
    """The last of those, from the first on, where Amin matches."""
    last = ""
    for each in ascending:
        if not each.matched:
            break
        last = f"up to {named(each)}"
    return last


def _first_missed(at_once: Sequence[_Compared], arriving: Sequence[_Compared]) -> str:
    places = [
        next((f"from {named(each)} on" for each in series if each.missed), "")
        for series, named in ((at_once, _number), (arriving, _load))
    ]
    missed = " and ".join(place for place in places if place)
    return f"Amin is more than 5 % above H-SF {missed}." if missed else ""


def _most_behind(compared: Sequence[_Compared]) -> str:
    most = max(compared, key=lambda each: each.lag.mean)
    return f"{_number(most) if most.workload.load is None else _load(most)}: {most.lag} times Amin"


def _condition(verdict: Verdict, reached: Sequence[str], compared: Sequence[_Compared]) -> str:
    if verdict == "holds":
        return ""
    if verdict == "does not hold":
        return "Nowhere does Amin match hindsight while Amax lags."
    matched = [each for each in compared if each.matched]
    lagging = sum(each.lags for each in matched)
    too = sum(each.to_bound["FCFS"].high <= MATCHED for each in matched)
    return (
        f"Amin is within 5 % of the certified bound {' and '.join(reached) or 'at some loads'}: "
        "where the cache hardly overflows. Of these "
        f"{counted(len(matched), 'setting')}, Amax, which reserves for the longest answer, lags in "
        f"{lagging}; but FCFS, which predicts nothing, matches in {too}, too. With more work than "
        "cache, no policy that lacks the lengths can put short answers first."
    )


def _figure_at_once(compared: Sequence[_Compared]) -> Figure:
    return Figure(
        name="c1-at-once",
        title="Naive predictions, all requests at once",
        reading="Amin stays at the certified bound as long as the cache hardly overflows, and "
        "leaves it as more requests wait at once.",
        x_label="requests at once",
        y_label="total latency over the certified bound",
        x_scale="log",
        y_scale="log",
        series=_series(compared, lambda each: each.workload.requests),
        marks=(Mark("matched: within 5 %", MATCHED),),
    )


def _figure_arriving(compared: Sequence[_Compared]) -> Figure:
    return Figure(
        name="c1-arriving",
        title="Naive predictions, Poisson arrivals",
        reading="Amax saturates at a much lower load than Amin, since it reserves for the longest "
        "answer: from there on its queue grows as long as requests come.",
        x_label="load: arrivals over what the cache can keep up with at best",
        y_label="total latency over the certified bound",
        y_scale="log",
        series=_series(compared, lambda each: each.workload.load or 0.0),
        marks=(Mark("matched: within 5 %", MATCHED),),
    )


def _series(compared: Sequence[_Compared], x: Callable[[_Compared], float]) -> tuple[Series, ...]:
    return tuple(
        Series(name, tuple(Point(x(each), each.to_bound[name]) for each in compared))
        for name in ("Amin", "H-SF", "FCFS", "Amax")
    )


MATCHING = Claim(
    name="C1",
    words="With naive predictions (assuming 1,000 tokens for all), Amin matched the latency of "
    "hindsight-optimal scheduling, while traditional methods lagged significantly behind.",
    rule=f"Matched: Amin's total latency at most {MATCHED} times the certified bound on any "
    f"schedule. Lagging: Amax at least {LAGS} times Amin. Holds if both are so with all requests "
    "at once, the article's setting; under conditions if both are so at some other number or load. "
    "The 95 % interval has to lie on that side.",
    setting=lambda plan: (
        f"every output predicted in [1, 1000]; {round(SHARES[0] * plan.requests):,} to "
        f"{plan.requests:,} requests at once, and {plan.requests:,} in Poisson arrivals at loads "
        f"{LOADS[0]} to {LOADS[-1]}"
    ),
    experiments=_experiments,
    judge=_judge,
)
