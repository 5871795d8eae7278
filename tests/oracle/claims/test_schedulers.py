"""The table of schedulers: its measurements, the advice that follows from them, the command."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from amin_ref import Instance, simulate
from amin_ref.cli.application import application
from amin_ref.cli.exit_codes import run
from amin_ref.comparison import compare
from amin_ref.model.errors import InvalidDocument
from amin_ref.policies.names import POLICIES
from amin_ref.policies.ties import ByPosition
from amin_ref.strategies import instances
from oracle.claims import Measurements, Plan, ResultStore, tasks
from oracle.claims.experiments import Bounded, Experiment, Scheduled, Values
from oracle.claims.result_store import Task
from oracle.claims.scheduler_page import markdown, text
from oracle.claims.scheduler_table import TABLES, Advice, SchedulerTable, released
from oracle.claims.schedulers import (
    EXACT,
    LOADS,
    PREDICTIONS,
    choices,
    is_clairvoyant,
    reads_predictions,
    scheduler_experiments,
    scheduler_table,
)
from oracle.claims.workload import SampledWorkload
from tests.cli.test_cli import one_sentence
from tests.making import scheduler_pages
from tests.making.markers import between

PLAN = Plan("chat", 30, 2000, seeds=4)


def with_predictions(
    instance: Instance, lower: Callable[[int], int], upper: Callable[[int], int]
) -> Instance:
    """The same requests with other predictions."""
    return replace(
        instance,
        requests=tuple(
            replace(request, lower=lower(request.output_len), upper=upper(request.output_len))
            for request in instance.requests
        ),
    )


@pytest.mark.parametrize("policy", [name for name in POLICIES if not reads_predictions(name)])
@given(instance=instances())
def test_a_policy_that_reads_no_predictions_makes_the_same_schedule(
    policy: str, instance: Instance
) -> None:
    made = POLICIES[policy].make
    exact = with_predictions(instance, lambda output: output, lambda output: output)
    rough = with_predictions(instance, lambda _: 1, lambda output: output)
    assert simulate(exact, made(ByPosition())).runs == simulate(rough, made(ByPosition())).runs


@pytest.mark.parametrize("policy", [name for name in POLICIES if reads_predictions(name)])
def test_a_policy_that_reads_predictions_makes_another_schedule(policy: str) -> None:
    made = POLICIES[policy].make
    # Outputs of 5 to 34 tokens in no order, so that the smallest exact length is not 1 either.
    lengths = [(3, 5 + 7 * number % 30) for number in range(60)]
    instance = Instance.from_lengths(lengths, capacity=150)
    exact = with_predictions(instance, lambda output: output, lambda output: output)
    rough = with_predictions(instance, lambda _: 1, lambda _: 40)
    runs = {simulate(each, made(ByPosition())).runs for each in (exact, rough)}
    assert len(runs) > 1


@pytest.mark.theorem("T4")
@pytest.mark.parametrize(("policy", "other"), EXACT.items())
@given(instance=instances())
def test_with_exact_lengths_two_policies_make_the_same_schedule(
    policy: str, other: str, instance: Instance
) -> None:
    exact = with_predictions(instance, lambda output: output, lambda output: output)
    one, two = (simulate(exact, POLICIES[name].make(ByPosition())).runs for name in (policy, other))
    assert one == two


def test_every_policy_has_a_row_for_each_prediction_that_it_reads() -> None:
    rows = choices()
    assert {row.policy for row in rows} == set(POLICIES)
    assert len(set(rows)) == len(rows)
    for policy in POLICIES:
        predictions = [row.prediction for row in rows if row.policy == policy]
        assert predictions == (list(PREDICTIONS) if reads_predictions(policy) else [""])


def test_a_measurement_agrees_with_compare() -> None:
    workload = SampledWorkload("chat", 60, 2000, load=0.9)
    instance = workload.instance("bins:10", 3)
    for policy in ("amin", "sjf"):
        row = compare(instance, policy).row(policy)
        values = Scheduled(workload, policy, "bins:10").measure(3)
        assert values["total"] == row.total_latency
        assert values["p99"] == row.p99_latency
        assert values["wasted"] == pytest.approx(row.wasted_share, abs=1e-5)
        schedule = simulate(instance, POLICIES[policy].make(ByPosition()))
        starts = {run.request: run.start for run in schedule.runs if run.outcome == "completed"}
        assert values["wait"] == max(starts[r.id] - r.arrival for r in instance.requests)


def test_the_bound_is_at_most_the_cost_of_every_policy() -> None:
    workload = SampledWorkload("chat", 40, 1500)
    found = Bounded(workload, 0.2).measure(0)
    assert found["requests"] == 40
    for policy in POLICIES:
        assert found["bound"] <= Scheduled(workload, policy, "exact").measure(0)["total"]


Total = Callable[[Scheduled], float]
"""A made-up total latency."""


def made_up(total: Total, plan: Plan = PLAN) -> SchedulerTable:
    """The table of made-up measurements: a bound of 100, and noise from seed to seed."""
    store = ResultStore()
    for task in tasks(scheduler_experiments(plan), plan.seeds):
        store.add(task, _values(task.experiment, task.seed, total))
    return scheduler_table(plan, Measurements(store, plan.seeds))


def _values(experiment: Experiment, seed: int, total: Total) -> Values:
    noise = 1 + 0.01 * (seed % 3)
    if isinstance(experiment, Bounded):
        return {"bound": 100.0 * noise, "requests": 20}
    assert isinstance(experiment, Scheduled)
    wasted = 0.25 if experiment.policy == "sjf" else 0.0
    return {"total": total(experiment) * noise, "p99": 50.0, "wait": 40.0, "wasted": wasted}


def advice(table: SchedulerTable, load: float | None, prediction: str) -> Advice:
    (found,) = (each for each in table.advice if (each.load, each.prediction) == (load, prediction))
    return found


class TestAdvice:
    """The rule: the policy of least latency, but FCFS if none is more than 2 % better."""

    @pytest.mark.parametrize(
        ("of_amin", "use"), [(300.0, "fcfs"), (197.0, "fcfs"), (195.0, "amin"), (110.0, "amin")]
    )
    def test_fcfs_is_advised_unless_it_is_worse_by_two_per_cent(
        self, of_amin: float, use: str
    ) -> None:
        def total(experiment: Scheduled) -> float:
            if experiment.policy == "fcfs":
                return 200.0
            return of_amin if experiment.policy == "amin" else 400.0

        assert advice(made_up(total), None, "bins:10").use == use

    def test_policies_that_are_as_good_are_named_with_their_waste(self) -> None:
        def total(experiment: Scheduled) -> float:
            return {"fcfs": 200.0, "sjf": 151.0, "amin": 150.0, "amax": 154.0}.get(
                experiment.policy, 400.0
            )

        said = advice(made_up(total), 0.9, "naive")
        assert said.use == "amin"
        assert said.text.startswith("Amin, 1.50 ± 0.00 × bound, where FCFS has 2.00; ")
        assert said.text.endswith("; as good: SJF (25.0 % wasted).")

    def test_a_clairvoyant_policy_is_never_advised(self) -> None:
        table = made_up(lambda e: 101.0 if is_clairvoyant(e.policy) else 300.0)
        assert not any(is_clairvoyant(each.use) for each in table.advice)
        assert advice(table, None, "bins:10").use == "fcfs"
        # With exact lengths Amin makes the decisions of H-SF (T4).
        assert advice(table, None, "exact").use in EXACT

    def test_there_is_advice_for_each_load_and_prediction(self) -> None:
        table = made_up(lambda _: 200.0)
        places = [(each.load, each.prediction) for each in table.advice]
        assert places == [(load, prediction) for load in LOADS for prediction in PREDICTIONS]

    def test_ratios_and_means_are_those_of_the_measurements(self) -> None:
        (row,) = (row for row in made_up(lambda _: 250.0).rows if row.policy == "fcfs")
        for cell in row.cells:
            assert cell.ratio.mean == pytest.approx(2.5)
            assert cell.mean.mean == pytest.approx(250 * (1 + 1.02 + 1.01 + 1) / 4 / 20)


def test_a_table_is_read_as_it_was_written() -> None:
    table = made_up(lambda experiment: 150.0 + len(experiment.policy))
    again = SchedulerTable.from_json(table.to_json())
    assert again.to_json() == table.to_json()
    assert replace(again, rows=()) == replace(table, rows=())
    cells = zip(*(row.cells for row in (table.rows[0], again.rows[0])), strict=True)
    for one, other in cells:
        assert one.load == other.load
        assert other.ratio.mean == pytest.approx(one.ratio.mean, rel=1e-5)
    broken = json.loads(table.to_json())
    broken["rows"][0]["cells"][0]["ratio"]["mean"] = "1"
    with pytest.raises(InvalidDocument, match="number is needed"):
        SchedulerTable.from_json(json.dumps(broken))
    with pytest.raises(InvalidDocument):
        SchedulerTable.from_json('{"format": "amin-ref/claims", "version": 1}')


def test_pages_have_every_row() -> None:
    table = made_up(lambda _: 200.0)
    plain, page = text(table, 100), markdown(table)
    assert max(map(len, plain.splitlines())) <= 100
    for row in table.rows:
        title = POLICIES[row.policy].title
        assert page.count(f"| {title}") >= len(LOADS) + 1
        assert title in plain
    assert all(each.text in page for each in table.advice)


TINY = ("--quick", "--requests", "12", "--capacity", "1500", "--seeds", "2", "--workers", "1")


class TestCommand:
    def test_json_prints_the_table(self, capsys: pytest.CaptureFixture[str]) -> None:
        assert run(application, ("claims", "--claim", "which", "--json", *TINY)) == 0
        table = SchedulerTable.from_json(capsys.readouterr().out)
        assert (table.workload, table.requests, table.seeds) == ("chat", 12, 2)
        assert {row.policy for row in table.rows} == set(POLICIES)

    def test_which_cannot_be_combined_with_a_claim(
        self, capsys: pytest.CaptureFixture[str]
    ) -> None:
        line = ("claims", "--claim", "which", "--claim", "C6", *TINY)
        assert run(application, line) == 2
        assert "stands alone" in one_sentence(capsys.readouterr().err)


@given(st.sampled_from(list(POLICIES)), st.sampled_from(LOADS), st.sampled_from(PREDICTIONS))
def test_every_row_is_measured(policy: str, load: float | None, prediction: str) -> None:
    experiments = scheduler_experiments(PLAN)
    wanted = [row for row in choices() if row.policy == policy]
    assert all(row.measured(PLAN, load) in experiments for row in wanted)
    assert len(set(experiments)) == len(experiments)
    assert any(row.prediction in ("", prediction) for row in wanted)


@pytest.fixture(scope="module")
def tables() -> dict[str, SchedulerTable]:
    return scheduler_pages.tables()


class TestCommitted:
    """The pages and the report follow from the committed measurements."""

    def test_pages_show_the_tables(self, tables: dict[str, SchedulerTable]) -> None:
        for file, marker, wanted in scheduler_pages.blocks(tables):
            found = between(file.read_text(encoding="utf-8"), marker)
            assert found == wanted, "python -m tests.making.scheduler_pages"

    def test_the_report_shows_the_tables(self, tables: dict[str, SchedulerTable]) -> None:
        assert TABLES.read_text(encoding="utf-8") == scheduler_pages.for_report(tables)
        assert [table.workload for table in released()] == [
            table.workload for table in tables.values()
        ]

    def test_every_policy_is_measured(self) -> None:
        measured = scheduler_pages.measured_policies(ResultStore.finished(scheduler_pages.DATA))
        missing = set(POLICIES) - set(measured)
        assert not missing, "measure them: proofs_notes/which.md has the commands"

    @pytest.mark.parametrize(
        ("policy", "load", "prediction"),
        [("amin", None, "bins:10"), ("sjf", 0.9, "naive"), ("alpha-beta", 1.1, "exact")],
    )
    def test_repeating_a_measurement_gives_the_stored_values(
        self, policy: str, load: float | None, prediction: str
    ) -> None:
        plan = scheduler_pages.plans()["chat"]
        task = Task(Scheduled(plan.sampled(load), policy, prediction), 3)
        assert task.experiment.measure(3) == ResultStore.finished(scheduler_pages.DATA)[task]
