#!/usr/bin/env bash
# Makes results/reference/s1-small (13 supernets, 6 searches, a trained network, figures, tables): 3.2 hours for the supernets, 28 minutes for the network, one core each.
#
#     results/reference/s1-small/make.sh IMAGES
#
#     IMAGES  CIFAR-10 as a folder: train/<class>/ and test/<class>/ (ours: JPEGs, lightly lossy)
#
# Times: the sums of the runs' times.csv. How long the searches and the measurements took was not
# recorded.
set -euo pipefail
images=$(realpath -m "${1:?IMAGES, the folder with CIFAR-10}")
cd "$(dirname "$0")/../../.."

train() {
    python bench/mixpath.py train --preset s1-small --data-set folder --data "$images" \
        --out results/s1-small "$@"
}
for seed in 0 1 2; do
    for norm in shadow single; do
        train --batch-norm "$norm" --seed "$seed"
    done
done
for m in 1 3 4; do
    for norm in shadow single; do
        train --batch-norm "$norm" --m "$m"
    done
done
train --batch-norm single --sampler one-shot

supernet=results/s1-small/s1-m2/shadow-seed0
python bench/mixpath.py search "$supernet" --evaluations 300 --population 20 --data "$images"
python bench/mixpath.py retrain --search "$supernet/search-nsga2-seed0" --export --data "$images"
python bench/mixpath.py measure results/s1-small --data "$images"
python bench/mixpath.py tables results/s1-small/retrain-* --out results/s1-small

rsync -a --exclude=.lock --exclude='*.pt' --exclude='*.pt2' --exclude='*.svg' results/s1-small results/reference/
