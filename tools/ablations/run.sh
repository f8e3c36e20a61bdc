#!/usr/bin/env bash
# Train ours without one of its parts at a time, from the same start, on the same faces and for the same number of
# updates, and measure what is lost.
#
#   tools/ablations/run.sh TRAIN_HR.zip TRAIN_LR.zip TEST_HR.zip TEACHER.onnx UPDATES [TRAIN OPTIONS...]
#
# If killed, it continues where it stopped. Trainings and the run are in runs/ablations/, the tables in results/ablations/.
set -euo pipefail
data=$1 lr_data=$2 test=$3 teacher=$4 updates=$5
options=("${@:6}")
cd "$(dirname "$0")/../.."

start="s|^init:.*|init: reference_model/weights/ours_psnr_x4.safetensors|; s|^teacher:.*|teacher: $teacher|"
no_alignment="s|^heatmap:.*|heatmap: 0|; s|^attention:.*|attention: 0|"
no_identity="/^identity:/d; /^teacher:/d"

variant() { # NAME CHANGE_OF_SETTINGS [TRAIN OPTIONS...]
    local out=runs/ablations/$1 resume=()
    [ -e "$out/state.pt" ] && resume=(--resume)
    mkdir -p "$out"
    sed "$start; $2" configs/train/ours.yaml >"$out/config.yaml"
    fsrbench train ours --data "$data" --lr-data "$lr_data" --config "$out/config.yaml" --out "$out" --batch-size 16 \
        --max-steps "$updates" --threads 1 "${resume[@]}" "${options[@]}" "${@:3}"
}

variant full ""
variant no_alignment "$no_alignment"
variant no_identity "$no_identity"
variant no_alignment_no_identity "$no_alignment; $no_identity"
variant no_discriminator "s|^adversarial:.*|adversarial: 0|; s|^features:.*|features: 0|"
variant no_cycle "s|^cycle_every:.*|cycle_every: 1000000|" # but for the first update
variant narrow_mixture "" --lr-mix configs/mixtures/narrow.yaml

methods=$(printf ',python:tools.ablations.methods:%s' Full NoAlignment NoIdentity NoAlignmentNoIdentity NoDiscriminator \
    NoCycle NarrowMixture)
metrics=psnr,niqe,detection,landmark_nme,landmark_nme_dlib,fid_face,verification,verification_labelled
run=runs/ablations/run
PYTHONPATH=. fsrbench run --offline --methods "ours-psnr$methods" --metrics $metrics --data "$test" --degradation realworld \
    --limit 480 --out $run
mkdir -p results/ablations
cp $run/{table.md,summary.csv,manifest.json} results/ablations/
python -m tools.ablations.differences $run > results/ablations/differences.md
