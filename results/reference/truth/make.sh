#!/usr/bin/env bash
# Makes bench/table/digits_truth.h5 (34 cells trained 10 times each), digits-epochs20.h5 and -epochs40.h5 (3 times), reliability.txt, and the digits runs ranked by truths trained longer: 43 minutes of one core for the table that ships.
#
#     results/reference/truth/make.sh
#
# Time: the sum of the table's time_s. The other tables took a quarter of an hour on a faster
# machine, and it is of those that reliability.txt tells; the .h5 files here were trained on the one
# whose runs they rank (python -m bench.reliability tells of these). The last part needs the runs of results/reference/digits/make.sh, of which it trains none.
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

for epochs in 20 40; do
    mkdir -p "results/digits-epochs$epochs/branches-m4"
    rsync -a --exclude='*.pt' results/digits/branches-m4/{shadow,single}-seed* \
        "results/digits-epochs$epochs/branches-m4/"
    python bench/run.py --m 4 --seeds 10 --table "results/truth/digits-epochs$epochs.h5" \
        --protocol sound --out "results/digits-epochs$epochs"
    cp "results/truth/digits-epochs$epochs.h5" results/reference/truth/
    rsync -a --exclude='*.svg' --exclude='*.png' \
        --include={kendall_tau*,differences*,points.csv,ranking.json,SHA256SUMS} --exclude='*' \
        "results/digits-epochs$epochs/" "results/reference/truth/digits-epochs$epochs/"
done
