"""What does a reader of the results see? One HTML file with policies, optimum and claims.

Needs the extra ``report``. Read ``comparison`` (policies on one workload, as figures), ``pictures``
(figures as SVG), ``gantt`` (schedules as SVG), ``document`` (the page), ``images`` (figures as
files).
"""

from oracle.report.comparison import Comparison
from oracle.report.document import document

__all__ = ["Comparison", "document"]
