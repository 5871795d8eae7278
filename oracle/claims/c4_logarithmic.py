"""C4: is Amin's ratio to the optimum logarithmic in 1/α?"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from fractions import Fraction

from amin_ref.comparison.estimate import Estimate
from amin_ref.families import FAMILIES
from amin_ref.small.bound import INTERCEPT, LONGEST_PROMPT_PER_LOWER, SLOPE, ratio_bound
from oracle.claims.experiments import Experiment, FixedTies, LongPrompts, WorstRatio
from oracle.claims.figures import Figure, Point, Series
from oracle.claims.ledger import Judgement, Verdict, verdict_where
from oracle.claims.plan import Claim, Plan
from oracle.claims.result_store import Measurements
from oracle.claims.rounds import growth_exponent
from oracle.ratio.tables import PROMPT_LENGTHS, table_questions

MOST_MULTISETS = 20_000
"""Largest question of the table that is measured: larger ones take longer than all others do
together."""

REQUESTS, QUICK_REQUESTS = 6, 4
"""Requests in each instance of the table; in a quick run."""

LONG_UPPERS = (10, 30, 100, 300, 1000, 3000)
"""1/α in the family with long prompts."""

SHORT_UPPERS = (8, 16, 32, 64, 128)
"""1/α in the family with prompts of one token; the largest has 86,463 requests."""


def _worst_ratios(plan: Plan) -> list[WorstRatio]:
    """Settings of ``proofs_notes/data/worst_case.jsonl`` for Amin and Amax."""
    requests = _requests(plan)
    prompts = plan.grid(PROMPT_LENGTHS, (1,))
    return [
        WorstRatio(
            question.policy,
            question.setting.prompt_len,
            question.setting.lower,
            question.setting.upper,
            question.setting.capacity,
            requests,
        )
        for question in table_questions()
        if question.requests == requests
        and question.policy in ("amin", "amax")
        and question.setting.prompt_len in prompts
        and question.multisets <= MOST_MULTISETS
    ]


def _requests(plan: Plan) -> int:
    return QUICK_REQUESTS if plan.quick else REQUESTS


def _long_prompts(plan: Plan) -> list[LongPrompts]:
    return [LongPrompts(upper) for upper in plan.grid(LONG_UPPERS, (10, 100, 1000))]


def fixed_ties(plan: Plan) -> list[FixedTies]:
    """The family of T15, which has one prompt length and all requests at once."""
    chosen = []
    for upper in plan.grid(SHORT_UPPERS, (8, 16, 32)):
        parameters = FAMILIES["staggered"].parameters(upper)
        chosen.append(FixedTies(upper, parameters["long"], parameters["short"]))
    return chosen


def _experiments(plan: Plan) -> list[Experiment]:
    return [*_worst_ratios(plan), *_long_prompts(plan), *fixed_ties(plan)]


def _worst_by_alpha(plan: Plan, found: Measurements) -> dict[str, dict[Fraction, float]]:
    """Each policy's worst ratio over the settings with the same 1/α, in ascending order of 1/α."""
    worst: dict[str, dict[Fraction, float]] = {"amin": {}, "amax": {}}
    for experiment in _worst_ratios(plan):
        inverse = Fraction(experiment.upper, experiment.lower)
        ratio = found.exact(experiment, "ratio")
        of_policy = worst[experiment.policy]
        of_policy[inverse] = max(ratio, of_policy.get(inverse, 0.0))
    return {policy: dict(sorted(ratios.items())) for policy, ratios in worst.items()}


def _judge(plan: Plan, found: Measurements) -> Judgement:
    worst = _worst_by_alpha(plan, found)
    long = {each.upper: found.exact(each, "amin") for each in _long_prompts(plan)}
    short = {each.upper: found.exact(each, "amin") for each in fixed_ties(plan)}
    shuffled = {each.upper: found.exact(each, "shuffled") for each in fixed_ties(plan)}
    amin, amax = worst["amin"], worst["amax"]
    in_table = all(ratio <= ratio_bound(1 / inverse) for inverse, ratio in amin.items())
    verdict = verdict_where(
        as_written=in_table and not _exceeding(long) and not _exceeding(short),
        somewhere=in_table and not _exceeding(short),
    )
    most = max(amin, key=lambda inverse: amin[inverse])
    requests = _worst_ratios(plan)[0].requests
    widest = max(amin)
    return Judgement(
        verdict=verdict,
        measured=(
            f"With prompts and lower bounds of one token, all requests at once and ties broken by "
            f"position, the ratio of Amin to H-SF grows like (1/α)^{_exponent(short):.2f}, to "
            f"{max(short.values()):.1f} at 1/α = {max(short):,}, where T12's number is "
            f"{ratio_bound(Fraction(1, max(short))):.2f}; with shuffled ties it is "
            f"{shuffled[max(short)]:.1f} there. With prompts of u − 1 tokens it grows like "
            f"(1/α)^{_exponent(long):.2f}, to {max(long.values()):.1f} at 1/α = {max(long):,}. "
            f"Over every instance of {requests} requests in the table, Amin's worst ratio to the "
            f"optimum is {amin[most]:.2f}, at 1/α = {most}; that of Amax is {amax[widest]:.2f} at "
            f"1/α = {widest}, where T12's number is {ratio_bound(1 / widest):.2f}."
        ),
        condition=_condition(verdict, in_table),
        figures=(
            _figure_fixed_ties(short, shuffled),
            _figure_exhausted(worst, requests),
            _figure_family(long),
        ),
    )


