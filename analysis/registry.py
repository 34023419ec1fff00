"""The one list of what is shown: on the page, of supernets of S1 to S3, and of a search, in order.

Adding a figure takes two files: its own in figures/, with `compute`, `draw` and at its end an
`Analysis`, and a line here. The key names its files and its place on the page. Where an input is
missing, the page says which command writes it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from analysis import tables
from analysis.figures import (
    accuracies,
    bn_ratios,
    bn_statistics,
    by_m,
    calibration,
    combination_costs,
    curves,
    kendall_tau,
    kernel_cost,
    scatter,
    similarity,
    similarity_paths,
    what_moves_tau,
)
from analysis.figures.lemmas import combinations, first, second
from analysis.figures.search import cost, lead, pareto
from analysis.given import scatter as given_scatter
from analysis.given import tables as given_tables
from analysis.given import tau

if TYPE_CHECKING:
    from analysis.figure import Analysis
    from analysis.text_table import Tables

PAGE: dict[str, Analysis | Tables] = {
    "kendall_tau": kendall_tau.HEADLINE_PROTOCOL,
    "tables": tables.TAU,
    "differences": tables.DIFFERENCES_OF_TAU,
    "kendall_tau_protocols": kendall_tau.OTHER_PROTOCOLS,
    "scatter": scatter.ANALYSIS,
    "by_m": by_m.ANALYSIS,
    "what_moves_tau": what_moves_tau.ANALYSIS,
    "calibration": calibration.ANALYSIS,
    "accuracies": accuracies.ANALYSIS,
    "curves": curves.ANALYSIS,
    "bn_statistics": bn_statistics.ANALYSIS,
    "bn_ratios": bn_ratios.RATIOS,
    "bn_medians": bn_ratios.MEDIANS,
    "lemma_1": first.ANALYSIS,
    "lemma_2_paths": second.ANALYSIS,
    "combinations": combinations.ANALYSIS,
    "combination_costs": combination_costs.ANALYSIS,
    "similarity_table": similarity.ANALYSIS,
    "similarity_epochs": similarity_paths.EPOCHS,
    "similarity_map": similarity_paths.MAP,
    "kernel_cost": kernel_cost.ANALYSIS,
    "search_cost": cost.ANALYSIS,
}
"""Sections of report.html."""

OF_ALL_SEARCHES: dict[str, Analysis] = {"search_lead": lead.ANALYSIS}
"""Figures of the searches of all supernets in a results folder."""

GIVEN_PAGE: dict[str, Analysis | Tables] = {
    "kendall_tau": tau.ANALYSIS,
    "tables": given_tables.TAU,
    "differences": given_tables.DIFFERENCES_OF_TAU,
    "scatter": given_scatter.ANALYSIS,
}
"""Sections of report.html where scores were given."""

SUPERNETS: dict[str, Analysis] = {
    "figure3_curves": curves.FIGURE3,
    "figure5_bn_ratios": bn_ratios.FIGURE5_OF_S1,
    "figure6_accuracies": accuracies.FIGURE6,
    "lemma_1": first.LEMMA_1_OF_S1,
    "lemma_2_paths": second.LEMMA_2_OF_S1,
    "table4_similarity": similarity.TABLE4_OF_S1,
    **OF_ALL_SEARCHES,
    "search_cost": cost.COST_OF_S1,
}
"""Figures of a results folder of S1, S2 or S3."""

SEARCHES: dict[str, Analysis] = {"pareto": pareto.ANALYSIS}
"""Figures of the searches in a supernet's run folder."""
