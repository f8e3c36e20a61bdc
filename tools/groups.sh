#!/usr/bin/env bash
# Measure the tables and plots in results/groups/ again, at x4 (16 to 64 px).
#
#   tools/groups.sh FACES_PEOPLE.zip FACES_WILD.zip
#
# Both zips hold a groups.csv. Faces of the second are not aligned: they are found and cut first. Runs go to
# runs/groups/, where they can be resumed; only numbers are copied, and no picture of anybody.
set -euo pipefail
people=$1 wild=$2
cd "$(dirname "$0")/.."
metrics=psnr,ssim,niqe_face,detection,verification,identity,colour_drift,lightness_drift

measure() { # NAME DATA BY
    local name=$1 run=runs/groups/$1 by=$3
    local out=results/groups/$name
    fsrbench run --offline --methods bicubic,scgan,ours --data "$2" --degradation realworld --metrics $metrics --out "$run"
    mkdir -p "$out"
    fsrbench table "$run" --by "$by" >"$out/table.md"
    fsrbench table "$run" --by "$by" --format csv >"$out/table.csv"
    fsrbench compare "$run" --to bicubic --by "$by" --format md >"$out/compare.md"
    fsrbench plot "$run" >/dev/null
    cp "$run"/plots/groups.{png,svg} "$run"/{summary.csv,manifest.json} "$out/"
    python -m tools.gap_false_alarms "$run" --by "$by" >"$out/false_alarms.md"
}

measure people "$people" sex,group,age:25,30
fsrbench data import folder "$wild" runs/groups/wild_faces/ --align detect
measure wild runs/groups/wild_faces sex,group
