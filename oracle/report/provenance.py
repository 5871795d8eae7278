"""Where a report is from: the article, and how the page was made."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True)
class Article:
    """A publication.

    Attributes:
        title: as published.
        authors: full names, in the article's order.
        arxiv: number at arXiv.
    """

    title: str
    authors: tuple[str, ...]
    arxiv: str

    @property
    def address(self) -> str:
        """Of its page at arXiv."""
        return f"https://arxiv.org/abs/{self.arxiv}"


ARTICLE = Article(
    "Adaptively Robust LLM Inference Optimization under Prediction Uncertainty",
    ("Zixi Chen", "Yinyu Ye", "Zijie Zhou"),
    "2508.14544",
)
"""The article whose algorithm and claims the report is about."""


@dataclass(frozen=True, slots=True)
class Provenance:
    """How a page was made.

    Attributes:
        version: of amin-ref.
        made: the day, in UTC.
        command: writes the same page again, but for its date and what a search finds in its time.
    """

    version: str
    made: date
    command: str
