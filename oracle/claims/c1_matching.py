"""C1: with naive predictions, does Amin match hindsight, and does Amax lag behind?"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from amin_ref.comparison.estimate import Estimate
from oracle.claims.experiments import Experiment, InHindsight, Predicted, smallest_volume
from oracle.claims.figures import Figure, Mark, Point, Series
from oracle.claims.ledger import Judgement, Verdict, verdict_where
from oracle.claims.plan import WHOLE_INTERVAL, Claim, Plan
from oracle.claims.result_store import Measurements, estimated
from oracle.claims.words import TIMES_BOUND, counted
from oracle.claims.workload import SampledWorkload

MATCHED = 1.05
"""Amin matches hindsight if its total latency is at most 5 % above the certified bound: samples of
one workload differ by more. It does not if its total latency is more than 5 % above that of H-SF,
since the optimum is at most H-SF."""

LAGS = 1.5
"""Amax lags far behind if its total latency is at least one and a half times Amin's."""

REQUEST_SHARES = (0.05, 0.075, 0.1, 0.15, 0.25, 0.5, 1.0)
"""Numbers of requests at once, as shares of the plan's number."""

LOADS = (0.25, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0, 1.2, 1.5)
"""From light traffic to beyond saturation; see :class:`oracle.claims.workload.SampledWorkload`."""


@dataclass(frozen=True)
class _Compared:
    """Ratios of total latencies on one workload.

    Attributes:
        workload: the requests.
        amin_to_h_sf: Amin / H-SF.
        amin_to_svf: Amin / SVF.
        lag: Amax / Amin.
        to_bound: each policy / certified bound, by the policy's title.
    """

    workload: SampledWorkload
    amin_to_h_sf: Estimate
    amin_to_svf: Estimate
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
    shares = plan.grid(REQUEST_SHARES, (0.05, 0.1, 0.25, 1.0))
    return [plan.sampled(requests=max(1, round(share * plan.requests))) for share in shares]


def _arriving(plan: Plan) -> list[SampledWorkload]:
    return [plan.sampled(load) for load in plan.grid(LOADS, (0.25, 0.5, 0.6, 0.7, 0.9, 1.2))]


def _experiments(plan: Plan) -> list[Experiment]:
    return [
        experiment
        for workload in (*_at_once(plan), *_arriving(plan))
        for experiment in (
            InHindsight(workload, plan.bound_seconds),
            smallest_volume(workload),
            Predicted(workload, "naive"),
        )
    ]


def _compared(plan: Plan, found: Measurements, workload: SampledWorkload) -> _Compared:
    hindsight, predicted = InHindsight(workload, plan.bound_seconds), Predicted(workload, "naive")
    h_sf, bound = found.of(hindsight, "h-sf"), found.of(hindsight, "bound")
    amin, amax = found.of(predicted, "amin"), found.of(predicted, "amax")
    svf = found.of(smallest_volume(workload), "total")
    latencies = {
        "Amin": amin,
        "H-SF": h_sf,
        "SVF": svf,
        "FCFS": found.of(hindsight, "fcfs"),
        "Amax": amax,
    }
    return _Compared(
        workload=workload,
        amin_to_h_sf=estimated(amin / h_sf),
        amin_to_svf=estimated(amin / svf),
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
            f"{article.workload.requests:,} requests at once: Amin's total latency is "
            f"{article.amin_to_h_sf} times that of H-SF, {article.amin_to_svf} times that of SVF "
            f"and {article.to_bound['Amin']} times the certified bound; that of SVF is "
            f"{article.to_bound['SVF']} and that of FCFS {article.to_bound['FCFS']} times the "
            f"bound; that of Amax is {article.lag} times Amin's. "
            f"{_first_missed(at_once, arriving)} The largest ratio of Amax to Amin is "
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
    """``up to …``: the last setting before the first one in which Amin does not match."""
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
    return f"{most.lag}, with {_number(most) if most.workload.load is None else _load(most)}"


def _condition(verdict: Verdict, reached: Sequence[str], compared: Sequence[_Compared]) -> str:
    if verdict == "holds":
        return ""
    if verdict == "does not hold":
        return "In no setting does Amin match the certified bound while Amax lags behind."
    matched = [each for each in compared if each.matched]
    lagging = sum(each.lags for each in matched)
    fcfs = sum(each.to_bound["FCFS"].high <= MATCHED for each in matched)
    return (
        f"Amin is within 5 % of the certified bound {' and '.join(reached) or 'at some loads'}, "
        f"where the cache rarely overflows. Of these {counted(len(matched), 'setting')}, Amax, "
        f"which reserves the predicted upper bounds, lags behind in {lagging}; FCFS, which uses no "
        f"predictions, is within 5 % in {fcfs} as well. When more requests wait than fit into the "
        "cache, a policy without knowledge of the lengths cannot run short outputs first."
    )


def _figure_at_once(compared: Sequence[_Compared]) -> Figure:
    return Figure(
        name="c1-at-once",
        title="Naive predictions, all requests at once",
        reading="Amin is at the certified bound while the cache rarely overflows, and above it "
        "when more requests wait at once.",
        x_label="requests at once",
        y_label=TIMES_BOUND,
        x_scale="log",
        y_scale="log",
        series=_series(compared, lambda each: each.workload.requests),
        marks=(Mark("matched: within 5 %", MATCHED),),
    )


def _figure_arriving(compared: Sequence[_Compared]) -> Figure:
    return Figure(
        name="c1-arriving",
        title="Naive predictions, Poisson arrivals",
        reading="Amax reserves the predicted upper bounds, so it saturates at a much lower load "
        "than Amin: from that load on its queue grows as long as requests arrive.",
        x_label="load: arriving work / what the cache can serve",
        y_label=TIMES_BOUND,
        y_scale="log",
        series=_series(compared, lambda each: each.workload.load or 0.0),
        marks=(Mark("matched: within 5 %", MATCHED),),
    )


def _series(compared: Sequence[_Compared], x: Callable[[_Compared], float]) -> tuple[Series, ...]:
    return tuple(
        Series(name, tuple(Point(x(each), each.to_bound[name]) for each in compared))
        for name in ("Amin", "H-SF", "SVF", "FCFS", "Amax")
    )


MATCHING = Claim(
    name="C1",
    title="Amin matches hindsight with naive predictions",
    words="With naive predictions (assuming 1,000 tokens for all), Amin matched the latency of "
    "hindsight-optimal scheduling, while traditional methods lagged significantly behind.",
    rule=f"Matched: Amin's total latency is at most {MATCHED} times the certified bound. Lagging: "
    f"Amax's is at least {LAGS} times Amin's. Holds if both are true with all requests at once; "
    "under conditions if both are true for some other number of requests or "
    f"load. {WHOLE_INTERVAL}",
    setting=lambda plan: (
        f"every output predicted in [1, 1000]; {round(REQUEST_SHARES[0] * plan.requests):,} to "
        f"{plan.requests:,} requests at once, and {plan.requests:,} in Poisson arrivals at loads "
        f"{LOADS[0]} to {LOADS[-1]}"
    ),
    experiments=_experiments,
    judge=_judge,
)
