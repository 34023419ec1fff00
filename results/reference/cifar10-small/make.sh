#!/usr/bin/env bash
# Makes results/reference/cifar10-small (2 runs, ranked, measured, drawn): 24 minutes of training and scoring on one core.
#
#     results/reference/cifar10-small/make.sh IMAGES TABLE
#
#     IMAGES  CIFAR-10 as a folder: train/<class>/ and test/<class>/ (ours: JPEGs, lightly lossy);
#             what a folder holds is not known to be the table's CIFAR-10, so --other-truth says it
#     TABLE   NAS-Bench-101 as mixpath-table import writes it (ours: the 22 cells that we could get)
#
# Time: the sum of the runs' times.csv. How long measuring and drawing took was not recorded.
set -euo pipefail
images=$(realpath -m "${1:?IMAGES, the folder with CIFAR-10}")
table=$(realpath -m "${2:?TABLE, an imported NAS-Bench-101}")
cd "$(dirname "$0")/../../.."

python bench/run.py --preset cifar10-small --data-set folder --data "$images" --table "$table" \
    --other-truth --allow-missing --m 4 --seeds 1 --set score_batch=250 --out results/cifar10-small
python bench/measure.py results/cifar10-small --data "$images" --table "$table" --other-truth
python -m analysis results/cifar10-small

rsync -a --exclude=.lock --exclude='*.pt' --exclude='*.svg' --exclude=report.html \
    --exclude={similarity,jacobian,bn_statistics}.csv results/cifar10-small results/reference/
find results/reference/cifar10-small -name SHA256SUMS -exec \
    sed -i -E '/  (similarity|jacobian|bn_statistics)\.csv$/d' {} +
python -m analysis.readme README.md
