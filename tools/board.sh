#!/usr/bin/env bash
# Make the bundles of this project's own board (results/board/) from runs on the sample, and verify each by running its
# method again. NIQE's weights are taken from $FSRBENCH_WEIGHTS. `nox -s board` makes the site of the bundles.
#
# Runs go to runs/board/, where they can be resumed. Bundles hold numbers and no pictures. Times are left out: they are
# those of a machine that does nothing else.
set -euo pipefail
cd "$(dirname "$0")/.."

methods=bicubic,scgan,ours-paper,ours-psnr,ours
metrics=psnr,ssim,ms_ssim,niqe,niqe_face,consistency,colour_drift,grid_artefacts,params,flops
for degradation in bicubic realworld; do
    fsrbench run --offline --methods $methods --metrics $metrics --degradation $degradation --save-images \
        --out "runs/board/sample_$degradation"
done

mkdir -p results/board
for method in ${methods//,/ }; do
    bundle=results/board/$method.zip
    fsrbench submit runs/board/sample_bicubic runs/board/sample_realworld --method "$method" --out "$bundle" \
        --author "the fsrbench project"
    fsrbench verify "$bundle" --offline --data sample --out "$bundle.verdict.json"
done
