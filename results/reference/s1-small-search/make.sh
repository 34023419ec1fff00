#!/usr/bin/env bash
# Makes results/reference/s1-small-search (3 supernets, 18 searches, measured, drawn): 26 minutes for the supernets, 13 for the searches, a minute and a half to measure, on a core that had other work too.
#
#     results/reference/s1-small-search/make.sh IMAGES
#
#     IMAGES  CIFAR-10 as a folder: train/<class>/ and test/<class>/ (ours: JPEGs, lightly lossy)
#
# Times: the sum of the runs' times.csv, and what the searches printed.
set -euo pipefail
images=$(realpath -m "${1:?IMAGES, the folder with CIFAR-10}")
cd "$(dirname "$0")/../../.."

for seed in 0 1 2; do
    python bench/mixpath.py train --preset s1-small --data-set folder --data "$images" --batch-norm shadow \
        --seed "$seed" --out results/s1-small-search
    python bench/mixpath.py search "results/s1-small-search/s1-m2/shadow-seed$seed" --evaluations 300 \
        --population 20 --data "$images"
done
python bench/mixpath.py measure results/s1-small-search --data "$images" \
    --only lemma_2,similarity,jacobian,bn_statistics

rsync -a --exclude=.lock --exclude='*.pt' --exclude='*.svg' results/s1-small-search results/reference/
find results/reference/s1-small-search -name SHA256SUMS -exec sed -i -E '/\.pt$/d' {} +
python -m analysis.findings results/reference
