#!/usr/bin/env bash
# The regression gate on the built-in sample, as CI runs it: `tools/gate.sh`, on purpose `tools/gate.sh --update`.
set -euo pipefail
cd "$(dirname "$0")/.."
# Ratios of latency are the same on many machines only with one thread: a large network gains more by threads.
export OMP_NUM_THREADS=1 MKL_NUM_THREADS=1
fsrbench run --methods bicubic,scgan,ours --limit 96 --offline --fresh --device cpu --ratio-to scgan \
    --metrics psnr,ssim,detection,verification,landmark_nme,latency_ms,params,flops --out runs/gate || code=$?
[ "${code:-0}" -le 1 ] || exit "$code" # with 1 some method failed: the check says which
fsrbench check runs/gate --against results/reference.json "$@"
