#!/usr/bin/env bash
# Trains every network that the project ships, one after the other; called again, it continues where it was stopped.
#
#   FACES=faces_hr_train.zip LR_FACES=faces_lr_real_train.zip TEACHER=face_network.onnx nice -n 19 tools/train_all.sh
#
# One thread each: with bfloat16 it is the fastest way for networks of this size. TRAININGS is the folder of all
# trainings (runs/trainings).
set -euo pipefail
cd "$(dirname "$0")/.."
: "${FACES:?a zip or folder of HR training faces}" "${LR_FACES:?a zip or folder of real LR training faces}"
: "${TEACHER:?an ONNX face recognition network that judges no table}"
trainings=${TRAININGS:-runs/trainings}
mkdir -p "$trainings"

# NAME MODEL STEPS [OPTIONS...]: 32 faces per step unless an option says otherwise
train() {
    local out=$trainings/$1 model=$2 steps=$3 resume=()
    shift 3
    [ -e "$out/finished" ] && return
    [ -e "$out/state.pt" ] && resume=(--resume)
    fsrbench train "$model" --data "$FACES" --out "$out" --max-steps "$steps" --save-every 500 --threads 1 \
        "${resume[@]}" "$@"
    touch "$out/finished"
}

# NAME CONFIG INIT: a configuration that starts from the weights of the training INIT, with the teacher
configure() {
    sed "s|^init:.*|init: $trainings/$3/weights.safetensors|; s|^teacher:.*|teacher: $TEACHER|" \
        "configs/train/$2.yaml" >"$trainings/$1.yaml"
}

train ours_psnr_x4 ours 40000 --config configs/train/ours-psnr.yaml
configure ours_x4 ours ours_psnr_x4
train ours_x4 ours 6000 --batch-size 16 --lr-data "$LR_FACES" --config "$trainings/ours_x4.yaml"
train ours_psnr_x8 ours 9400 --task x8 --config configs/train/ours-l1.yaml
train progressive_x8 progressive 7400 --task x8 --batch-size 16 \
    --config configs/train/progressive-third-step.yaml --lr-mix configs/mixtures/progressive.yaml
train scgan_l1 scgan 11000 --config configs/train/scgan-l1.yaml
