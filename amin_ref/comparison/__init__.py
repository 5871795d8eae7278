"""How do policies compare on one instance, and over several seeds?

To read: ``metrics`` (what is measured of a schedule), ``row`` (all of it as one value),
``selection`` (the policies, by name), ``comparison`` (policies on one instance), ``estimate``
(a mean with its confidence interval), ``seeds`` (policies over several seeds). How it is shown:
``columns`` (headings and units), ``grid`` (a table as text, Markdown, HTML), ``layout`` (which
columns fit, and the sentences around the table).
"""

from amin_ref.comparison.columns import Display
from amin_ref.comparison.comparison import Comparison, compare, simulated
from amin_ref.comparison.estimate import Estimate
from amin_ref.comparison.row import ComparisonRow
from amin_ref.comparison.seeds import Difference, SeedComparison, SeedRow, compare_seeds

__all__ = [
    "Comparison",
    "ComparisonRow",
    "Difference",
    "Display",
    "Estimate",
    "SeedComparison",
    "SeedRow",
    "compare",
    "compare_seeds",
    "simulated",
]
