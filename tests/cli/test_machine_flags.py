"""The flags of the machine: which machine they make, and the flags that make it again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import click
from hypothesis import given
from hypothesis import strategies as st

from amin_ref import Instance, Machine, Request
from amin_ref.cli.exit_codes import run
from amin_ref.cli.machine import flags_of, machine_options, on_machine
from amin_ref.model.machine import machine_document
from amin_ref.strategies import machines

ONE = Instance(16, [Request("a", 1, 1)], block_size=2)


def fields_given() -> st.SearchStrategy[Mapping[str, object]]:
    """Any fields that flags can give, with their values."""
    return st.fixed_dictionaries(
        {},
        optional={
            "after_eviction": st.sampled_from(["restart", "resume"]),
            "last_token_stored": st.booleans(),
            "tokens_per_round": st.integers(1, 9),
            "max_running": st.integers(1, 9),
            "watermark": st.integers(0, 3),
        },
    )


@given(fields_given())
def test_the_flags_of_given_fields_give_these_fields(fields: Mapping[str, object]) -> None:
    received: list[Mapping[str, object]] = []

    @click.command
    @machine_options
    @click.option("--other", default=5)
    def work(machine: Mapping[str, object], other: int) -> None:
        received.append(machine)
        assert other == 7

    assert run(work, [*flags_of(fields), "--other", "7"]) == 0
    assert received == [fields]


@given(machines(), fields_given())
def test_fields_that_are_not_given_stay_as_in_the_file(
    machine: Machine, fields: Mapping[str, object]
) -> None:
    instance = replace(ONE, machine=machine)
    expected = machine_document(machine) | {
        name: value for name, value in fields.items() if value != getattr(Machine(), name)
    }
    for name, value in fields.items():
        if value == getattr(Machine(), name):
            expected.pop(name, None)
    found = on_machine(instance, fields)
    assert machine_document(found.machine) == expected
    assert replace(found, machine=machine) == instance
