"""The machine: its values, its JSON form, and what refuses every machine but the paper's."""

from __future__ import annotations

import copy
import inspect
import json
import pickle
import re
from collections.abc import Callable
from dataclasses import FrozenInstanceError, fields, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

import amin_ref
import oracle
from amin_ref import (
    Instance,
    InvalidDocument,
    InvalidValue,
    Machine,
    Request,
    Run,
    Schedule,
)
from amin_ref.model.schedule import read_schedule
from amin_ref.schemas import validate
from amin_ref.strategies import instances, machines
from oracle import Certificate, lower_bound, optimum, verify
from oracle.heuristics.best_schedule import best_schedule
from oracle.programme.branch_and_cut import solve
from oracle.report import GivenSchedule
from oracle.search.branch_and_bound import search
from tests.models.naive import held

PAPERS = Machine()

OTHERS = (
    Machine(after_eviction="resume"),
    Machine(last_token_stored=False),
    Machine(tokens_per_round=7),
    Machine(max_running=2),
    Machine(watermark=1),
    Machine(sound_predictions=False),
)
"""A machine for each field, which differs from the paper's in this field only."""

REQUEST = Request("a", 2, 3)


def instance_of(machine: Machine) -> Instance:
    return Instance(9, (REQUEST,), machine=machine)


def schedule_of(machine: Machine) -> Schedule:
    return Schedule(instance_of(machine), (Run("a", 0, 3, "completed"),))


def test_the_default_is_the_papers_machine() -> None:
    assert (
        Machine(
            after_eviction="restart",
            last_token_stored=True,
            tokens_per_round=None,
            max_running=None,
            watermark=0,
            sound_predictions=True,
        )
        == PAPERS
    )
    assert Instance(9, (REQUEST,)).machine == PAPERS
    assert Instance.from_lengths([(1, 1)], capacity=9).machine == PAPERS
    resume = Machine(after_eviction="resume")
    assert Instance.from_lengths([(1, 1)], capacity=9, machine=resume).machine == resume


@pytest.mark.parametrize(
    ("field", "value", "says"),
    [
        ("after_eviction", "forget", "'restart' or 'resume'"),
        ("after_eviction", None, "'restart' or 'resume'"),
        ("after_eviction", ["resume"], "'restart' or 'resume'"),
        ("last_token_stored", 0, "true or false"),
        ("last_token_stored", None, "true or false"),
        ("sound_predictions", "no", "true or false"),
        ("tokens_per_round", 0, "at least 1 tokens"),
        ("tokens_per_round", True, "a whole number of tokens"),
        ("tokens_per_round", 2**53, "at most 2**53 - 1 tokens"),
        ("max_running", 0, "at least 1 requests"),
        ("max_running", 1.0, "a whole number of requests"),
        ("watermark", -1, "at least 0 blocks"),
        ("watermark", None, "a whole number of blocks"),
    ],
)
def test_a_wrong_field_is_refused(field: str, value: object, says: str) -> None:
    with pytest.raises(InvalidValue) as caught:
        Machine(**{field: value})  # type: ignore[arg-type]  # wrong types are what is tested
    assert caught.value.field == f"machine: {field}"
    assert says in str(caught.value)


def test_an_instance_takes_no_other_value_as_its_machine() -> None:
    with pytest.raises(InvalidValue, match="machine is 'resume', but it must be a Machine"):
        Instance(9, (REQUEST,), machine="resume")  # type: ignore[arg-type]  # on purpose


@given(machines())
def test_a_machine_is_a_value(machine: Machine) -> None:
    assert copy.copy(machine) == pickle.loads(pickle.dumps(machine)) == machine
    assert hash(replace(machine)) == hash(machine)
    with pytest.raises(FrozenInstanceError):
        machine.watermark = 3  # type: ignore[misc]  # on purpose


@given(machines())
def test_the_repr_is_code_that_names_what_differs(machine: Machine) -> None:
    assert eval(repr(machine)) == machine  # the text is that of a Machine
    for field in fields(Machine):
        differs = getattr(machine, field.name) != getattr(PAPERS, field.name)
        assert (f"{field.name}=" in repr(machine)) == differs
    shown = repr(instance_of(machine))
    assert eval(shown) == instance_of(machine)  # the text is that of an Instance
    assert ("machine" in shown) == (machine != PAPERS)


