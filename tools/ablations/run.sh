#!/usr/bin/env bash
# Train the four variants from the same start, on the same faces and for the same number of updates, and measure them.
#
#   tools/ablations/run.sh TRAIN_HR.zip TRAIN_LR.zip TEST_HR.zip START.safetensors UPDATES [TRAIN OPTIONS...]
#
# If killed, it continues where it stopped. Trainings and the run are in runs/ablations/, the tables in results/ablations/.
set -euo pipefail
data=$1 lr_data=$2 test=$3 start=$4 updates=$5
options=("${@:6}")
cd "$(dirname "$0")/../.."

variant() { # NAME SETTING...
    local out=runs/ablations/$1
    mkdir -p "$out"
    printf '%s\n' "init: $start" "${@:2}" > "$out/config.yaml"
    fsrbench train ours --data "$data" --lr-data "$lr_data" --config "$out/config.yaml" --out "$out" \
        --max-steps "$updates" --resume "${options[@]}"
}

variant full
variant no_alignment "heatmap: 0" "attention: 0"
variant no_backward "backward: 0"
variant detached "detach: true"

methods=$(printf ',python:tools.ablations.methods:%s' Full NoAlignment NoBackward Detached)
metrics=psnr,niqe,detection,landmark_nme,landmark_nme_dlib,verification,verification_labelled
run=runs/ablations/run
PYTHONPATH=. fsrbench run --methods "${methods:1}" --metrics $metrics --data "$test" --degradation realworld --limit 240 --out $run
mkdir -p results/ablations
cp $run/{table.md,summary.csv,manifest.json} results/ablations/
python -m tools.ablations.differences $run > results/ablations/differences.md
