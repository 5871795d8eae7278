"""Does what the article claims hold? The claims C1 to C6 of the specification, measured.

Each claim is a module with its thresholds, its settings and its rule, all fixed before anything was
measured. A verdict follows from the measurements alone. Read in this order:

* what is measured: ``workload`` (the requests), ``rounds`` (the time of a round of Amin),
  ``experiments`` (a setting and its measurement), ``result_store`` (measurements in a file),
  ``measuring`` (a run over many tasks);
* how results are written: ``figures`` (charts as numbers), ``json_values`` (reading JSON),
  ``ledger`` (verdicts, as JSON), ``plan`` (the form of a claim), ``words`` (lists and counts in
  sentences);
* the claims: ``c1_matching``, ``c2_halving``, ``c3_varying``, ``c4_logarithmic``,
  ``c5_round_costs``, ``c6_lower_bounds_only``; ``article_setting`` (C1 to C4 once more, exactly as
  the article measures);
* all together: ``judging`` (from measurements to the ledger), ``page`` (the ledger as Markdown);
* which policy to run: ``scheduler_table`` (every policy on one workload, as JSON), ``schedulers``
  (what is measured, and the advice that follows), ``scheduler_page`` (as text and Markdown);
* tables of two further questions: ``victims`` (which request should an engine preempt?) and
  ``wrong_predictions`` (what do wrong bounds cost?).
"""

from oracle.claims.figures import Figure
from oracle.claims.judging import CLAIMS, LEDGER, experiments, judged
from oracle.claims.ledger import Entry, Judgement, Ledger
from oracle.claims.measuring import measure
from oracle.claims.plan import Claim, ClaimName, Plan
from oracle.claims.result_store import Measurements, ResultStore, tasks

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
    "Plan",
    "ResultStore",
    "experiments",
    "judged",
    "measure",
    "tasks",
]
