"""The article's setting: one prompt length for all, all at once, and H-SF as hindsight.

The claims are judged there by rules of their own, because the article takes its ratios to H-SF.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from amin_ref.comparison.estimate import Estimate
from amin_ref.small.bound import INTERCEPT, SLOPE, ratio_bound
from amin_ref.workloads import NAIVE_UPPER
from oracle.claims.c1_matching import LAGS, MATCHED, MATCHING
from oracle.claims.c2_halving import HALVING, LEAST_CLOSED_SHARE, LEAST_GAP
from oracle.claims.c3_varying import FIVE, VARYING
from oracle.claims.c4_logarithmic import LOGARITHMIC, fixed_ties
from oracle.claims.experiments import Bounded, Experiment, Scheduled
from oracle.claims.figures import Figure, Mark, Point, Series
from oracle.claims.ledger import Judgement, verdict_where
from oracle.claims.plan import WHOLE_INTERVAL, Claim, Plan
from oracle.claims.result_store import Measurements, estimated
from oracle.claims.words import counted, listed
from oracle.claims.workload import SampledWorkload

ARTICLE = "article"
"""The name of these claims for ``amin-ref claims --claim``."""

PROMPTS = (1, 50, 200)
"""Prompt lengths: outputs alone fill the cache, chats, and prompts longer than most outputs."""

FEW = Fraction(1, 10)
"""A second number of requests, as a share of the plan's: the article has 2,000 and 200."""

BINS = (2, 5, 10, 20, 50)
"""Numbers of bins, K."""

ERRORS = ("relative:0.2", "relative:0.5", "relative:0.99", "varying:0.99")
"""Intervals o ± X·o, with one X for all and with a random X up to 0.99 for each request."""


@dataclass(frozen=True)
class _Place:
    """Requests of one prompt length, all at once."""

    workload: SampledWorkload

    @property
    def prompt_len(self) -> int:
        return self.workload.prompt_len or 0

    def total(self, found: Measurements, policy: str, prediction: str) -> NDArray[np.float64]:
        """Total latency for each seed; request·rounds."""
        return found.of(Scheduled(self.workload, policy, prediction), "total")

    def h_sf(self, found: Measurements) -> NDArray[np.float64]:
        return self.total(found, "h-sf", "exact")

    def __str__(self) -> str:
        return f"s = {self.prompt_len}"


def _places(plan: Plan, share: Fraction = Fraction(1)) -> list[_Place]:
    requests = max(1, round(share * plan.requests))
    return [_Place(plan.sampled(requests=requests, prompt_len=length)) for length in PROMPTS]


def _naive(place: _Place, plan: Plan) -> Iterator[Experiment]:
    yield Bounded(place.workload, plan.bound_seconds)
    for policy in ("h-sf", "svf", "fcfs"):
        yield Scheduled(place.workload, policy, "exact")
    for policy in ("amin", "amax"):
        yield Scheduled(place.workload, policy, "naive")


def _told(place: _Place, predictions: Sequence[str]) -> Iterator[Experiment]:
    yield Scheduled(place.workload, "h-sf", "exact")
    for prediction in predictions:
        for policy in ("amin", "amax"):
            yield Scheduled(place.workload, policy, prediction)


# C1


def _c1_experiments(plan: Plan) -> list[Experiment]:
    places = (*_places(plan), *_places(plan, FEW))
    return [experiment for place in places for experiment in _naive(place, plan)]


def _matches(found: Measurements, place: _Place) -> bool:
    h_sf = place.h_sf(found)
    matched = estimated(place.total(found, "amin", "naive") / h_sf).high <= MATCHED
    return matched and _lag(found, place, "naive").low >= LAGS


def _lag(found: Measurements, place: _Place, prediction: str) -> Estimate:
    amin, amax = (place.total(found, policy, prediction) for policy in ("amin", "amax"))
    return estimated(amax / amin)


def _judge_c1(plan: Plan, found: Measurements) -> Judgement:
    many, few = _places(plan), _places(plan, FEW)
    good = [place for place in (*few, *many) if _matches(found, place)]
    verdict = verdict_where(
        as_written=all(place in good for place in many), somewhere=len(good) > 0
    )
    conditions = {
        "holds": "",
        "holds under conditions": (
            "Both are true with "
            + listed(f"{place.workload.requests:,} requests at {place}" for place in good)
            + "."
        ),
        "does not hold": "Amin does not match H-SF where Amax lags behind.",
    }
    return Judgement(
        verdict=verdict,
        measured=_each(many, lambda place: _compared(plan, found, place)),
        condition=conditions[verdict],
        figures=tuple(_figure(plan, found, places) for places in (many, few)),
    )


def _each(places: Sequence[_Place], said: Callable[[_Place], str]) -> str:
    return " ".join(f"At {place}: {said(place)}." for place in places)


