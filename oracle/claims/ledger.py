"""The ledger: each claim with its rule, its measurements and its verdict; with a JSON form."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import Literal, get_args

from amin_ref.model.errors import InvalidDocument, shown
from amin_ref.model.json_reading import expect_array, expect_fields, expect_format, parse
from amin_ref.model.validation import whole_number
from oracle.claims.figures import Figure, Mark, Point, Scale, Series
from oracle.claims.json_values import estimate_in, number_in, object_in, text_in

FORMAT = "amin-ref/claims"
VERSION = 1

Verdict = Literal["holds", "holds under conditions", "does not hold"]


def verdict_where(*, as_written: bool, somewhere: bool) -> Verdict:
    """``holds`` if as written, else ``holds under conditions`` if in some setting, else not."""
    if as_written:
        return "holds"
    return "holds under conditions" if somewhere else "does not hold"


@dataclass(frozen=True, slots=True)
class Judgement:
    """The verdict on a claim, with the measurements that decide it.

    Attributes:
        verdict: by the claim's rule.
        measured: the deciding numbers, in sentences.
        condition: under which the claim holds, or why it does not hold; empty if it holds.
        figures: every measurement, as charts.
    """

    verdict: Verdict
    measured: str
    condition: str
    figures: tuple[Figure, ...]


@dataclass(frozen=True, slots=True)
class Entry:
    """One row of the ledger.

    Attributes:
        claim: ``"C1"`` to ``"C6"``.
        words: the claim as the article has it.
        rule: when it counts as holding, laid down before measuring.
        setting: what was run, with how many seeds.
        judgement: the verdict and the measurements.
        command: measures this row alone.
    """

    claim: str
    words: str
    rule: str
    setting: str
    judgement: Judgement
    command: str


@dataclass(frozen=True, slots=True)
class Ledger:
    """The rows of all measured claims.

    Attributes:
        workload: name of the embedded workload, or of the trace.
        requests: number of requests in each instance, unless a row says otherwise.
        capacity: M; tokens.
        seeds: number of seeds for each random setting.
        quick: whether only a part of the settings was measured, with fewer requests.
        entries: in order of claims.
    """

    workload: str
    requests: int
    capacity: int
    seeds: int
    quick: bool
    entries: tuple[Entry, ...]

    def to_json(self) -> str:
        """The ledger as one line of JSON, versioned."""
        return json.dumps({"format": FORMAT, "version": VERSION, **asdict(self)})

    @classmethod
    def from_json(cls, text: str) -> Ledger:
        """The ledger that :meth:`to_json` wrote.

        Raises:
            InvalidDocument: the text is not JSON, or not of this format and version.
            InvalidValue: a number breaks a rule.
        """
        document = expect_format(parse(text), FORMAT, VERSION)
        fields = ("workload", "requests", "capacity", "seeds", "quick", "entries")
        expect_fields(document, "claims", ("format", "version", *fields), ())
        return cls(
            workload=text_in(document["workload"], "workload"),
            requests=whole_number("requests", document["requests"], 1, "requests"),
            capacity=whole_number("capacity", document["capacity"], 1, "tokens"),
            seeds=whole_number("seeds", document["seeds"], 1, "seeds"),
            quick=document["quick"] is True,
            entries=tuple(
                _entry(entry, f"entries[{index}]")
                for index, entry in enumerate(expect_array(document["entries"], "entries"))
            ),
        )


def _entry(value: object, where: str) -> Entry:
    fields = ("claim", "words", "rule", "setting", "judgement", "command")
    found = object_in(value, where, fields)
    return Entry(
        judgement=_judgement(found["judgement"], f"{where}: judgement"),
        **{field: text_in(found[field], where) for field in fields if field != "judgement"},
    )


def _judgement(value: object, where: str) -> Judgement:
    found = object_in(value, where, ("verdict", "measured", "condition", "figures"))
    verdict = next((known for known in get_args(Verdict) if known == found["verdict"]), None)
    if verdict is None:
        raise InvalidDocument(f"{where}: verdict {shown(found['verdict'])} is not known.")
    return Judgement(
        verdict=verdict,
        measured=text_in(found["measured"], where),
        condition=text_in(found["condition"], where),
        figures=tuple(
            _figure(figure, f"{where}: figures[{index}]")
            for index, figure in enumerate(expect_array(found["figures"], where))
        ),
    )


def _figure(value: object, where: str) -> Figure:
    texts = ("name", "title", "reading", "x_label", "y_label")
    found = object_in(value, where, (*texts, "x_scale", "y_scale", "series", "marks"))
    return Figure(
        **{field: text_in(found[field], where) for field in texts},
        x_scale=_scale(found["x_scale"], where),
        y_scale=_scale(found["y_scale"], where),
        series=tuple(
            _series(series, f"{where}: series[{index}]")
            for index, series in enumerate(expect_array(found["series"], where))
        ),
        marks=tuple(_mark(mark, where) for mark in expect_array(found["marks"], where)),
    )


def _series(value: object, where: str) -> Series:
    found = object_in(value, where, ("name", "points"))
    points = []
    for point in expect_array(found["points"], where):
        place = object_in(point, where, ("x", "y"))
        y = estimate_in(place["y"], where)
        points.append(Point(number_in(place["x"], where), y))
    return Series(text_in(found["name"], where), tuple(points))


def _mark(value: object, where: str) -> Mark:
    found = object_in(value, where, ("label", "y"))
    return Mark(text_in(found["label"], where), number_in(found["y"], where))


def _scale(value: object, where: str) -> Scale:
    if value == "linear" or value == "log":
        return "linear" if value == "linear" else "log"
    raise InvalidDocument(f"{where}: {shown(value)} is no scale; give 'linear' or 'log'.")
