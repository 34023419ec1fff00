#!/usr/bin/env bash
# Makes results/leaderboard of NAS-Bench-101's rows in TABLE and of the reference results: about a minute on one core.
#
#     TABLE=nasbench101.h5 results/leaderboard/make.sh
#
# Delete leaderboard.csv first to drop rows of before. TABLE was made of the 136,585 cells of 423,624 that were at
# hand. cells-1000.txt is sample:1000:0 of these: who has another table draws others, and names the file instead. With
# all cells only the figures of every cell at hand change.
#
# proxies.csv is of
#     mixpath-proxies --cells results/leaderboard/cells-1000.txt --data-set folder --data CIFAR10
#         --set stem_channels=16 image_size=16
# on JPEGs of CIFAR-10 at 16 pixels, whose digest is 5fceadf9d95b42b7..., a column for each method: about 40 minutes of
# one core. supernet.csv is of the same images and the command of stated_cells in docs/own-parts.md: the accuracy and
# minus the loss in the scores.csv of its three seeds, a column for each, raw and calibrated; supernet_differences.csv
# is of the rows of its differences.csv, shadow minus single batch norm.
set -euo pipefail
cd "$(dirname "$0")/../.."

python bench/rank.py results/leaderboard/proxies.csv results/leaderboard/supernet.csv --table "${TABLE:-nasbench101}" \
    --cells results/leaderboard/cells-1000.txt --out results/leaderboard-sample
python bench/rank.py --table "${TABLE:-nasbench101}" --out results/leaderboard-every
python -m analysis.leaderboard results/leaderboard-sample --section "NAS-Bench-101, whole space"
python -m analysis.leaderboard results/leaderboard-every --section "NAS-Bench-101, every cell at hand"
python -m analysis.leaderboard results/reference/cifar10-small --m 4 \
    --section "NAS-Bench-101, the paper's sub-space, m = 4"
python -m analysis.leaderboard results/reference/digits --m 4 --section "8x8 digits, the paper's sub-space, m = 4"
python -m analysis.readme docs/proxies.md
python -m analysis.readme docs/scores.md
python -m analysis.readme docs/leaderboard.md
