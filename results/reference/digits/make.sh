#!/usr/bin/env bash
# Makes results/reference/digits (180 runs, ranked, measured, drawn): 105 minutes of training and scoring on one core.
#
#     results/reference/digits/make.sh
#
# Time: the sum of the runs' times.csv, of a core that had other work too; how long measuring took was
# not recorded. Measured are m = 1 to 3 with 3 seeds, m = 4 with 10, and m = 4 with a batch norm per
# combination and with One-Shot, 3 seeds each; the batch norms of all. The runs of `authors`, and seeds 3 to 9 of `combination`, One-Shot
# and `bernoulli`, were made with a later version of the code than the rest, whose sums round otherwise: all on
# one machine. elsewhere/ is of others.
set -euo pipefail
cd "$(dirname "$0")/../../.."

python bench/run.py --m 4 --seeds 3
python bench/run.py --m 4 --seeds 3 --batch-norm shadow,single,combination
python bench/run.py --m 4 --seeds 3 --batch-norm single --sampler one-shot --out results/digits
python bench/run.py --m 1,2,3,4 --seeds 3
python bench/run.py --m 4 --seeds 10
python bench/measure.py results/digits
python bench/run.py --m 4 --seeds 10 --batch-norm shadow-sum,single-sum --protocol sound
python bench/run.py --m 1,2,3 --seeds 10
python bench/run.py --m 4 --seeds 10 --batch-norm combination --protocol sound
python bench/run.py --m 4 --seeds 10 --batch-norm single --sampler one-shot --out results/digits
python bench/run.py --m 4 --seeds 10 --sampler bernoulli --out results/digits
python bench/run.py --m 3,4 --seeds 10 --protocol authors
python bench/measure.py results/digits --only bn_statistics  # variations.csv, of all runs now
python -m analysis results/digits

rsync -a --exclude=.lock --exclude='*.pt' --exclude='*.svg' --exclude=report.html \
    --exclude={similarity,jacobian,bn_statistics}.csv results/digits results/reference/
find results/reference/digits -name SHA256SUMS -exec \
    sed -i -E '/  (similarity|jacobian|bn_statistics)\.csv$/d' {} +
python -m analysis.findings results/reference
python -m analysis.readme README.md
