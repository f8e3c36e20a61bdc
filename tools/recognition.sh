#!/usr/bin/env bash
# Measure results/recognition again: faces of LFW super-resolved from 16 px and looked for in a gallery of HR, by two
# face descriptors.
#
#   tools/recognition.sh LFW.zip DESCRIPTOR.onnx... [-- OPTIONS OF fsrbench run]
#
# Paths are relative to the project's folder. Both descriptors take an hour and a half of one CPU core.
#
# LFW.zip has <person>/<file>. Runs go to runs/results/recognition/, where they can be resumed; only what may be
# published is copied: no picture of a real person.
set -euo pipefail
lfw=$1
shift
descriptors=()
while (($#)) && [[ $1 != -- ]]; do
    descriptors+=("$1")
    shift
done
options=("${@:2}")
cd "$(dirname "$0")/.."

for descriptor in "${descriptors[@]}"; do
    name=$(basename "$descriptor" .onnx)
    out=runs/results/recognition/$name
    fsrbench run --offline --methods bicubic,scgan,ours --data "$lfw" --degradation realworld \
        --metrics identification,identification_open,identity_margin,identity \
        --descriptor arcface --weights "arcface=$descriptor" --out "$out" "${options[@]}"
    mkdir -p "results/recognition/$name"
    cp -r "$out"/{table.md,table.tex,summary.csv,details.csv,manifest.json,plots} "results/recognition/$name/"
    fsrbench compare "$out" --to bicubic --format md >"results/recognition/$name/compared_with_bicubic.md"
done