@given(st.integers(1, 40), st.integers(1, 40), st.integers(1, 20), st.booleans())
def test_what_fits_the_empty_cache(
    prompt_len: int, output_len: int, block_size: int, last_token_stored: bool
) -> None:
    """The least capacity is B·⌈(s + o)/B⌉, or B·⌈(s + o - 1)/B⌉ without the last token."""
    machine = Machine(last_token_stored=last_token_stored)
    request = Request("a", prompt_len, output_len)
    needed = held(prompt_len, output_len - (not last_token_stored), block_size)
    fits = Instance(needed, (request,), block_size, machine)
    assert fits.longest_output(request) >= output_len
    longer = replace(request, output_len=fits.longest_output(request) + 1)
    with pytest.raises(InvalidValue, match="prompt_len"):
        replace(fits, requests=(longer,))
    if needed > 1:
        with pytest.raises(InvalidValue, match=f"raise capacity to {needed} or drop") as caught:
            replace(fits, capacity=needed - 1)
        assert caught.value.value == prompt_len + output_len - (not last_token_stored)
        assert caught.value.field.endswith("- 1") != last_token_stored


@pytest.mark.parametrize(("lower", "upper"), [(4, None), (4, 9), (1, 2), (4, 4), (1, 1)])
def test_predictions_may_be_wrong_where_the_machine_says_so(lower: int, upper: int | None) -> None:
    request = replace(REQUEST, lower=lower, upper=upper)
    unsound = Machine(sound_predictions=False)
    assert Instance(9, (request,), machine=unsound).requests == (request,)
    with pytest.raises(InvalidValue, match="output_len, which is 3"):
        Instance(9, (request,))


# JSON.


@given(instances(min_requests=0), machines())
def test_a_document_names_its_machine(instance: Instance, machine: Machine) -> None:
    """Version 1 is as it was, byte for byte; version 2 has the fields that differ."""
    other = replace(instance, machine=machine)
    plain = json.loads(instance.to_json())
    assert plain["version"] == 1
    assert "machine" not in plain
    document = json.loads(other.to_json())
    given = {field.name: getattr(machine, field.name) for field in fields(Machine)}
    if machine == PAPERS:
        assert other.to_json() == instance.to_json()
    else:
        different = {k: v for k, v in given.items() if v != getattr(PAPERS, k)}
        assert document == plain | {"version": 2, "machine": different}
    assert Instance.from_json(other.to_json()) == other
    in_full = plain | {"version": 2, "machine": given}
    assert Instance.from_json(json.dumps(in_full)) == other
    assert validate("instance", other.to_json()) == validate("instance", json.dumps(in_full)) == ()


@given(machines())
def test_schedules_name_their_machine_in_both_forms(machine: Machine) -> None:
    schedule = schedule_of(machine)
    assert Schedule.from_json(schedule.to_json()) == schedule
    assert Schedule.from_json_lines(schedule.to_json_lines()) == schedule
    assert read_schedule(schedule.to_json_lines()) == schedule
    assert validate("schedule", schedule.to_json()) == ()
    assert validate("schedule-lines", schedule.to_json_lines()) == ()
    version = 1 if machine == PAPERS else 2
    assert json.loads(schedule.to_json())["version"] == version
    assert json.loads(schedule.to_json_lines().split("\n")[0])["version"] == version


def test_version_2_of_the_papers_machine_is_read() -> None:
    text = schedule_of(PAPERS).to_json().replace('"version": 1', '"version": 2')
    assert Schedule.from_json(text) == schedule_of(PAPERS)
    assert validate("schedule", text) == ()


@pytest.mark.parametrize("other", OTHERS, ids=repr)
def test_version_1_has_no_machine(other: Machine) -> None:
    says = "the field 'machine' belongs to version 2 and the document is of version 1"
    old = instance_of(other).to_json().replace('"version": 2', '"version": 1')
    with pytest.raises(InvalidDocument, match=says):
        Instance.from_json(old)
    assert validate("instance", old) != ()
    schedule = schedule_of(other)
    old = schedule.to_json().replace('"version": 2', '"version": 1')
    with pytest.raises(InvalidDocument, match=says):
        Schedule.from_json(old)
    assert validate("schedule", old) != ()
    old = schedule.to_json_lines().replace('"version": 2', '"version": 1')
    with pytest.raises(InvalidDocument, match=says):
        Schedule.from_json_lines(old)
    assert validate("schedule-lines", old) != ()


@pytest.mark.parametrize(
    ("field", "value", "says"),
    [
        ("after_eviction", "forget", "after_eviction is 'forget'"),
        ("last_token_stored", 1, "last_token_stored is 1"),
        ("tokens_per_round", 1.5, "tokens_per_round is 1.5"),
        ("max_running", "2", "max_running is '2'"),
        ("watermark", None, "watermark is None"),
        ("speed", 1, "machine: the field 'speed' is unknown"),
    ],
)
def test_a_wrong_machine_in_a_document_is_refused(field: str, value: object, says: str) -> None:
    document = json.loads(instance_of(OTHERS[0]).to_json())
    document["machine"][field] = value
    text = json.dumps(document)
    with pytest.raises((InvalidDocument, InvalidValue), match=re.escape(says)):
        Instance.from_json(text)
    assert validate("instance", text) != ()


