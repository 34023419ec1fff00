#!/usr/bin/env bash
# Makes results/reference/digits (90 runs, ranked, measured, drawn): 45 minutes of training and scoring on one core.
#
#     results/reference/digits/make.sh
#
# Time: the sum of the runs' times.csv. Measuring took 16 minutes for the 30 runs of seeds 0 to 2 that
# the measurements beside this are of; measured anew, all 78 runs of the sound recipe are.
set -euo pipefail
cd "$(dirname "$0")/../../.."

python bench/run.py --m 4 --seeds 3
python bench/run.py --m 1,2,3,4 --seeds 3
python bench/run.py --m 3,4 --seeds 10
python bench/run.py --m 3,4 --seeds 3 --protocol authors
python bench/run.py --m 4 --seeds 3 --batch-norm shadow,single,combination
python bench/run.py --m 4 --seeds 10 --batch-norm shadow-sum,single-sum --protocol sound
python bench/run.py --m 4 --seeds 3 --batch-norm single --sampler one-shot --out results/digits
python bench/measure.py results/digits
python -m analysis results/digits

rsync -a --exclude=.lock --exclude='*.pt' --exclude='*.svg' --exclude=report.html \
    --exclude={similarity,jacobian,bn_statistics}.csv results/digits results/reference/
find results/reference/digits -name SHA256SUMS -exec \
    sed -i -E '/  (similarity|jacobian|bn_statistics)\.csv$/d' {} +
python -m analysis.readme README.md
