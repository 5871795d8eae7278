"""C4: is Amin's ratio to the optimum logarithmic in 1/α?"""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction

from amin_ref.comparison.estimate import Estimate
from amin_ref.small.bound import INTERCEPT, LONGEST_PROMPT_PER_LOWER, SLOPE, ratio_bound
from oracle.claims.experiments import Experiment, LongPrompts, WorstRatio
from oracle.claims.figures import Figure, Point, Series
from oracle.claims.ledger import Judgement, Verdict, verdict_where
from oracle.claims.plan import Claim, Plan
from oracle.claims.result_store import Measurements
from oracle.claims.rounds import growth_exponent
from oracle.ratio.tables import PROMPT_LENGTHS, table_questions

MOST_MULTISETS = 20_000
"""Larger questions of the table take longer than all others together."""

LONG_UPPERS = (10, 30, 100, 300, 1000, 3000)
"""1/α in the family with long prompts."""


def _worst_ratios(plan: Plan) -> list[WorstRatio]:
    """The settings of ``proofs_notes/data/worst_case.jsonl`` with so many requests."""
    requests = 4 if plan.quick else 6
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


def _long_prompts(plan: Plan) -> list[LongPrompts]:
    return [LongPrompts(upper) for upper in plan.grid(LONG_UPPERS, (10, 100, 1000))]


def _experiments(plan: Plan) -> list[Experiment]:
    return [*_worst_ratios(plan), *_long_prompts(plan)]


def _worst_by_alpha(plan: Plan, found: Measurements) -> dict[str, dict[Fraction, float]]:
    """The worst ratio of each policy over all settings with one 1/α, in ascending order of it."""
    worst: dict[str, dict[Fraction, float]] = {"amin": {}, "amax": {}}
    for experiment in _worst_ratios(plan):
        inverse = Fraction(experiment.upper, experiment.lower)
        ratio = found.exact(experiment, "ratio")
        of_policy = worst[experiment.policy]
        of_policy[inverse] = max(ratio, of_policy.get(inverse, 0.0))
    return {policy: dict(sorted(ratios.items())) for policy, ratios in worst.items()}


def _judge(plan: Plan, found: Measurements) -> Judgement:
    worst = _worst_by_alpha(plan, found)
    family = {each.upper: found.exact(each, "amin") for each in _long_prompts(plan)}
    amin, amax = worst["amin"], worst["amax"]
    bounded = all(ratio <= ratio_bound(1 / inverse) for inverse, ratio in amin.items())
    broken = [u for u, ratio in family.items() if ratio > ratio_bound(Fraction(1, u))]
    verdict = verdict_where(as_written=bounded and not broken, somewhere=bounded)
    exponent = growth_exponent(tuple(family), list(family.values()))
    most = max(amin, key=lambda inverse: amin[inverse])
    requests = _worst_ratios(plan)[0].requests
    widest = max(amin)
    return Judgement(
        verdict=verdict,
        measured=(
            f"Exhausted, with {requests} requests: Amin's worst ratio is {amin[most]:.2f}, at "
            f"1/α = {most}; Amax's is {amax[widest]:.2f} at 1/α = {widest}, where the bound is "
            f"{ratio_bound(1 / widest):.2f}. With prompts of "
            f"u − 1 tokens it grows like (1/α)^{exponent:.2f}, to {max(family.values()):.1f} at "
            f"1/α = {max(family):,}."
        ),
        condition=_condition(verdict),
        figures=(_figure_exhausted(worst, requests), _figure_family(family)),
    )


def _condition(verdict: Verdict) -> str:
    if verdict == "holds":
        return ""
    if verdict == "does not hold":
        return "An exhausted instance exceeds the bound."
    return (
        f"Within {float(INTERCEPT)} + {float(SLOPE)}·ln(1/α) on everything exhausted: equal "
        f"prompts of at most {LONGEST_PROMPT_PER_LOWER}ℓ, all at once, blocks of one token. That "
        "is evidence, not proof. Without the condition on prompts the ratio is at least of order "
        "√(1/α), which is proved, and so not logarithmic."
    )


def _exact(values: Iterable[tuple[Fraction | int, float]]) -> tuple[Point, ...]:
    return tuple(Point(float(x), Estimate.exactly(y)) for x, y in values)


def _figure_exhausted(worst: dict[str, dict[Fraction, float]], requests: int) -> Figure:
    bound = [(inverse, ratio_bound(1 / inverse)) for inverse in worst["amin"]]
    return Figure(
        name="c4-exhausted",
        title=f"Exact worst ratio to the optimum, {requests} requests",
        reading="Over all output lengths and all ways to break ties. Amin's worst hardly grows "
        "with the width of the interval; Amax's does.",
        x_label="1/α: upper bound over lower bound",
        y_label="worst total latency over the optimum's",
        x_scale="log",
        series=(
            Series("Amin", _exact(worst["amin"].items())),
            Series("Amax", _exact(worst["amax"].items())),
            Series("bound of T12", _exact(bound)),
        ),
    )


def _figure_family(family: dict[int, float]) -> Figure:
    bound = [(upper, ratio_bound(Fraction(1, upper))) for upper in family]
    return Figure(
        name="c4-long-prompts",
        title="Where it is not logarithmic: prompts as long as the longest answer",
        reading="Nothing overflows, so nobody is evicted and nothing is learnt in time: long "
        "answers that come first in the tie-break hold up all short ones.",
        x_label="1/α: upper bound over lower bound",
        y_label="total latency over H-SF's",
        x_scale="log",
        y_scale="log",
        series=(
            Series("Amin", _exact(family.items())),
            Series("bound of T12", _exact(bound)),
        ),
    )


LOGARITHMIC = Claim(
    name="C4",
    words="The strength of Amin lies in its rigorous mathematical comparisons with traditional "
    "schedulers, showcasing a competitive ratio that is logarithmic in nature.",
    rule=f"Logarithmic: at most a + b·ln(1/α), with a = {float(INTERCEPT)} and b = {float(SLOPE)} "
    "as fixed in T12. Holds if no exhausted instance and no instance of the family with long "
    "prompts exceeds it; under conditions if only the family does.",
    setting=lambda plan: (
        f"every instance of {4 if plan.quick else 6} equal prompts of 1 to 4 tokens, 1/α from 1 to "
        "12, every tie-break, against the exact optimum; and one family with long prompts, against "
        "H-SF. No seeds: nothing is drawn"
    ),
    experiments=_experiments,
    judge=_judge,
)
