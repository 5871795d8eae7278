"""``amin-ref worst-case --family`` prints the numbers of the simulator and of a certificate."""

from __future__ import annotations

import json
import re
import shlex

import pytest

from amin_ref import Amin, HindsightShortestFirst, Shuffled, simulate
from amin_ref.cli.application import application
from amin_ref.cli.exit_codes import run
from amin_ref.cli.family import family_ratio
from amin_ref.families import FAMILIES, staggered


def printed(capsys: pytest.CaptureFixture[str], line: str, code: int = 0) -> tuple[str, str]:
    assert run(application, shlex.split(line)) == code
    captured = capsys.readouterr()
    return captured.out, captured.err


@pytest.mark.theorem("T15")
def test_the_staggered_instance_of_666_requests_has_the_numbers_by_hand(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """By hand: 43,112 by Amin and 7,042 by H-SF; 6.122 is above 33/10 + 9/10·ln 18 = 5.901."""
    line = "worst-case --family staggered --upper 18 --parameter long=50 --parameter short=486"
    out, _ = printed(capsys, f"{line} --json")
    document = json.loads(out)
    assert (document["requests"], document["capacity"]) == (666, 189)
    assert (document["total_latency"], document["hindsight"]) == (43_112, 7_042)
    assert document["evictions"] == 0
    assert document["theorem"] == "T15"
    # No schedule is better than OPT, and OPT is no worse than H-SF.
    assert sum(r.output_len for r in staggered(1, 18, 1, 50, 486).requests) < 7_042
    assert 0.7 * 7_042 < document["lower_bound"] <= 7_042
    text, _ = printed(capsys, line)
    assert "666 requests, a cache of 189 tokens, ties broken by position." in text
    assert "43,112" in text
    assert "6.122" in text
    assert "T15: " in text


@pytest.mark.parametrize("name", ["staggered", "steady", "longest-first"])
def test_the_text_has_costs_ratios_and_the_theorem(name: str) -> None:
    family = FAMILIES[name]
    found = family_ratio(name, 6, {}, 0.0)
    instance, bound = found.schedule.instance, found.bound.total_latency
    lines = found.as_text(1_000).splitlines()
    ties = "position" if family.shuffle is None else f"a shuffle with seed {family.shuffle}"
    assert lines[:2] == [
        f"{name}: {len(instance.requests):,} requests, a cache of {instance.capacity:,} tokens, "
        f"ties broken by {ties}.",
        ", ".join(f"{one}={value}" for one, value in found.parameters.items()),
    ]
    heading, rule, *rows = (re.split(" {2,}", line) for line in lines[3:7])
    assert heading == ["policy", "total latency", "evicted runs", "× H-SF", "× bound"]
    assert set("".join(rule)) == {"-"}
    best = found.hindsight.total_latency
    schedules = {"Amin" if family.policy == "amin" else "Amax": found.schedule}
    assert [[word.strip() for word in row] for row in rows] == [
        [
            title,
            f"{schedule.total_latency:,}",
            f"{schedule.evictions:,}",
            f"{schedule.total_latency / best:.3f}",
            f"{schedule.total_latency / bound:.3f}",
        ]
        for title, schedule in (schedules | {"H-SF": found.hindsight}).items()
    ]
    assert (lines[2], lines[7], len(lines)) == ("", "", 10)
    assert lines[8] == f"{family.theorem}: {family.explanation}"
    assert lines[9].endswith(f"to the bound, {bound:,}, which a certificate proves.")


@pytest.mark.parametrize("name", FAMILIES)
def test_every_family_is_simulated_with_its_ties(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    family = FAMILIES[name]
    out, _ = printed(capsys, f"worst-case --family {name} --upper 8 --time-limit 0 --json")
    document = json.loads(out)
    instance = family.instance(family.parameters(8))
    assert document["requests"] == len(instance.requests)
    if family.policy == "amin":
        policy = Amin() if family.shuffle is None else Amin(ties=Shuffled(family.shuffle))
        assert simulate(instance, policy).total_latency == document["total_latency"]
    hindsight = simulate(instance, HindsightShortestFirst()).total_latency
    assert document["lower_bound"] <= document["hindsight"]
    assert family.shuffle is not None or document["hindsight"] == hindsight
    assert document["ratio_to_hindsight"] == document["total_latency"] / document["hindsight"]
    assert document["ratio_to_lower_bound"] == document["total_latency"] / document["lower_bound"]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("--family staggered", "Missing option '--upper'"),
        ("--family staggerd --upper 4", "'staggerd' is not one of"),
        ("--family staggered --upper 1", "upper is 1, but it must be at least 2 tokens"),
        ("--family staggered --upper 4 --parameter x=3", "parameter is 'x', but the family"),
        ("--family staggered --upper 4 --parameter upper=3", "parameter is 'upper', but the"),
        ("--family staggered --upper 4 --parameter slots", "--parameter is 'slots', but it must"),
        ("--family staggered --upper 4 --parameter slots=0", "slots is 0, but it must be at"),
        ("--family staggered --upper 4 --parameter long=²", "--parameter is 'long=²', but it must"),
        ("--family staggered --upper 4 --parameter long=-2", "long is -2, but it must be at least"),
        (
            "--family staggered --upper 4 --parameter long=1 --parameter long=2",
            "--parameter is 'long=2', but long is given twice",
        ),
        ("--family staggered --upper 9999999", "at most 10,000,000 requests"),
        ("--prompt 1 --lower 1 --upper 4 --capacity 8", "Missing option '--requests'"),
    ],
)
def test_each_mistake_is_reported_in_one_sentence(
    line: str, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    out, err = printed(capsys, f"worst-case {line}", code=2)
    assert out == ""
    assert message in err
    assert not message.startswith("--") or err.startswith(f"amin-ref: {message}")
    assert err.count("\n") == 1


@pytest.mark.parametrize(
    "flag",
    [
        *("--policy amin", "--prompt 1", "--lower 1", "--capacity 4", "--requests 2"),
        *("--workers 2", "--checkpoint new.jsonl"),
        *("--after-eviction resume", "--no-last-token-stored"),
    ],
)
def test_a_flag_of_the_search_is_refused_beside_a_family(
    flag: str, capsys: pytest.CaptureFixture[str]
) -> None:
    line = f"worst-case --family staggered --upper 4 {flag}"
    out, err = printed(capsys, line, code=2)
    assert out == ""
    name = flag.split()[0].replace("--no-", "--")
    assert f"{name} has no effect with --family" in err or f"{name}/" in err


@pytest.mark.parametrize("command", ["worst-case-table", "worst-case --requests 2"])
def test_no_search_has_fewer_processes_than_one(
    command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    _, err = printed(capsys, f"{command} --workers 0", code=2)
    assert "'0' is not from 1 to" in err