def _compared(plan: Plan, found: Measurements, place: _Place) -> str:
    h_sf = place.h_sf(found)
    amin = place.total(found, "amin", "naive")
    fcfs = place.total(found, "fcfs", "exact")
    bound = found.of(Bounded(place.workload, plan.bound_seconds), "bound")
    return (
        f"Amin / H-SF {estimated(amin / h_sf)}, Amax / Amin {_lag(found, place, 'naive')}, "
        f"FCFS / H-SF {estimated(fcfs / h_sf)}, H-SF / certified bound {estimated(h_sf / bound)}"
    )


def _figure(plan: Plan, found: Measurements, places: Sequence[_Place]) -> Figure:
    requests = places[0].workload.requests
    lines: dict[str, list[Point]] = {}
    for place in places:
        h_sf = place.h_sf(found)
        latencies = {
            "Amin": place.total(found, "amin", "naive"),
            "FCFS": place.total(found, "fcfs", "exact"),
            "Amax": place.total(found, "amax", "naive"),
            "SVF": place.total(found, "svf", "exact"),
            "certified bound": found.of(Bounded(place.workload, plan.bound_seconds), "bound"),
        }
        for name, latency in latencies.items():
            lines.setdefault(name, []).append(Point(place.prompt_len, estimated(latency / h_sf)))
    return Figure(
        name=f"article-{requests}",
        title=f"{counted(requests, 'request')} of one prompt length at once, naive predictions",
        reading="With equal prompts SVF and H-SF have one order, so they make the same schedule.",
        x_label="s, length of every prompt",
        y_label="total latency / that of H-SF",
        x_scale="log",
        y_scale="log",
        series=tuple(Series(name, tuple(points)) for name, points in lines.items()),
        marks=(Mark("matched: within 5 %", MATCHED),),
    )


# C2


def _bins(plan: Plan) -> list[str]:
    return [f"bins:{count}" for count in plan.grid(BINS, (5, 10))]


def _closed(found: Measurements, place: _Place, prediction: str) -> Estimate | None:
    """The share of the gap Amax − H-SF that Amin closes; ``None`` if the gap is below LEAST_GAP."""
    h_sf = place.h_sf(found)
    amin, amax = (place.total(found, policy, prediction) for policy in ("amin", "amax"))
    if estimated((amax - h_sf) / h_sf).low < LEAST_GAP or not bool(np.all(amax > h_sf)):
        return None
    return estimated((amax - amin) / (amax - h_sf))


def _judge_c2(plan: Plan, found: Measurements) -> Judgement:
    places = _places(plan)
    shares = {
        (place, prediction): _closed(found, place, prediction)
        for place in places
        for prediction in _bins(plan)
    }
    counted_ones = [share for share in shares.values() if share is not None]
    halved = [share.low >= LEAST_CLOSED_SHARE for share in counted_ones]
    verdict = verdict_where(as_written=bool(halved) and all(halved), somewhere=any(halved))
    conditions = {
        "holds": "",
        "holds under conditions": (
            f"Amin closes half of the gap in {sum(halved)} of {len(halved)} settings with a gap of "
            f"at least {LEAST_GAP * 100:.0f} %."
        ),
        "does not hold": "In no setting does Amin close half of a gap.",
    }
    return Judgement(
        verdict=verdict,
        measured=_each(places, lambda place: _shares(plan, place, shares)),
        condition=conditions[verdict],
        figures=(),
    )


def _shares(plan: Plan, place: _Place, shares: dict[tuple[_Place, str], Estimate | None]) -> str:
    said = []
    for prediction in _bins(plan):
        share = shares[place, prediction]
        closed = (
            f"no gap of {LEAST_GAP * 100:.0f} %" if share is None else f"{share.mean * 100:.0f} %"
        )
        if share is not None:
            closed = f"{share.mean * 100:.0f} %"
            closed += f" [{share.low * 100:.0f}, {share.high * 100:.0f}]"
        said.append(f"{closed} at K = {prediction.removeprefix('bins:')}")
    return f"share of the gap Amax − H-SF that Amin closes: {', '.join(said)}"


# C3


def _judge_c3(plan: Plan, found: Measurements) -> Judgement:
    places = _places(plan)
    errors = {(place, error): _lag(found, place, error) for place in places for error in ERRORS}
    naive = {place: _lag(found, place, "naive") for place in places}
    verdict = verdict_where(
        as_written=any(ratio.low >= FIVE for ratio in errors.values()),
        somewhere=any(ratio.low >= FIVE for ratio in naive.values()),
    )
    reached = [str(place) for place, ratio in naive.items() if ratio.low >= FIVE]
    conditions = {
        "holds": "",
        "holds under conditions": (
            f"Reached with the naive interval at {listed(reached)}; with no "
            "error relative to the length."
        ),
        "does not hold": f"No setting reaches {FIVE:g}.",
    }
    (place, error), most = max(errors.items(), key=lambda item: item[1].mean)
    return Judgement(
        verdict=verdict,
        measured=(
            f"With intervals o ± X·o the largest ratio Amax / Amin is {most}, at {place} with "
            f"{error}. With the naive interval it is "
            + listed(f"{ratio} at {place}" for place, ratio in naive.items())
            + "."
        ),
        condition=conditions[verdict],
        figures=(),
    )


# C4


