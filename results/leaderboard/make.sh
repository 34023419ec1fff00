#!/usr/bin/env bash
# Makes results/leaderboard of NAS-Bench-101's rows in TABLE and of the reference results: 2 minutes on one core.
#
#     TABLE=nasbench101.h5 TABLE_22=small.h5 results/leaderboard/make.sh
#
# Delete leaderboard.csv first to drop rows of before. TABLE was made of the 136,585 cells of 423,624 that were at
# hand. cells-1000.txt is sample:1000:0 of these: who has another table draws others, and names the file instead. With
# all cells only the figures of every cell at hand change. TABLE_22 is that of results/reference/cifar10-small, with the
# 22 cells of the paper's sub-space whose accuracies were at hand (cells-22.txt); unless given it is TABLE.
#
# proxies.csv (seed 0) and proxies_seeds.csv (seeds 1 and 2 of four methods) are of
#     mixpath-proxies --cells results/leaderboard/cells-1000.txt --data-set folder --data CIFAR10
#         --set stem_channels=16 image_size=16
# with --methods jacob_cov,snip,grad_norm,fisher --seeds 1,2 for the second, on JPEGs of CIFAR-10 at 16 pixels, whose
# digest is 5fceadf9d95b42b7..., a column for each method: 4 to 5 minutes of one core a method and seed.
# proxies_22.csv is the same of cells-22.txt, --seeds 3; proxies_digits.csv of
#     mixpath-proxies --preset digits --cells sample:34 --seeds 3
# supernet.csv and supernet_differences.csv are of the same images and the command of stated_cells in docs/own-parts.md:
#     python results/leaderboard/supernet.py results/stated-cells
set -euo pipefail
cd "$(dirname "$0")/../.."

board=results/leaderboard
table=${TABLE:-nasbench101}
whole="NAS-Bench-101, whole space"
sub_space="NAS-Bench-101, the paper's sub-space, m = 4"
digits="8x8 digits, the paper's sub-space, m = 4"

python bench/rank.py $board/proxies.csv $board/proxies_seeds.csv $board/supernet.csv --table "$table" \
    --cells $board/cells-1000.txt --out results/leaderboard-sample
python bench/rank.py --table "$table" --out results/leaderboard-every
python bench/rank.py $board/proxies_22.csv --table "${TABLE_22:-$table}" --cells $board/cells-22.txt \
    --out results/leaderboard-22
python bench/rank.py $board/proxies_digits.csv --table digits --out results/leaderboard-digits
python -m analysis.leaderboard results/leaderboard-sample --section "$whole"
python -m analysis.leaderboard results/leaderboard-every --section "NAS-Bench-101, every cell at hand"
python -m analysis.leaderboard results/reference/cifar10-small --m 4 --section "$sub_space"
python -m analysis.leaderboard results/leaderboard-22 --section "$sub_space"
python -m analysis.leaderboard results/reference/digits --m 4 --section "$digits"
python -m analysis.leaderboard results/leaderboard-digits --section "$digits"
python -m analysis.readme docs/proxies.md
python -m analysis.readme docs/scores.md
python -m analysis.readme docs/leaderboard.md
