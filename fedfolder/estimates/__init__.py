"""Results of a fit as objects, and the tables that people read. Knows no files, no terminal and no exchange."""

from __future__ import annotations

from fedfolder.estimates.coefficients import Coefficients, coefficients, standard_errors
from fedfolder.estimates.compare import LIMIT, difference_line, estimates_table, largest_difference
from fedfolder.estimates.information import lrtest
from fedfolder.estimates.result import FitResult
from fedfolder.estimates.statistics import logit_stats, regress_stats, wald_chi2
from fedfolder.estimates.stored import TITLES
from fedfolder.estimates.table import iteration_line, summary

__all__ = [
    "LIMIT",
    "TITLES",
    "Coefficients",
    "FitResult",
    "coefficients",
    "difference_line",
    "estimates_table",
    "iteration_line",
    "largest_difference",
    "logit_stats",
    "lrtest",
    "regress_stats",
    "standard_errors",
    "summary",
    "wald_chi2",
]
