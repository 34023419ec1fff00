#!/usr/bin/env bash
# Makes results/reference/paper-18-epochs (2 runs of the paper's network, ranked, drawn): 6.5 minutes a run on one H100, two at once.
#
#     results/reference/paper-18-epochs/make.sh IMAGES TABLE
#
#     IMAGES  CIFAR-10 as a folder: train/<class>/ and test/<class>/ (ours: JPEGs, lightly lossy);
#             what a folder holds is not known to be the table's CIFAR-10, so --other-truth says it
#     TABLE   NAS-Bench-101 as mixpath-table import writes it (ours: the 22 cells that we could get)
#
# How ours came about: preset `paper` stopped after 18 of its 100 epochs, m = 4, one seed, bf16,
# calibrated on 500 and scored on 2,000 images, at commit 6d16d44 with one repair: `.cpu()` in
# DataSet.statistics, without which no run passed its first line on a GPU (run.json could not tell
# its commit). Ranked and drawn anew since. On a machine with these runs, the command below trains
# nothing and ranks what is there. Time: the sum of a run's times.csv.
set -euo pipefail
images=$(realpath -m "${1:?IMAGES, the folder with CIFAR-10}")
table=$(realpath -m "${2:?TABLE, an imported NAS-Bench-101}")
cd "$(dirname "$0")/../../.."

python bench/run.py --preset paper --data-set folder --data "$images" --table "$table" \
    --other-truth --allow-missing --m 4 --seeds 1 --out results/paper-18-epochs \
    --set epochs=18 precision=bf16 calibration_images=500 num_score_images=2000

rsync -a --exclude=.lock --exclude='*.pt' --exclude='*.svg' --exclude=report.html results/paper-18-epochs \
    results/reference/
