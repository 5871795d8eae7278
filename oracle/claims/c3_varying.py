"""C3: as accuracy varies, is Amin's latency up to five times lower than Amax's?"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from amin_ref.comparison.estimate import Estimate
from oracle.claims.experiments import Experiment, InHindsight, Predicted, smallest_volume
from oracle.claims.figures import Figure, Mark, Point, Scale, Series
from oracle.claims.ledger import Judgement, Verdict, verdict_where
from oracle.claims.plan import WHOLE_INTERVAL, Claim, Plan
from oracle.claims.result_store import Measurements, estimated
from oracle.claims.workload import SampledWorkload

FIVE = 5.0
"""The article's factor: Amax's total latency over Amin's."""

SATURATED = 1.0
"""Highest load that counts: at a higher load the queue of every scheduler grows without end."""

# Settings of the figures: errors X, largest errors X, shares P of naive predictions, loads.
ERRORS = (0.0, 0.1, 0.2, 0.4, 0.5, 0.6, 0.8, 0.9, 0.99)
ERRORS_ARRIVING = (0.2, 0.6, 0.99)
ERRORS_VARYING = (0.2, 0.5, 0.99)
LOADS = (0.7, 0.9, 1.0, 1.2)
LOADS_VARYING = (None, 0.9, 1.0)
SHARES_NAIVE = (0.1, 0.2, 0.5, 1.0)
LOADS_NAIVE = (None, 0.9)
LONGER = (1, 2, 4)
"""Lengths of the stream, as multiples of the plan's number of requests."""

LONG_LOAD = 0.9
LONG_ERROR = 0.99
"""Setting of the longer streams: the highest load of the grid below saturation, and the largest
error, where Amin serves all arrivals and Amax does not."""


@dataclass(frozen=True)
class _Setting:
    """One point of one line of a figure.

    Attributes:
        line: name of the line.
        x: place of the point.
        workload: the requests.
        prediction: what is predicted of them.
    """

    line: str
    x: float
    workload: SampledWorkload
    prediction: str

    @property
    def experiment(self) -> Predicted:
        return Predicted(self.workload, self.prediction)

    @property
    def is_realistic(self) -> bool:
        return self.workload.load is None or self.workload.load <= SATURATED

    def __str__(self) -> str:
        count = f"{self.workload.requests:,} requests"
        load = self.workload.load
        where = "at once" if load is None else f"at load {load}"
        return f"{count} {where}, {_in_words(self.prediction)}"


def _in_words(prediction: str) -> str:
    kind, _, number = prediction.partition(":")
    if kind == "mixed":
        return f"{float(number) * 100:.0f} % naive"
    return f"X = {number}" if kind == "relative" else f"X up to {number}"


def _relative(plan: Plan) -> list[_Setting]:
    settings = [
        _Setting("at once", error, plan.sampled(), f"relative:{error}")
        for error in plan.grid(ERRORS, (0.2, 0.5, 0.99))
    ]
    for load in plan.grid(LOADS, (0.9,)):
        settings += [
            _Setting(f"load {load}", error, plan.sampled(load), f"relative:{error}")
            for error in plan.grid(ERRORS_ARRIVING, (0.2, 0.99))
        ]
    return settings


def _varying(plan: Plan) -> list[_Setting]:
    return [
        _Setting(_line(load), most, plan.sampled(load), f"varying:{most}")
        for load in plan.grid(LOADS_VARYING, (None, 0.9))
        for most in plan.grid(ERRORS_VARYING, (0.99,))
    ]


def _mixed(plan: Plan) -> list[_Setting]:
    return [
        _Setting(_line(load), share, plan.sampled(load), f"mixed:{share}")
        for load in LOADS_NAIVE
        for share in plan.grid(SHARES_NAIVE, (0.1, 0.5, 1.0))
    ]


def _longer(plan: Plan) -> list[_Setting]:
    return [
        _Setting(
            f"load {LONG_LOAD}, X = {LONG_ERROR}",
            longer * plan.requests,
            plan.sampled(LONG_LOAD, requests=longer * plan.requests),
            f"relative:{LONG_ERROR}",
        )
        for longer in plan.grid(LONGER, (1, 2))
    ]


def _line(load: float | None) -> str:
    return "at once" if load is None else f"load {load}"


def _settings(plan: Plan) -> list[_Setting]:
    return [*_relative(plan), *_varying(plan), *_mixed(plan), *_longer(plan)]


def _experiments(plan: Plan) -> list[Experiment]:
    predicted: list[Experiment] = [setting.experiment for setting in _settings(plan)]
    at_once = plan.sampled()
    return [InHindsight(at_once, plan.bound_seconds), smallest_volume(at_once), *predicted]


