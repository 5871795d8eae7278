"""C2: with binned intervals, does Amin halve the gap between Amax and hindsight?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from amin_ref.comparison.estimate import Estimate
from oracle.claims.experiments import Experiment, InHindsight, Predicted, smallest_volume
from oracle.claims.figures import Figure, Mark, Point, Series
from oracle.claims.ledger import Judgement, Verdict, verdict_where
from oracle.claims.plan import WHOLE_INTERVAL, Claim, Plan
from oracle.claims.result_store import Measurements, estimated
from oracle.claims.words import TIMES_BOUND, listed
from oracle.claims.workload import SampledWorkload

LEAST_CLOSED_SHARE = 0.5
"""Share of the gap that Amin must close."""

LEAST_GAP = 0.05
"""Least gap that counts, as a share of hindsight's total latency. Samples of one workload differ by
5 %, so of a smaller gap the share that is closed is noise."""

BINS = (1, 2, 3, 5, 10, 20, 50)
"""Numbers of bins, K."""

HINDSIGHTS = ("bound", "h-sf")
"""The kinds of hindsight that decide the verdict, as :class:`.experiments.InHindsight` names them.
"""

SHOWN = (*HINDSIGHTS, "svf")
"""The kinds of hindsight that tables have."""

NAMES = {"bound": "the certified bound", "h-sf": "H-SF", "svf": "SVF"}


@dataclass(frozen=True)
class _Closed:
    """How much of the gap Amax − hindsight Amin closes with a number of bins.

    Attributes:
        bins: K.
        gap: (Amax − hindsight) / hindsight.
        share: (Amax − Amin) / (Amax − hindsight); ``None`` if the gap is below :data:`LEAST_GAP`.
    """

    bins: int
    gap: Estimate
    share: Estimate | None

    @property
    def halved(self) -> bool:
        return self.share is not None and self.share.low >= LEAST_CLOSED_SHARE

    @property
    def beyond(self) -> bool:
        """Whether Amin is better than hindsight."""
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
            smallest_volume(workload),
            *(Predicted(workload, f"bins:{bins}") for bins in _bins(plan)),
        )
    ]


def _closed(
    plan: Plan, found: Measurements, workload: SampledWorkload, hindsight: str
) -> list[_Closed]:
    best = _latency(plan, found, workload, hindsight)
    closed = []
    for bins in _bins(plan):
        predicted = Predicted(workload, f"bins:{bins}")
        amin, amax = found.of(predicted, "amin"), found.of(predicted, "amax")
        gap = estimated((amax - best) / best)
        # A gap near 0 in one sample would make its share, and so the mean, arbitrarily large.
        there = gap.low >= LEAST_GAP and bool(np.all(amax > best))
        share = estimated((amax - amin) / (amax - best)) if there else None
        closed.append(_Closed(bins, gap, share))
    return closed


def _latency(
    plan: Plan, found: Measurements, workload: SampledWorkload, hindsight: str
) -> NDArray[np.float64]:
    if hindsight == "svf":
        return found.of(smallest_volume(workload), "total")
    return found.of(InHindsight(workload, plan.bound_seconds), hindsight)


def _judge(plan: Plan, found: Measurements) -> Judgement:
    sampled, equal = (
        {name: _closed(plan, found, workload, name) for name in SHOWN}
        for workload in _workloads(plan)
    )
    with_gap = [each for name in HINDSIGHTS for each in sampled[name] if each.share is not None]
    halved = [each.halved for each in with_gap]
    verdict = verdict_where(as_written=bool(halved) and all(halved), somewhere=any(halved))
    return Judgement(
        verdict=verdict,
        measured=" ".join(_shares_closed(name, sampled[name]) for name in SHOWN),
        condition=_condition(verdict, sampled, equal, _held(plan, found)),
        figures=(
            _figure_shares(sampled, equal),
            _figure_latencies(plan, found),
            _figure_held(plan, found),
        ),
    )


def _shares_closed(name: str, closed: Sequence[_Closed]) -> str:
    shares = [f"{_percent(each.share)} at K = {each.bins}" for each in closed if each.share]
    none = [each.bins for each in closed if not each.share]
    sentence = f"Of the gap to {NAMES[name]}, Amin closes {', '.join(shares)}" if shares else ""
    if none:
        begin = f"{sentence}; " if sentence else f"To {NAMES[name]}, "
        sentence = f"{begin}no gap of {LEAST_GAP * 100:.0f} % at K = {listed(none)}"
    return sentence + "."


def _percent(share: Estimate) -> str:
    return f"{share.mean * 100:.1f} ± {(share.high - share.mean) * 100:.1f} %"


def _condition(
    verdict: Verdict,
    sampled: dict[str, list[_Closed]],
    equal: dict[str, list[_Closed]],
    held: dict[str, list[Point]],
) -> str:
    if verdict == "holds":
        return ""
    if verdict == "does not hold":
        return "With no number of bins does Amin close half of the gap."
    halved = [
        f"{listed(bins)} {'bin' if bins == [1] else 'bins'} against {NAMES[name]}"
        for name in HINDSIGHTS
        if (bins := [each.bins for each in sampled[name] if each.halved])
    ]
    better = ""
    if any(each.beyond for each in sampled["h-sf"]):
        also = ", also with equal prompts" if any(each.beyond for each in equal["h-sf"]) else ""
        better = f" So Amin can be better than H-SF (more than 100 % of the gap){also}."
    return (
        f"Halved with {'; with '.join(halved)}. With finer bins Amax comes closer to H-SF. H-SF "
        "starts requests of similar length together, they reach their largest size together, and "
        f"so H-SF holds {held['H-SF'][0].y.mean * 100:.0f} % of the cache on average. Amin plans "
        "with lower bounds and holds up to "
        f"{max(point.y.mean for point in held['Amin']) * 100:.0f} %.{better}"
    )


def _figure_shares(sampled: dict[str, list[_Closed]], equal: dict[str, list[_Closed]]) -> Figure:
    series = [
        Series(
            f"to {NAMES[name]}{suffix}",
            tuple(Point(each.bins, each.share) for each in closed[name] if each.share),
        )
        for closed, suffix in ((sampled, ""), (equal, ", equal prompts"))
        for name in SHOWN
    ]
    return Figure(
        name="c2-gap",
        title="Share of the gap to Amax that Amin closes",
        reading="Above the dashed line Amin closes at least half of the gap Amax − hindsight. "
        "Above 1 Amin is better than that hindsight; H-SF is not the optimum. A point is missing "
        "where the gap is below 5 %.",
        x_label="K, number of bins",
        y_label="share of the gap that is closed",
        x_scale="log",
        series=tuple(each for each in series if each.points),
        marks=(Mark("halved", LEAST_CLOSED_SHARE),),
    )


def _figure_latencies(plan: Plan, found: Measurements) -> Figure:
    workload = plan.sampled()
    hindsight = InHindsight(workload, plan.bound_seconds)
    bound = found.of(hindsight, "bound")
    svf = found.of(smallest_volume(workload), "total")
    lines: dict[str, list[Point]] = {"Amin": [], "H-SF": [], "SVF": [], "Amax": []}
    for bins in _bins(plan):
        predicted = Predicted(workload, f"bins:{bins}")
        for name, latency in (
            ("Amin", found.of(predicted, "amin")),
            ("H-SF", found.of(hindsight, "h-sf")),
            ("SVF", svf),
            ("Amax", found.of(predicted, "amax")),
        ):
            lines[name].append(Point(bins, estimated(latency / bound)))
    return Figure(
        name="c2-latency",
        title="Total latency with binned predictions",
        reading="More bins mean narrower intervals; with exact lengths Amin and Amax both make the "
        "decisions of H-SF. Where Amin is below H-SF, it is better than with exact lengths.",
        x_label="K, number of bins",
        y_label=TIMES_BOUND,
        x_scale="log",
        series=tuple(Series(name, tuple(points)) for name, points in lines.items()),
    )


def _held(plan: Plan, found: Measurements) -> dict[str, list[Point]]:
    """Each policy's mean occupancy / M, by number of bins."""
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
        reading="H-SF starts requests of similar length together, and they reach their largest "
        "size together; so part of the cache stays empty although every length is known. Amin "
        "plans with lower bounds, fills more of the cache, and has to evict.",
        x_label="K, number of bins",
        y_label="mean occupancy / M",
        x_scale="log",
        series=tuple(Series(name, tuple(points)) for name, points in _held(plan, found).items()),
    )


HALVING = Claim(
    name="C2",
    title="Amin halves the gap to hindsight with bins",
    words="By utilizing optimized binned intervals, Amin halved the latency gap compared to "
    "pessimistic schedulers.",
    rule=f"Halved: Amin closes at least {LEAST_CLOSED_SHARE * 100:.0f} % of the gap "
    "Amax − hindsight, where hindsight is the certified bound or H-SF; a gap below "
    f"{LEAST_GAP * 100:.0f} % of hindsight does not count. Holds if halved for every number of "
    f"bins with a gap, to both kinds of hindsight; under conditions if for some. {WHOLE_INTERVAL}",
    setting=lambda plan: (
        f"{plan.requests:,} requests at once, predicted in K = {listed(_bins(plan))} equal bins; "
        "once with the sampled prompts and once with equal prompts"
    ),
    experiments=_experiments,
    judge=_judge,
)
