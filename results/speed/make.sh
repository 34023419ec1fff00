#!/usr/bin/env bash
# Makes results/speed (speed.csv, bf16_scores.csv, speed_mixpath.csv) on one core: about a minute for the supernet, 32 s for import and verification, about 8 minutes for bf16, 3 for S1.
#
#     results/speed/make.sh TABLE TFRECORD IMAGENET-SAMPLE
#
#     TABLE            NAS-Bench-101 as mixpath-table import writes it
#     TFRECORD         the official file, such as nasbench_only108.tfrecord (ours: 136,585 cells)
#     IMAGENET-SAMPLE  200 images of ImageNet, train/<wnid>/, to decode
set -euo pipefail
table=$(realpath -m "${1:?TABLE, an imported NAS-Bench-101}")
tfrecord=$(realpath -m "${2:?TFRECORD, the official file}")
sample=$(realpath -m "${3:?IMAGENET-SAMPLE, the folder with images}")
cd "$(dirname "$0")/../.."

python bench/speed.py --table "$table" --tfrecord "$tfrecord" --out results/speed
python bench/precision.py --out results/speed
python bench/speed_mixpath.py --data "$sample" --out results/speed
