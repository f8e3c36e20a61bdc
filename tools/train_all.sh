#!/usr/bin/env bash
# Trains every network that the project ships, one after the other; called again, it goes on where it was stopped.
#
#   FACES=faces_hr_train.zip LR_FACES=faces_lr_real_train.zip nice -n 19 tools/train_all.sh
#
# One thread each: with bfloat16 it is the fastest way for networks of this size. TRAININGS is the folder of all
# trainings (runs/trainings).
set -euo pipefail
cd "$(dirname "$0")/.."
: "${FACES:?a zip or folder of HR training faces}" "${LR_FACES:?a zip or folder of real LR training faces}"
trainings=${TRAININGS:-runs/trainings}
mkdir -p "$trainings"

# NAME MODEL STEPS [OPTIONS...]: 32 faces a step unless an option says otherwise
train() {
    local out=$trainings/$1 model=$2 steps=$3 resume=()
    shift 3
    [ -e "$out/finished" ] && return
    [ -e "$out/state.pt" ] && resume=(--resume)
    fsrbench train "$model" --data "$FACES" --out "$out" --max-steps "$steps" --save-every 500 --threads 1 \
        "${resume[@]}" "$@"
    touch "$out/finished"
}

train ours_psnr_x4 ours 50000 --config configs/train/ours-psnr.yaml
train scgan_l1 scgan 11000 --config configs/train/scgan-l1.yaml
train ours_psnr_x8 ours 9400 --task x8 --config configs/train/ours-l1.yaml
train progressive_x8 progressive 4700 --task x8 --config configs/train/progressive.yaml