def _exceeding(ratios: Mapping[int, float]) -> list[int]:
    """Each 1/α at which the ratio is above a + b·ln(1/α)."""
    return [
        inverse for inverse, ratio in ratios.items() if ratio > ratio_bound(Fraction(1, inverse))
    ]


def _exponent(ratios: Mapping[int, float]) -> float:
    return growth_exponent(tuple(ratios), list(ratios.values()))


def _condition(verdict: Verdict, in_table: bool) -> str:
    number = f"{float(INTERCEPT)} + {float(SLOPE)}·ln(1/α)"
    if verdict == "holds":
        return ""
    if verdict == "holds under conditions":
        return f"At most {number} only with prompts of at most {LONGEST_PROMPT_PER_LOWER}ℓ tokens."
    if not in_table:
        return "An instance of the table exceeds the bound."
    return (
        "For short identical prompts Amin's worst ratio to the optimum is of order 1/α, not "
        "log(1/α): where nothing overflows, Amin is FCFS. T15 proves this order as a lower bound, "
        "for ties that are fixed beforehand, and T16 as an upper bound, with a large constant. "
        "Shuffled ties do not make it logarithmic: the expected ratio can be at least of order "
        f"(1/α)/√log(1/α) (T17). On every instance of the table it stays below {number} (T12): "
        f"equal prompts of at most {LONGEST_PROMPT_PER_LOWER}ℓ tokens, all requests at once, "
        "blocks of one token. That is a statement about small instances alone."
    )


def _exact(values: Iterable[tuple[Fraction | int, float]]) -> tuple[Point, ...]:
    return tuple(Point(float(x), Estimate.exactly(y)) for x, y in values)


def _figure_exhausted(worst: dict[str, dict[Fraction, float]], requests: int) -> Figure:
    bound = [(inverse, ratio_bound(1 / inverse)) for inverse in worst["amin"]]
    return Figure(
        name="c4-exhausted",
        title=f"Exact worst ratio to the optimum, {requests} requests",
        reading="The largest ratio over all output lengths and all tie-breaks. With this number "
        "of requests Amin's hardly grows with the width of the predicted interval; Amax's does.",
        x_label="1/α: upper bound / lower bound",
        y_label="total latency / optimum, worst case",
        x_scale="log",
        series=(
            Series("Amin", _exact(worst["amin"].items())),
            Series("Amax", _exact(worst["amax"].items())),
            Series("T12's number", _exact(bound)),
        ),
    )


def _figure_fixed_ties(by_position: Mapping[int, float], shuffled: Mapping[int, float]) -> Figure:
    bound = [(upper, ratio_bound(Fraction(1, upper))) for upper in by_position]
    return Figure(
        name="c4-fixed-ties",
        title="Not logarithmic: prompts of one token",
        reading="Requests of u tokens that start one a round keep the cache full, and nothing "
        "overflows, so Amin serves the requests in the order of the tie-break, as FCFS does. A "
        "shuffle helps on this family; it does not on others.",
        x_label="1/α: upper bound / lower bound",
        y_label="total latency: Amin / H-SF",
        x_scale="log",
        y_scale="log",
        series=(
            Series("Amin, ties by position", _exact(by_position.items())),
            Series("Amin, ties shuffled", _exact(shuffled.items())),
            Series("T12's number", _exact(bound)),
        ),
    )


def _figure_family(family: dict[int, float]) -> Figure:
    bound = [(upper, ratio_bound(Fraction(1, upper))) for upper in family]
    return Figure(
        name="c4-long-prompts",
        title="Not logarithmic: prompts as long as the longest output",
        reading="The cache never overflows, so no request is evicted and no lower bound is raised "
        "in time: long outputs that come first in the tie-break delay all short ones.",
        x_label="1/α: upper bound / lower bound",
        y_label="total latency: Amin / H-SF",
        x_scale="log",
        y_scale="log",
        series=(
            Series("Amin", _exact(family.items())),
            Series("T12's number", _exact(bound)),
        ),
    )


LOGARITHMIC = Claim(
    name="C4",
    title="Amin has a logarithmic ratio to the optimum",
    words="The strength of Amin lies in its rigorous mathematical comparisons with traditional "
    "schedulers, showcasing a competitive ratio that is logarithmic in nature.",
    rule=f"Logarithmic: the ratio is at most a + b·ln(1/α), with a = {float(INTERCEPT)} and "
    f"b = {float(SLOPE)} as in T12. Holds if no instance of the table and of the two families "
    "exceeds it; under conditions if only instances with prompts of more than "
    f"{LONGEST_PROMPT_PER_LOWER}ℓ tokens do. T15 proves that no other a and b serve.",
    setting=lambda plan: (
        f"a table of every instance of {_requests(plan)} equal prompts of 1 to 4 tokens, 1/α from "
        "1 to 12, with every tie-break, against the exact optimum; the family of T15 with "
        "prompts of one token, ties by position, and one family with long prompts, both against "
        "H-SF. Nothing depends on the seeds of a measurement"
    ),
    experiments=_experiments,
    judge=_judge,
)
