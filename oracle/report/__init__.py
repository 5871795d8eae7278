"""The report: policies, claims and the optimum in one HTML file. Needs the extra ``report``."""

from oracle.report.comparison import Comparison
from oracle.report.document import document

__all__ = ["Comparison", "document"]
