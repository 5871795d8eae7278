"""Means over seeds with intervals, and which differences between policies the seeds support."""

from __future__ import annotations

import csv
import io
import json
import math
import random
import re
from collections.abc import Callable, Sequence
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from amin_ref import (
    Amin,
    Instance,
    InvalidValue,
    Request,
    Run,
    Schedule,
    SeedComparison,
    Shuffled,
    compare,
    compare_seeds,
    simulate,
)
from amin_ref.comparison import Comparison, Display
from amin_ref.comparison.columns import COLUMNS
from tests.support.profiles import times


def random_instance(seed: int) -> Instance:
    """Ten requests with lengths drawn by the seed."""
    generator = random.Random(seed)
    lengths = [(generator.randint(1, 5), generator.randint(1, 12)) for _ in range(10)]
    return Instance(25, tuple(Request(i, s, o) for i, (s, o) in enumerate(lengths)))


def with_latencies(latencies: Sequence[int]) -> Schedule:
    """A schedule in which request i completes in round ``latencies[i]``, after a token."""
    requests = tuple(Request(i, 1, 1) for i in range(len(latencies)))
    runs = tuple(Run(i, latency - 1, latency, "completed") for i, latency in enumerate(latencies))
    return Schedule(Instance(10**6, requests), runs)


def of_latencies(by_policy: dict[str, list[int]], display: Display | None = None) -> SeedComparison:
    """Seed s gives a policy the mean latency ``by_policy[policy][s]``."""
    count = len(next(iter(by_policy.values())))
    return SeedComparison(
        {
            seed: Comparison(
                {policy: with_latencies([values[seed]]) for policy, values in by_policy.items()},
                None,
                display or Display(),
            )
            for seed in range(count)
        }
    )


def test_every_seed_has_its_instance_and_its_comparison() -> None:
    comparison = compare_seeds(random_instance, "amin,fcfs", [3, 5, 8])
    assert comparison.seeds == (3, 5, 8)
    for seed, of_seed in comparison.comparisons.items():
        assert of_seed.rows == compare(random_instance(seed), "amin,fcfs").rows
    assert compare_seeds(random_instance, "amin,fcfs", 4).seeds == (0, 1, 2, 3)


def test_random_ties_depend_on_the_seed() -> None:
    def equal(seed: int) -> Instance:
        return Instance(8, tuple(Request(i, 2, 4) for i in range(5)))

    comparison = compare_seeds(equal, "amin", 3, random_ties=True)
    for seed, of_seed in comparison.comparisons.items():
        assert of_seed.schedules["amin"] == simulate(equal(seed), Amin(Shuffled(seed)))
    assert len({of_seed.schedules["amin"].runs for of_seed in comparison.comparisons.values()}) > 1
    (hint,) = compare_seeds(equal, "amin", 3).hints
    assert "every seed gives the same numbers" in hint


def test_each_seed_has_a_lower_bound() -> None:
    def bound(instance: Instance) -> int:
        return sum(request.output_len for request in instance.requests)

    comparison = compare_seeds(random_instance, "amin,h-sf", 3, lower_bound=bound)
    assert [each.lower_bound for each in comparison.comparisons.values()] == [
        bound(random_instance(seed)) for seed in range(3)
    ]
    assert "× bound" in str(comparison)
    assert comparison.rows[0].estimates["ratio_to_bound"] is not None


@given(st.lists(st.lists(st.integers(1, 10**6), min_size=3, max_size=3), min_size=2, max_size=4))
def test_means_intervals_and_differences_follow_students_t(values: list[list[int]]) -> None:
    """With three seeds, against Student's t for 2 degrees of freedom, which has a closed form."""
    policies = {f"p{index}": each for index, each in enumerate(values)}
    comparison = of_latencies(policies)

    def interval(numbers: Sequence[int], wrong: float) -> tuple[float, float, float]:
        mean = sum(numbers) / 3
        spread = math.sqrt(sum((number - mean) ** 2 for number in numbers) / 2)
        share = 1 - wrong / 2
        t = (2 * share - 1) / math.sqrt(2 * share * (1 - share))
        return mean, mean - t * spread / math.sqrt(3), mean + t * spread / math.sqrt(3)

    for row in comparison.rows:
        estimate = row.estimates["mean_latency"]
        assert estimate is not None
        assert (estimate.mean, estimate.low, estimate.high) == pytest.approx(
            interval(policies[row.policy], 0.05), abs=1e-6
        )
    pairs = list(combinations(policies, 2))
    differences = comparison.differences()
    assert [(each.first, each.second) for each in differences] == pairs
    for each in differences:
        paired = [a - b for a, b in zip(policies[each.first], policies[each.second], strict=True)]
        mean, low, high = interval(paired, 0.05 / len(pairs))
        estimate = each.estimate
        assert (estimate.mean, estimate.low, estimate.high) == pytest.approx(
            (mean, low, high), abs=1e-5
        )
        assert each.is_supported == (estimate.low > 0 or estimate.high < 0)


def test_a_paired_difference_is_supported_where_the_intervals_overlap() -> None:
    """One policy is always a round slower; means differ by far more between seeds."""
    comparison = of_latencies({"a": [100, 200, 300, 401], "b": [101, 201, 301, 403]})
    (difference,) = comparison.differences()
    assert difference.is_supported
    first, second = (row.estimates["mean_latency"] for row in comparison.rows)
    assert first is not None
    assert second is not None
    assert first.low < second.mean < first.high
    text = str(comparison)
    assert re.search(r"a +b +-1\.2 +-2\.0 +-0\.5 +yes", text)
    assert "the 95 % interval of the paired difference excludes 0" in text


