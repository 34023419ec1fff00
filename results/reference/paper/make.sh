#!/usr/bin/env bash
# Makes results/reference/paper (12 runs of the paper's network, ranked, measured, drawn): not run yet, so its time is not recorded.
#
#     results/reference/paper/make.sh IMAGES TABLE [TIME-LIMIT]
#
#     IMAGES      CIFAR-10 as a folder: train/<class>/ and test/<class>/ (what a folder holds is not
#                 known to be the table's CIFAR-10, so --other-truth says it)
#     TABLE       NAS-Bench-101 as mixpath-table import writes it
#     TIME-LIMIT  of each command that trains or measures, such as 25m: it saves, and ends with 75
#
# On a machine with one or more GPUs that have bfloat16. First what only a GPU can tell: its tests,
# and its speed. Then preset `paper`, 100 epochs, m = 4, seed 0, shadow and single, measured; then
# seeds 1 and 2; then m = 3. The same command goes on where it stopped and repeats nothing but the
# tests and the speed.
set -euo pipefail
images=$(realpath -m "${1:?IMAGES, the folder with CIFAR-10}")
table=$(realpath -m "${2:?TABLE, an imported NAS-Bench-101}")
limit=(${3:+--time-limit "$3"})
cd "$(dirname "$0")/../../.."

tox -e gpu
python bench/speed.py --device cuda --out results/speed/gpu

truth=(--data "$images" --table "$table" --other-truth)
rank() {
    python bench/run.py --preset paper --data-set folder "${truth[@]}" --allow-missing \
        --out results/paper --device cuda "${limit[@]}" "$@" \
        --set precision=bf16 calibration_images=500 num_score_images=2000 snapshot_epochs=10,20,40,60,80,100
}
measure() {
    python bench/measure.py results/paper "${truth[@]}" --device cuda "${limit[@]}"
    python -m analysis results/paper
}

rank --m 4 --seeds 1
measure
rank --m 4 --seeds 3
rank --m 3,4 --seeds 3
measure

rsync -a --exclude=.lock --exclude='*.pt' --exclude='*.svg' --exclude=report.html \
    --exclude={similarity,jacobian,bn_statistics}.csv results/paper results/reference/
find results/reference/paper -name SHA256SUMS -exec \
    sed -i -E '/  (similarity|jacobian|bn_statistics)\.csv$/d' {} +