def _judge(plan: Plan, found: Measurements) -> Judgement:
    ratios = {
        setting: estimated(
            found.of(setting.experiment, "amax") / found.of(setting.experiment, "amin")
        )
        for setting in _settings(plan)
    }
    article = {
        setting: ratios[setting]
        for setting in (*_relative(plan), *_varying(plan))
        if setting.workload.load is None
    }
    realistic = {setting: ratio for setting, ratio in ratios.items() if setting.is_realistic}
    within = {
        setting: realistic[setting]
        for setting in (*_relative(plan), *_varying(plan))
        if setting in realistic
    }
    verdict = verdict_where(
        as_written=any(ratio.low >= FIVE for ratio in article.values()),
        somewhere=any(ratio.low >= FIVE for ratio in realistic.values()),
    )
    return Judgement(
        verdict=verdict,
        measured=(
            f"The largest ratio of Amax to Amin is {_most(article)} with all requests at once; "
            f"{_most(within)} at any load up to {SATURATED:g}; {_most(realistic)} with the naive "
            f"interval for some requests, or with a longer stream. {_least(ratios)} "
            f"{_resilience(plan, found)}"
        ),
        condition=_condition(verdict, realistic),
        figures=(
            _figure(
                "c3-relative",
                "Every length known up to a share of itself",
                "With all requests at once, X limits what Amax loses. With arrivals that the cache "
                "can serve and Amax cannot, Amax's queue grows and multiplies the loss.",
                "X: the interval is the true length ± this share",
                ratios,
                _relative(plan),
            ),
            _figure(
                "c3-varying",
                "Accuracy that differs between requests",
                "Each request has an error of its own, up to X. The ratio is smaller than with the "
                "error X for all requests.",
                "X: the error of each request is uniform on [0, X]",
                ratios,
                _varying(plan),
            ),
            _figure(
                "c3-mixed",
                "Some requests exact, the others predicted in [1, 1000]",
                "Amax reserves 1,000 tokens for each request with the naive interval. With enough "
                "of these requests it cannot serve all arrivals.",
                "share of requests with the naive interval",
                ratios,
                _mixed(plan),
                y_scale="log",
            ),
            _figure(
                "c3-stream",
                "The longer the stream, the larger the ratio",
                "Where Amin serves all arrivals and Amax does not, the queue of Amax grows with "
                "the number of requests, and so does the ratio: it has no largest value.",
                "requests in the stream",
                ratios,
                _longer(plan),
            ),
        ),
    )


def _most(ratios: dict[_Setting, Estimate]) -> str:
    setting, ratio = max(ratios.items(), key=lambda found: found[1].mean)
    return f"{ratio} ({setting})"


def _least(ratios: dict[_Setting, Estimate]) -> str:
    setting, ratio = min(ratios.items(), key=lambda found: found[1].mean)
    return f"The smallest ratio is {ratio} ({setting})."


def _resilience(plan: Plan, found: Measurements) -> str:
    """The range of Amin / hindsight over all X, with all requests at once."""
    hindsight = InHindsight(plan.sampled(), plan.bound_seconds)
    ranges = [
        _over_all_errors(plan, found, latency)
        for latency in (
            found.of(hindsight, "h-sf"),
            found.of(smallest_volume(plan.sampled()), "total"),
            found.of(hindsight, "bound"),
        )
    ]
    return (
        f"With all requests at once, Amin's total latency is {ranges[0]} times that of H-SF, "
        f"{ranges[1]} times that of SVF and {ranges[2]} times the certified bound over all X."
    )


def _over_all_errors(plan: Plan, found: Measurements, hindsight: NDArray[np.float64]) -> str:
    means = [
        float((found.of(setting.experiment, "amin") / hindsight).mean())
        for setting in _relative(plan)
        if setting.workload.load is None
    ]
    return f"{min(means):.2f} to {max(means):.2f}"


def _condition(verdict: Verdict, realistic: dict[_Setting, Estimate]) -> str:
    if verdict == "holds":
        return ""
    if verdict == "does not hold":
        return f"A ratio of {FIVE:g} is not reached in any setting up to load {SATURATED:g}."
    reached = [setting for setting, ratio in realistic.items() if ratio.low >= FIVE]
    return (
        f"A ratio of {FIVE:g} is reached only where Amax is beyond its own saturation and Amin is "
        "not, or where intervals are much wider than X = 0.99 makes them: "
        f"{_first_of_each(reached)}."
    )


def _first_of_each(settings: Iterable[_Setting]) -> str:
    """The first setting of each kind of prediction and arrivals."""
    first: dict[tuple[str, float | None], _Setting] = {}
    for setting in settings:
        first.setdefault((setting.prediction.split(":")[0], setting.workload.load), setting)
    return "; ".join(map(str, first.values()))


def _figure(
    name: str,
    title: str,
    reading: str,
    x_label: str,
    ratios: dict[_Setting, Estimate],
    settings: Sequence[_Setting],
    y_scale: Scale = "linear",
) -> Figure:
    lines: dict[str, list[Point]] = {}
    for setting in settings:
        lines.setdefault(setting.line, []).append(Point(setting.x, ratios[setting]))
    return Figure(
        name=name,
        title=title,
        reading=reading,
        x_label=x_label,
        y_label="total latency: Amax / Amin",
        y_scale=y_scale,
        series=tuple(Series(line, tuple(points)) for line, points in lines.items()),
        marks=(Mark("the article's five times", FIVE),),
    )


VARYING = Claim(
    name="C3",
    title="Amin has up to five times lower latency",
    words="Even under fluctuating accuracy conditions, Amin demonstrated resilience, achieving up "
    "to five times lower latency in challenging scenarios.",
    rule=f"Reached: Amax's total latency is at least {FIVE:g} times Amin's. Holds if reached with "
    "all requests at once and intervals o ± X·o, where X is at most 0.99 and the same for all "
    "requests or different for each; under conditions if reached in any setting up to load "
    f"{SATURATED:g}. {WHOLE_INTERVAL}",
    setting=lambda plan: (
        f"{plan.requests:,} requests, at once and in Poisson arrivals: intervals o ± X·o with X "
        "from 0 to 0.99, the same for all requests or random for each; the naive interval for "
        "some requests and exact lengths for the others; longer streams"
    ),
    experiments=_experiments,
    judge=_judge,
)