# What knows every machine, and what refuses the schedule of a log that lacks something.

ENDED = 0.0
"""A time limit that ends a search at once, should the search not refuse."""

SUPPORTING = {
    "optimum",
    "Instance",
    "Schedule",
    "SeedComparison",
    "Optimum",
    "Certificate",
    "Comparison",
    "check",
    "compare",
    "compare_seeds",
    "conform",
    "lower_bound",
    "simulate",
    "verify",
}
"""Public names that know every machine, and results of the functions above."""


LACKING = (
    Schedule(instance_of(PAPERS), (Run("a", 0, 2, "aborted"),), aborted={"a": 2}),
    Schedule(instance_of(PAPERS), (), aborted={"a": 2}),
    Schedule(instance_of(PAPERS), (), ended=2),
    Schedule(instance_of(PAPERS), (Run("a", 0, 3, "completed"),), held=(3, 4, 5)),
)
"""An aborted request that ran, and one that waited; an unfinished one; and tokens held."""


@pytest.mark.parametrize("schedule", LACKING, ids=repr)
def test_what_a_log_may_lack_is_refused_by_name(schedule: Schedule) -> None:
    says = r"(aborted|ended|held) is .*, but this field is not supported by .* yet"
    with pytest.raises(InvalidValue, match=says):
        GivenSchedule("mine", schedule)
    for call in (search, solve):
        with pytest.raises(InvalidValue, match=says):
            call(instance_of(PAPERS), warm_start=schedule, time_limit=ENDED)


def test_a_warm_start_that_says_what_it_computed_is_refused() -> None:
    instance = instance_of(PAPERS)
    chunked = Schedule(instance, (Run("a", 0, 4, "completed", (1, 1, 1, 1)),))
    with pytest.raises(InvalidValue, match="not supported by warm_start yet"):
        search(instance, warm_start=chunked, time_limit=ENDED)
    with pytest.raises(InvalidValue, match="not supported by warm_start yet"):
        solve(instance, warm_start=chunked, time_limit=ENDED)


def test_no_public_function_is_missing_here() -> None:
    taking = {
        name
        for package in (amin_ref, oracle)
        for name in package.__all__
        if callable(getattr(package, name)) and _takes_instances(getattr(package, name))
    }
    assert {"simulate", "check", "optimum", "Certificate"} <= taking
    assert taking <= SUPPORTING


def _takes_instances(called: object) -> bool:
    assert callable(called)
    try:
        parameters = inspect.signature(called).parameters.values()
    except ValueError:  # of a Literal, which cannot be called with anything
        return False
    return any(re.search("Instance|Schedule", str(each.annotation)) for each in parameters)


@pytest.mark.parametrize(
    ("machine", "says"),
    [
        (Machine(tokens_per_round=7), "machine: tokens_per_round"),
        (Machine(max_running=2), "machine: max_running"),
        (Machine(watermark=1), "machine: watermark"),
        (Machine(after_eviction="resume", max_running=2), "machine: max_running"),
    ],
    ids=repr,
)
def test_optimum_refuses_limits_by_name(machine: Machine, says: str) -> None:
    with pytest.raises(InvalidValue, match=says):
        optimum(instance_of(machine), ENDED)
    resume = instance_of(Machine(after_eviction="resume"))
    assert optimum(resume, ENDED).total_latency == REQUEST.output_len


OF_START_ROUNDS: dict[str, Callable[[Instance], object]] = {
    "search": lambda instance: search(instance, time_limit=ENDED),
    "solve": lambda instance: solve(instance, time_limit=ENDED),
    "best_schedule": lambda instance: best_schedule(instance, ENDED),
}
"""Functions that look for schedules without evictions."""


@pytest.mark.parametrize("name", OF_START_ROUNDS)
def test_start_rounds_are_sought_where_they_are_enough(name: str) -> None:
    call = OF_START_ROUNDS[name]
    call(instance_of(Machine(last_token_stored=False, sound_predictions=False)))
    with pytest.raises(
        InvalidValue, match=r"^instance: machine is .* this machine has better ones"
    ):
        call(instance_of(Machine(after_eviction="resume")))
    for field in ("tokens_per_round", "max_running", "watermark"):
        (limited,) = (one for one in OTHERS if getattr(one, field))
        with pytest.raises(InvalidValue, match=f"^machine: {field} is .* knows no limits"):
            call(instance_of(limited))


@pytest.mark.parametrize("machine", OTHERS, ids=repr)
def test_certificates_know_every_machine(machine: Machine) -> None:
    certificate = lower_bound(instance_of(machine), ENDED)
    assert verify(instance_of(machine), certificate) == REQUEST.output_len
    text = certificate.to_json()
    assert Certificate.from_json(text) == certificate
    assert validate("certificate", text) == ()
