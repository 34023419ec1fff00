#!/usr/bin/env bash
# Makes bench/table/digits_truth.h5 (34 cells trained 10 times each) and reliability.txt: 43 minutes of one core for the table that ships.
#
#     results/reference/truth/make.sh
#
# Time: the sum of the table's time_s. How long the other three tables took was not recorded.
set -euo pipefail
cd "$(dirname "$0")/../../.."
mkdir -p results/truth

mixpath-truth --out bench/table/digits_truth.h5
for epochs in 20 40; do
    mixpath-truth --out "results/truth/digits-epochs$epochs.h5" --set "epochs=$epochs" \
        --set num_repeats=3
done
mixpath-truth --out results/truth/digits-channels16-epochs20.h5 --set epochs=20 \
    --set stem_channels=16 --set num_repeats=3

python -m bench.reliability bench/table/digits_truth.h5 \
    results/truth/digits-channels16-epochs20.h5 results/truth/digits-epochs20.h5 \
    results/truth/digits-epochs40.h5 > results/reference/truth/reliability.txt
