"""C2: with binned intervals, does Amin halve the pessimist's distance from hindsight?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from amin_ref.comparison.estimate import Estimate
from oracle.claims.experiments import Experiment, InHindsight, Predicted
from oracle.claims.figures import Figure, Mark, Point, Series
from oracle.claims.ledger import Judgement, Verdict, verdict_where
from oracle.claims.plan import Claim, Plan
from oracle.claims.result_store import Measurements, estimated
from oracle.claims.words import listed
from oracle.claims.workload import SampledWorkload

HALF = 0.5
"""Share of the gap that has to be closed."""

GAP = 0.05
"""A gap of less than 5 % of hindsight's total latency is none worth halving: it is within what
samples of one workload differ by, and the share of it that is closed is noise."""

BINS = (1, 2, 3, 5, 10, 20, 50)
HINDSIGHTS = ("bound", "h-sf")
NAMES = {"bound": "the certified bound", "h-sf": "H-SF"}


@dataclass(frozen=True)
class _Closed:
    """How much of the gap Amax − hindsight Amin closes with so many bins.

    ``share`` is ``None`` where there is no gap.
    """

    bins: int
    gap: Estimate
    share: Estimate | None

    @property
    def halved(self) -> bool:
        return self.share is not None and self.share.low >= HALF

    @property
    def beyond(self) -> bool:
        """Whether Amin is better than that hindsight."""
        return self.share is not None and self.share.low > 1


def _bins(plan: Plan) -> tuple[int, ...]:
    return plan.grid(BINS, (1, 5, 10, 50))


def _workloads(plan: Plan) -> tuple[SampledWorkload, SampledWorkload]:
    return plan.sampled(), plan.sampled(equal_prompts=True)


def _experiments(plan: Plan) -> list[Experiment]:
    return [
        experiment
        for workload in _workloads(plan)
        for experiment in (
            InHindsight(workload, plan.bound_seconds),
            *(Predicted(workload, f"bins:{bins}") for bins in _bins(plan)),
        )
    ]


def _closed(
    plan: Plan, found: Measurements, workload: SampledWorkload, hindsight: str
) -> list[_Closed]:
    best = found.of(InHindsight(workload, plan.bound_seconds), hindsight)
    closed = []
    for bins in _bins(plan):
        predicted = Predicted(workload, f"bins:{bins}")
        amin, amax = found.of(predicted, "amin"), found.of(predicted, "amax")
        gap = estimated((amax - best) / best)
        # With a gap near nothing in any one sample, the mean of the shares would mean nothing.
        there = gap.low >= GAP and bool(np.all(amax > best))
        share = estimated((amax - amin) / (amax - best)) if there else None
        closed.append(_Closed(bins, gap, share))
    return closed


def _judge(plan: Plan, found: Measurements) -> Judgement:
    drawn, equal = (
        {name: _closed(plan, found, workload, name) for name in HINDSIGHTS}
        for workload in _workloads(plan)
    )
    with_gap = [each for closed in drawn.values() for each in closed if each.share is not None]
    halved = [each.halved for each in with_gap]
    verdict = verdict_where(as_written=bool(halved) and all(halved), somewhere=any(halved))
    return Judgement(
        verdict=verdict,
        measured=" ".join(_told(name, drawn[name]) for name in HINDSIGHTS),
        condition=_condition(verdict, drawn, equal, _held(plan, found)),
        figures=(
            _figure_shares(drawn, equal),
            _figure_latencies(plan, found),
            _figure_held(plan, found),
        ),
    )


def _told(name: str, closed: Sequence[_Closed]) -> str:
    shares = [f"{_percent(each.share)} at K = {each.bins}" for each in closed if each.share]
    none = [each.bins for each in closed if not each.share]
    told = f"Of the gap to {NAMES[name]}, Amin closes {', '.join(shares)}" if shares else ""
    if none:
        told += f"{'; ' if told else 'To ' + NAMES[name] + ', '}no gap of 5 % at K = {listed(none)}"
    return told + "."


def _percent(share: Estimate) -> str:
    return f"{share.mean * 100:.1f} ± {(share.high - share.mean) * 100:.1f} %"


def _condition(
    verdict: Verdict,
    drawn: dict[str, list[_Closed]],
    equal: dict[str, list[_Closed]],
    held: dict[str, list[Point]],
) -> str:
    if verdict == "holds":
        return ""
    if verdict == "does not hold":
        return "At no number of bins is half of the gap closed."
    halved = [
        f"{listed(bins)} {'bin' if bins == [1] else 'bins'} against {NAMES[name]}"
        for name in HINDSIGHTS
        if (bins := [each.bins for each in drawn[name] if each.halved])
    ]
    better = ""
    if any(each.beyond for each in drawn["h-sf"]):
        too = ", with equal prompts, too" if any(each.beyond for each in equal["h-sf"]) else ""
        better = f" This is why it can be better than H-SF (more than 100 %){too}."
    return (
        f"Halved with {'; with '.join(halved)}. The finer the bins, the less is left for Amax to "
        "lose but what H-SF loses, too: it starts answers of like length together, they are at "
        f"their largest together, and so it holds {held['H-SF'][0].y.mean * 100:.0f} % of the "
        "cache on average. Amin, which assumes less than comes, holds up to "
        f"{max(point.y.mean for point in held['Amin']) * 100:.0f} %.{better}"
    )


def _figure_shares(drawn: dict[str, list[_Closed]], equal: dict[str, list[_Closed]]) -> Figure:
    series = [
        Series(
            f"to {NAMES[name]}{suffix}",
            tuple(Point(each.bins, each.share) for each in closed[name] if each.share),
        )
        for closed, suffix in ((drawn, ""), (equal, ", equal prompts"))
        for name in HINDSIGHTS
    ]
    return Figure(
        name="c2-gap",
        title="Share of the pessimist's gap that Amin closes",
        reading="Above the line the gap Amax − hindsight is at least halved. Above 1 Amin is "
        "better than that hindsight: H-SF is no optimum. Points are missing where there is no gap "
        "of 5 %.",
        x_label="K, number of bins",
        y_label="share of the gap closed",
        x_scale="log",
        series=tuple(each for each in series if each.points),
        marks=(Mark("halved", HALF),),
    )


def _figure_latencies(plan: Plan, found: Measurements) -> Figure:
    workload = plan.sampled()
    hindsight = InHindsight(workload, plan.bound_seconds)
    bound = found.of(hindsight, "bound")
    lines: dict[str, list[Point]] = {"Amin": [], "H-SF": [], "Amax": []}
    for bins in _bins(plan):
        predicted = Predicted(workload, f"bins:{bins}")
        for name, latency in (
            ("Amin", found.of(predicted, "amin")),
            ("H-SF", found.of(hindsight, "h-sf")),
            ("Amax", found.of(predicted, "amax")),
        ):
            lines[name].append(Point(bins, estimated(latency / bound)))
    return Figure(
        name="c2-latency",
        title="Total latency with binned predictions",
        reading="More bins are better predictions, and bring both nearer to H-SF: with exact "
        "lengths both make its decisions. Below its line, Amin is better than with exact lengths.",
        x_label="K, number of bins",
        y_label="total latency over the certified bound",
        x_scale="log",
        series=tuple(Series(name, tuple(points)) for name, points in lines.items()),
    )


def _held(plan: Plan, found: Measurements) -> dict[str, list[Point]]:
    """The share of the cache that is held on average, by number of bins."""
    workload = plan.sampled()
    h_sf = estimated(found.of(InHindsight(workload, plan.bound_seconds), "h-sf_held"))
    lines: dict[str, list[Point]] = {"Amin": [], "H-SF": [], "Amax": []}
    for bins in _bins(plan):
        predicted = Predicted(workload, f"bins:{bins}")
        lines["Amin"].append(Point(bins, estimated(found.of(predicted, "amin_held"))))
        lines["H-SF"].append(Point(bins, h_sf))
        lines["Amax"].append(Point(bins, estimated(found.of(predicted, "amax_held"))))
    return lines


def _figure_held(plan: Plan, found: Measurements) -> Figure:
    return Figure(
        name="c2-held",
        title="How full the cache is",
        reading="H-SF starts answers of like length together, and they are at their largest "
        "together: it knows every length and still leaves some of the cache empty. Whoever assumes "
        "less than comes fills more of it, and has to evict.",
        x_label="K, number of bins",
        y_label="share of the cache held, mean over time",
        x_scale="log",
        series=tuple(Series(name, tuple(points)) for name, points in _held(plan, found).items()),
    )


HALVING = Claim(
    name="C2",
    words="By utilizing optimized binned intervals, Amin halved the latency gap compared to "
    "pessimistic schedulers.",
    rule=f"Halved: Amin closes at least {HALF * 100:.0f} % of Amax − hindsight, hindsight being "
    f"the certified bound or H-SF, wherever that gap is at least {GAP * 100:.0f} % of hindsight. "
    "Holds if halved at every number of bins with a gap, to both; under conditions if at some. The "
    "95 % interval has to lie on that side.",
    setting=lambda plan: (
        f"{plan.requests:,} requests at once, predicted in K = {listed(_bins(plan))} equal bins; "
        "again with all prompts equal"
    ),
    experiments=_experiments,
    judge=_judge,
)