def test_a_difference_that_may_be_chance_is_not_supported() -> None:
    comparison = of_latencies({"a": [10, 20, 30], "b": [30, 20, 11]})
    assert not comparison.differences()[0].is_supported
    assert re.search(r"a +b .* no$", str(comparison), re.MULTILINE)


def test_intervals_widen_with_the_number_of_compared_pairs() -> None:
    """The same two policies: supported alone, not among five that are compared pair by pair."""
    alone = {"a": [100, 100, 100], "b": [104, 105, 106]}
    (difference,) = of_latencies(alone).differences()
    assert difference.is_supported
    many = alone | {name: [50, 60, 70] for name in "cde"}
    among = of_latencies(many).differences()
    assert (among[0].first, among[0].second) == ("a", "b")
    assert not among[0].is_supported
    assert "All 10 intervals hold together with 95 %" in " ".join(str(of_latencies(many)).split())


def test_another_metric_can_be_compared() -> None:
    comparison = compare_seeds(random_instance, "amin,fcfs", 4)
    (difference,) = comparison.differences("evictions")
    paired = [
        each.row("amin").evictions - each.row("fcfs").evictions
        for each in comparison.comparisons.values()
    ]
    assert difference.estimate.mean == pytest.approx(sum(paired) / 4)
    with pytest.raises(InvalidValue, match="columns is 'beauty'"):
        comparison.differences("beauty")
    with pytest.raises(InvalidValue, match="goodput of 'amin' is None"):
        comparison.differences("goodput")


@times(0.5)
@given(
    st.lists(st.lists(st.integers(1, 10**6), min_size=2, max_size=2), min_size=1, max_size=5),
    st.none() | st.floats(1e-9, 1e6),
)
def test_the_table_fits_80_columns_and_cuts_no_number(
    values: list[list[int]], round_seconds: float | None
) -> None:
    by_policy = {f"policy{index}:" + "x" * 40: each for index, each in enumerate(values)}
    comparison = of_latencies(by_policy, Display(round_seconds))
    for text in (str(comparison), comparison.table(80, "all")):
        assert max(map(len, text.split("\n"))) <= 80
    scale = round_seconds or 1
    table = comparison.table(None, "mean_latency").split("\n\n")[1].split("\n")
    for line, row in zip(table[4:], comparison.rows, strict=True):
        mean, margin = (part.split()[-1] for part in (line + " ").split(" ± "))
        estimate = row.estimates["mean_latency"]
        assert estimate is not None
        for cell, number in ((mean, estimate.mean), (margin, estimate.margin)):
            assert re.fullmatch(r"[0-9]{1,3}(,[0-9]{3})*\.[0-9]+", cell)
            decimals = len(cell.partition(".")[2])
            assert float(cell.replace(",", "")) == pytest.approx(
                number * scale, rel=1e-9, abs=0.51 * 10**-decimals
            )


def test_json_and_csv_read_back_give_the_estimates() -> None:
    comparison = compare_seeds(random_instance, "amin,fcfs,h-sf", 3)
    document = json.loads(comparison.to_json())
    assert (document["format"], document["version"]) == ("amin-ref/seed-comparison", 1)
    assert document["seeds"] == [0, 1, 2]
    lines = {
        (policy, metric): (float(mean), float(low), float(high), int(count))
        for policy, metric, mean, low, high, count in list(
            csv.reader(io.StringIO(comparison.to_csv()))
        )[1:]
    }
    for written, row in zip(document["policies"], comparison.rows, strict=True):
        assert written.pop("policy") == row.policy
        assert set(written) == set(COLUMNS)
        for name, estimate in row.estimates.items():
            if estimate is None:
                assert written[name] is None
                assert (row.policy, name) not in lines
            else:
                numbers = (estimate.mean, estimate.low, estimate.high, estimate.count)
                assert tuple(written[name].values()) == numbers
                assert lines[row.policy, name] == numbers
    assert len(document["differences"]) == 3
    for seed, of_seed in zip(comparison.seeds, document["comparisons"], strict=True):
        alone = json.loads(compare(random_instance(seed), "amin,fcfs,h-sf").to_json())
        assert of_seed["policies"] == alone["policies"]


def test_markdown_and_html_have_both_tables() -> None:
    comparison = compare_seeds(random_instance, {"a|b": "amin", "<b>": "fcfs"}, 3)
    means, differences = comparison.to_markdown().split("\n\n")
    assert means.count("\n| a\\|b |") == 1
    assert differences.count("\n| a\\|b |") == 1
    html = comparison._repr_html_()
    assert html.count("<table>") == 2
    assert "<b>" not in html
    alone = compare_seeds(random_instance, "amin", 2)
    assert "minus" not in alone.to_markdown() + alone._repr_html_() + str(alone)


@pytest.mark.parametrize(
    ("build", "says"),
    [
        (lambda: compare_seeds(random_instance, "amin", 1), "needs at least two"),
        (lambda: compare_seeds(random_instance, "amin", []), "needs at least two"),
        (lambda: SeedComparison({}), "needs at least two"),
        (
            lambda: SeedComparison(
                {0: compare(random_instance(0), "amin"), 1: compare(random_instance(1), "fcfs")}
            ),
            "as for the first seed",
        ),
    ],
)
def test_one_seed_or_seeds_of_different_policies_are_refused(
    build: Callable[[], SeedComparison], says: str
) -> None:
    with pytest.raises(InvalidValue, match=says):
        build()


def test_a_hint_that_all_seeds_give_is_shown_once() -> None:
    def light(seed: int) -> Instance:
        return Instance(100, tuple(Request(i, 2, 3 + seed, 3 + seed, 3 + seed) for i in range(3)))

    comparison = compare_seeds(light, "amin,fcfs", 3)
    assert len(comparison.hints) == 1
    assert str(comparison).count("Hint: under no policy does a request ever wait") == 1
