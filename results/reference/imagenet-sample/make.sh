#!/usr/bin/env bash
# Makes results/reference/imagenet-sample (smoke runs of S2 and S3, no result): 3 minutes of training, with two processes (the transfer with one).
#
#     results/reference/imagenet-sample/make.sh IMAGENET-SAMPLE IMAGES
#
#     IMAGENET-SAMPLE  200 images of ImageNet, one a class, train/<wnid>/ and val/<wnid>/ the same
#     IMAGES           CIFAR-10 as a folder: train/<class>/ and test/<class>/
#
# Time: the sum of the runs' times.csv (supernets 113 s, network 14 s, transfer 41 s). How long the
# search took was not recorded.
set -euo pipefail
sample=$(realpath -m "${1:?IMAGENET-SAMPLE, the folder with 200 images}")
images=$(realpath -m "${2:?IMAGES, the folder with CIFAR-10}")
cd "$(dirname "$0")/../../.."
export OMP_NUM_THREADS=1
out=results/imagenet-sample

train() { # SPACE SIZE EPOCHS
    torchrun --nproc-per-node 2 bench/mixpath.py train --preset "$1" --data "$sample" \
        --out "$out/$2" --set num_classes=200 num_score_images=20 calibration_images=100 \
        workers=1 batch_size=20 "image_size=$2" "epochs=$3"
}
for space in s2 s3; do
    train "$space" 64 5
    train "$space" 224 1
done

supernet=$out/64/s3-m2/shadow-seed0
python bench/mixpath.py search "$supernet" --evaluations 20 --population 10 --seeds 1 \
    --data "$sample"
torchrun --nproc-per-node 2 bench/mixpath.py retrain --search "$supernet/search-nsga2-seed0" \
    --data "$sample" --export --set epochs=2 batch_size=20 test_batch=100 workers=1
python bench/mixpath.py transfer "$out"/64/retrain-* --data-set folder --data "$images" \
    --out "$out/64" --set epochs=1 batch_size=50 num_train_images=1000 num_test_images=500

rsync -a --exclude=.lock --exclude='*.pt' --exclude='*.pt2' --exclude='*.svg' --exclude='*.png' \
    results/imagenet-sample results/reference/
