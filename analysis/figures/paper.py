"""The paper's analyses beside its ranking (sections 3.1 to 3.3, 4.4, 5.1, 7.1), for the page.

Figures 3, 5, 6 and Table 4 of the paper are of its space S1; ours are of the NAS-Bench-101 cells,
so that its values are labelled 'another space'.
"""

from __future__ import annotations

from analysis.figure import Analysis
from analysis.figures import (
    accuracies,
    bn_statistics,
    by_m,
    calibration,
    combinations,
    curves,
    kernel_cost,
    similarity,
    what_moves_tau,
)
from analysis.read import MEASURE

STATISTICS = ("*/*/bn_statistics.csv",)
SIMILARITIES = ("*/*/similarity.csv", "*/*/jacobian.csv")
RANK = "python bench/run.py"

PAPER_ANALYSES = {
    "by_m": Analysis(
        title="Results for m = 1 to 4",
        caption="Tau and regret of the negative loss for every m. Lines are 95% bootstrap "
        "intervals over cells (none under 10). m changes what is ranked, so compare methods at one "
        "m, not one method between two.",
        inputs=("kendall_tau.csv",),
        command=RANK,
        compute=by_m.compute,
        draw=by_m.draw,
        panels=by_m.panels,
        num_columns=2,
        height=lambda _: 2.6,
    ),
    "what_moves_tau": Analysis(
        title="What moves tau",
        caption="One choice of protocol or recipe changed at a time. The reference is protocol "
        "'sound', calibrated, by negative loss; the choices below 'one per cell' (one "
        "architecture per cell) start from that line. Right: what each choice would report as the "
        "effect of shadow BN, paired by seed. Diamonds are the paper's Table 3: CIFAR-10, its own "
        "protocol. Dots are seeds; an interval may run out of the figure.",
        inputs=("variations.csv",),
        command=MEASURE,
        compute=what_moves_tau.compute,
        draw=what_moves_tau.draw,
        panels=what_moves_tau.panels,
        num_columns=2,
        height=what_moves_tau.height,
        summarise=lambda frame: frame,
    ),
    "calibration": Analysis(
        title="Which calibration helps",
        caption="Tau and accuracy against the number of calibration images (training or "
        "validation, in one batch, statistics reset) and against the batch (all training images, "
        "reset or not). One factor changes at a time. Dotted: not calibrated. Lines are 95% over "
        "seeds and may run out of the figure.",
        inputs=("calibration_tau.csv",),
        command=MEASURE,
        compute=calibration.compute,
        draw=calibration.draw,
        panels=calibration.panels,
        num_columns=2,
        height=lambda _: 2.7,
        summarise=lambda frame: frame,
    ),
    "accuracies": Analysis(
        title="Accuracy of one-shot models (Figure 6)",
        caption="All architectures of all seeds, same bins everywhere; triangles are medians. The "
        "paper's Figure 6, of another space (S1), shows higher and narrower accuracies with "
        "shadow BN for every m above 1. At m = 1 there is one batch norm in both, and the runs "
        "must be the same.",
        inputs=("*/*/scores.csv",),
        command=RANK,
        compute=accuracies.compute,
        draw=accuracies.draw,
        panels=accuracies.panels,
        num_columns=4,
        height=lambda _: 2.0,
        summarise=accuracies.summarise,
    ),
    "curves": Analysis(
        title="Accuracy during training (Figure 3)",
        caption="A fixed sample of models, not calibrated, from snapshots: mean over models and "
        "seeds, a band of one standard deviation over models, thin lines single seeds. One-Shot "
        "(Bender et al. 2018) trains all paths at once and drops ever more of them. The paper's "
        "Figure 3, of another space and data set (ImageNet, m = 2), shows shadow BN steady, single "
        "BN low and swinging, One-Shot flat for long.",
        inputs=("*/*/curve.csv",),
        command=MEASURE,
        compute=curves.compute,
        draw=curves.draw,
        panels=curves.panels,
        num_columns=4,
        height=lambda _: 2.4,
        summarise=lambda frame: frame,
    ),
    "bn_statistics": Analysis(
        title="Statistics of shadow batch norms (Figure 5, top)",
        caption="Running mean and variance, weight and bias per channel at node 5, all cells and "
        "seeds.",
        inputs=STATISTICS,
        command=MEASURE,
        compute=bn_statistics.compute,
        draw=bn_statistics.draw,
        panels=bn_statistics.panels,
        num_columns=4,
        height=lambda _: 2.0,
    ),
    "bn_ratios": Analysis(
        title="Their ratios against Lemma 2 (Figure 5, bottom)",
        caption="SBN_1 / SBN_k per channel; triangles are medians. Dashed: Lemma 2 (mean 1/k, "
        "variance 1/k², weight and bias 1). Dotted: variance 1/k, which uncorrelated paths would "
        "give. Diamonds: where the paper's ratios centre, another space (S1), m = 2. Channels "
        "whose denominator is near zero are left out: under 5% of the standard deviation for a "
        "mean, of the weight for a bias.",
        inputs=STATISTICS,
        command=MEASURE,
        compute=bn_statistics.compute_ratios,
        draw=bn_statistics.draw_ratios,
        panels=bn_statistics.ratio_panels,
        num_columns=4,
        height=lambda _: 2.0,
        summarise=bn_statistics.summarise,
    ),
    "bn_medians": Analysis(
        title="The ratios by cell and m",
        caption="Medians over channels and seeds with their 95% interval, against Lemma 2 "
        "(dashed) and uncorrelated paths (dotted).",
        inputs=STATISTICS,
        command=MEASURE,
        compute=bn_statistics.compute_ratios,
        draw=bn_statistics.draw_medians,
        panels=bn_statistics.median_panels,
        num_columns=2,
    ),
    "combinations": Analysis(
        title="Lemma 2 put to the test: one BN per number or per combination of paths",
        caption="How far the statistics of single architectures, calibrated from reset, are from "
        "those pooled over all architectures with as many paths (what shadow BN can have) and over "
        "all (single BN). Points are means over architectures, lines hold 95% of them. Were Lemma "
        "2 exact, blue would be at 0.",
        inputs=("*/*/combination_statistics.csv",),
        command=MEASURE,
        compute=combinations.compute,
        draw=combinations.draw,
        panels=combinations.panels,
        num_columns=3,
        summarise=lambda frame: frame,
    ),
    "combination_costs": Analysis(
        title="What a BN per combination costs and gains",
        caption="Tau by negative loss against the parameters of the batch norm under test.",
        inputs=("kendall_tau_by_seed.csv",),
        command=RANK,
        compute=combinations.compute_costs,
        draw=combinations.draw_costs,
        panels=combinations.cost_panels,
        height=lambda _: 2.6,
        summarise=combinations.summarise_costs,
    ),
    "similarity_table": Analysis(
        title="One path and two: how similar (Table 4)",
        caption="Cosine similarity of features and of Jacobians with respect to the image, one "
        "path against the sum of two: mean over pairs, images and seeds, lines 95% over seeds. "
        "Centred vectors lose their common level. Two orthogonal vectors of equal length reach "
        "0.71 here (dotted). The paper has 0.934 and 0.904 for the first block of another space "
        "(S1) and does not say whether before or after BN.",
        inputs=SIMILARITIES,
        command=MEASURE,
        compute=similarity.compute_summary,
        draw=similarity.draw_table,
        panels=similarity.table_panels,
        num_columns=3,
        height=lambda _: 2.6,
        summarise=lambda frame: frame,
    ),
    "similarity_epochs": Analysis(
        title="Two paths: when are they similar",
        caption="Definition 1 itself: cosine similarity of the outputs of two paths during "
        "training, mean over pairs, images and seeds, bands 95% over seeds. Epoch 0 is the "
        "control: untrained weights.",
        inputs=SIMILARITIES,
        command=MEASURE,
        compute=similarity.compute_summary,
        draw=similarity.draw_epochs,
        panels=similarity.epoch_panels,
        num_columns=3,
        height=lambda _: 2.2,
    ),
    "similarity_map": Analysis(
        title="Which paths are similar",
        caption="All pairs of the 12 paths (4 branch nodes for each operation) after training, "
        "before the sum: plain cosine similarity of features and of Jacobians.",
        inputs=SIMILARITIES,
        command=MEASURE,
        compute=similarity.compute,
        draw=similarity.draw_map,
        panels=similarity.map_panels,
        num_columns=3,
        height=lambda _: 2.5,
    ),
    "kernel_cost": Analysis(
        title="What mixing kernels costs (section 3.1)",
        caption="Multiply-adds of an inverted bottleneck with parallel depthwise kernels against "
        "one 3x3 kernel, by the paper's formula. "
        "python -m analysis.figures.kernel_cost --channels 96 --size 16 --kernels 3,5,7 counts one "
        "block.",
        inputs=(),
        command=MEASURE,
        compute=kernel_cost.compute,
        draw=kernel_cost.draw,
        height=lambda _: 2.5,
        summarise=lambda frame: frame,
    ),
}
