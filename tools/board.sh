#!/usr/bin/env bash
# Make the bundles of this project's own board (results/board/) from runs, and verify each by running the method again.
# Weights of metrics (NIQE, ArcFace) are taken from $FSRBENCH_WEIGHTS. `nox -s board` makes the site of them.
#
#   tools/board.sh runs/data/FACES_HR.zip
#
# Runs go to runs/board/, where they can be resumed. Bundles hold numbers and no pictures.
set -euo pipefail
hr=$1
cd "$(dirname "$0")/.."
export OMP_NUM_THREADS=${OMP_NUM_THREADS:-1}

metrics=psnr,ssim,ms_ssim,niqe,niqe_face,identity,verification,landmark_nme,detection,consistency,colour_drift
metrics+=,grid_artefacts,fid_face,kid_face,params,flops,latency_ms,throughput
x4=bicubic,scgan,ours-short,ours,ours-id

measure() { # NAME METHODS OPTIONS...
    local name=$1 methods=$2
    shift 2
    fsrbench run --offline --methods "$methods" --metrics "$metrics" --save-images --out "runs/board/$name" "$@"
}

measure sample_bicubic $x4 --degradation bicubic
measure sample_realworld $x4 --degradation realworld
measure sample_x8 bicubic,progressive,ours --task x8
measure faces_hr_realworld $x4 --data "$hr" --degradation realworld --limit 480
measure faces_hr_x8 bicubic,progressive,ours --data "$hr" --task x8 --limit 240

mkdir -p results/board
for method in bicubic scgan ours-short ours ours-id progressive; do
    runs=()
    for run in runs/board/*/; do
        grep -q "^$method," "$run/summary.csv" && runs+=("$run")
    done
    fsrbench submit "${runs[@]}" --method "$method" --out "results/board/$method.zip" --author "the fsrbench project"
    fsrbench verify "results/board/$method.zip" --offline --data sample --data "$hr" \
        --out "results/board/$method.zip.verdict.json"
done
