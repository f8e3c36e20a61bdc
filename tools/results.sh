#!/usr/bin/env bash
# Measure the tables and plots in results/ again. Weights of metrics (NIQE, ArcFace) are taken from $FSRBENCH_WEIGHTS.
#
#   tools/results.sh FACES_HR.zip FACES_LR_REAL.zip FACES_512.zip
#
# Runs go to runs/results/, where they can be resumed; only what may be published is copied: no picture of a real
# person, hence a grid of the sample alone.
set -euo pipefail
hr=$1 lr_real=$2 hr512=$3
cd "$(dirname "$0")/.."

measure() { # NAME METHODS OPTIONS...
    local name=$1 methods=$2
    shift 2
    fsrbench run --offline --methods "$methods" --metrics all --out "runs/results/$name" "$@"
    mkdir -p "results/$name"
    cp -r "runs/results/$name"/{table.md,table.tex,summary.csv,details.csv,manifest.json,plots} "results/$name/"
}

x4=bicubic,scgan,ours-short,ours-paper,ours-psnr,ours
measure faces_hr_realworld $x4 --data "$hr" --degradation realworld --limit 480
measure faces_hr_bicubic $x4 --data "$hr" --degradation bicubic --limit 480
measure faces_lr_real $x4 --data "$lr_real" --reference "$hr" --limit 400
measure faces_hr_x8 bicubic,progressive,ours-short,ours --data "$hr" --task x8 --limit 480

others=()
mkdir -p results/faces_hr_others
for degradation in opencv-cubic noise:15 jpeg:30 blur:1 wild; do
    name=${degradation/:/_}
    run=runs/results/faces_hr_others/$name
    others+=("$degradation=$run")
    fsrbench run --offline --methods bicubic,scgan,ours-psnr,ours --metrics psnr,landmark_nme,verification \
        --data "$hr" --degradation "$degradation" --limit 480 --out "$run"
    cp "$run/summary.csv" "results/faces_hr_others/$name.csv"
    fsrbench compare "$run" --to scgan --format md >"results/faces_hr_others/${name}_compared_with_scgan.md"
done
fsrbench table "${others[@]}" >results/faces_hr_others/table.md

at_512=psnr,ssim,ms_ssim,niqe,grid_artefacts,consistency,colour_drift,detection,landmark_nme,lmd,lmd_dlib
at_512+=,verification,identity,identity_lr,params
measure faces512_restore bicubic,python:tools.restorers:bilateral,python:tools.restorers:sharpen \
    --data "$hr512" --task 512x1 --degradation codeformer-large --metrics $at_512
measure faces512_x4 nearest,bilinear,bicubic,lanczos,checkpoint:reference_model/weights/ours_x4.safetensors \
    --data "$hr512" --task 128x4 --degradation gfpgan --metrics $at_512
measure sample bicubic,scgan,ours-psnr,ours
cp runs/results/sample/grid.png results/sample/

for strength in 0 5 10 20 30; do
    fsrbench run --offline --methods bicubic,scgan,ours --metrics psnr,ssim,detection,verification,landmark_nme \
        --degradation "noise:$strength" --out "runs/sweep/noise_$strength"
done
fsrbench plot runs/sweep/noise_* --out results/sample_noise

audit() { # NAME OPTIONS...
    local name=$1
    shift
    fsrbench audit --out "runs/results/audit/$name" "$@"
    mkdir -p "results/audit/$name"
    cp "runs/results/audit/$name"/audit.{md,csv,png} "results/audit/$name/"
}

audit sample --method bicubic,scgan,ours
audit faces_hr_test --method bicubic,scgan,ours --data "$hr"
audit faces_hr_test_x8 --method bicubic --task x8 --data "$hr"
