"""The article's claims, C1 to C6 of the specification, measured: experiments, rules, verdicts.

Each claim is a module of its own that holds its thresholds, its grid and its judge. Thresholds are
laid down there before anything is measured, and every verdict follows from measurements alone.
"""

from oracle.claims.campaign import Measurements, Notebook, measure, tasks
from oracle.claims.judging import CLAIMS, LEDGER, experiments, judged
from oracle.claims.ledger import Entry, Figure, Judgement, Ledger
from oracle.claims.plan import Claim, ClaimName, Plan

__all__ = [
    "CLAIMS",
    "Claim",
    "ClaimName",
    "Entry",
    "Figure",
    "Judgement",
    "LEDGER",
    "Ledger",
    "Measurements",
    "Notebook",
    "Plan",
    "experiments",
    "judged",
    "measure",
    "tasks",
]