def _c4_experiments(plan: Plan) -> list[Experiment]:
    return [*_c1_experiments(plan), *fixed_ties(plan)]


def _judge_c4(plan: Plan, found: Measurements) -> Judgement:
    ratios = {
        place: estimated(place.total(found, "amin", "naive") / place.h_sf(found))
        for place in (*_places(plan), *_places(plan, FEW))
    }
    bound = ratio_bound(Fraction(1, NAIVE_UPPER))
    samples = all(ratio.high <= bound for ratio in ratios.values())
    family = {each.upper: found.exact(each, "amin") for each in fixed_ties(plan)}
    within = all(ratio <= ratio_bound(Fraction(1, upper)) for upper, ratio in family.items())
    place, most = max(ratios.items(), key=lambda item: item[1].mean)
    widest = max(family)
    verdict = verdict_where(as_written=samples and within, somewhere=within)
    conditions = {
        "holds": "",
        "holds under conditions": "A sample exceeds the bound; the family of T15 does not.",
        "does not hold": (
            "The family of T15 has one prompt length for all and all requests at once, and its "
            "ratio to H-SF is of order 1/α. "
        )
        + (
            "The samples stay below the bound, which says nothing of the worst case."
            if samples
            else ""
        ),
    }
    return Judgement(
        verdict=verdict,
        measured=(
            f"On samples the largest ratio Amin / H-SF is {most}, for "
            f"{place.workload.requests:,} requests at {place}; {float(INTERCEPT)} + "
            f"{float(SLOPE)}·ln(1/α) is {bound:.2f} at 1/α = {NAIVE_UPPER:,}. On the family of T15 "
            f"it is {family[widest]:.1f} at 1/α = {widest}, where the bound is "
            f"{ratio_bound(Fraction(1, widest)):.2f}."
        ),
        condition=conditions[verdict].strip(),
        figures=(),
    )


def _setting(numbers: str) -> str:
    return (
        f"{numbers} requests at once, all with a prompt of s = {listed(map(str, PROMPTS))} tokens; "
        "hindsight is H-SF"
    )


def _both(plan: Plan) -> str:
    return f"{round(FEW * plan.requests):,} and {plan.requests:,}"


ARTICLE_CLAIMS: tuple[Claim, ...] = (
    Claim(
        name="C1",
        title=MATCHING.title,
        words=MATCHING.words,
        rule=f"Matched: Amin's total latency is at most {MATCHED} times that of H-SF. Lagging: "
        f"Amax's is at least {LAGS} times Amin's. Holds if both are true at every prompt length "
        f"with the larger number of requests; under conditions if at some. {WHOLE_INTERVAL}",
        setting=lambda plan: f"every output predicted in [1, 1000]; {_setting(_both(plan))}",
        experiments=_c1_experiments,
        judge=_judge_c1,
    ),
    Claim(
        name="C2",
        title=HALVING.title,
        words=HALVING.words,
        rule=f"Halved: Amin closes at least {LEAST_CLOSED_SHARE * 100:.0f} % of the gap "
        f"Amax − H-SF; a gap below {LEAST_GAP * 100:.0f} % of H-SF does not count. Holds if halved "
        "for every number of bins and prompt length with a gap; under conditions if for some. "
        f"{WHOLE_INTERVAL}",
        setting=lambda plan: (
            f"K = {listed(each.removeprefix('bins:') for each in _bins(plan))} equal bins; "
            + _setting(f"{plan.requests:,}")
        ),
        experiments=lambda plan: [
            experiment for place in _places(plan) for experiment in _told(place, _bins(plan))
        ],
        judge=_judge_c2,
    ),
    Claim(
        name="C3",
        title=VARYING.title,
        words=VARYING.words,
        rule=f"Reached: Amax's total latency is at least {FIVE:g} times Amin's. Holds if reached "
        "with intervals o ± X·o, X at most 0.99, at some prompt length; under conditions if "
        f"reached with the naive interval. {WHOLE_INTERVAL}",
        setting=lambda plan: (
            "intervals o ± X·o with X = 0.2, 0.5 and 0.99 for all requests or random up to 0.99 "
            f"for each, and the naive interval; {_setting(f'{plan.requests:,}')}"
        ),
        experiments=lambda plan: [
            experiment for place in _places(plan) for experiment in _told(place, (*ERRORS, "naive"))
        ],
        judge=_judge_c3,
    ),
    Claim(
        name="C4",
        title=LOGARITHMIC.title,
        words=LOGARITHMIC.words,
        rule=f"Logarithmic: Amin / H-SF is at most {float(INTERCEPT)} + {float(SLOPE)}·ln(1/α), "
        "T12's bound. Holds if no sample and no instance of T15's family exceeds it; under "
        f"conditions if only samples do. {WHOLE_INTERVAL}",
        setting=lambda plan: (
            f"every output predicted in [1, 1000]; {_setting(_both(plan))}; and the family of "
            "T15 with prompts of one token"
        ),
        experiments=_c4_experiments,
        judge=_judge_c4,
    ),
)
"""C1 to C4 in the article's setting."""
