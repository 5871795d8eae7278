"""What does a reader of the results see? One HTML file with policies, optimum and claims.

Needs the extra ``report``. Read in this order:

* ``provenance``: the article, and how a page was made;
* ``hover``, ``pictures``: charts as SVG, with values on hover;
* ``gantt``, ``timeline``: schedules as SVG, token by token and run by run;
* ``downloads``: numbers as CSV and JSON inside the page;
* ``policies``: policies on one workload, as a table and figures;
* ``document``: the page; ``images``: some of its figures as files.
"""

from oracle.report.document import GivenSchedule, document
from oracle.report.policies import Policies
from oracle.report.provenance import Provenance

__all__ = ["GivenSchedule", "Policies", "Provenance", "document"]
