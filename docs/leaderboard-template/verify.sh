#!/usr/bin/env bash
# Verify every bundle; writes a verdict beside each, which the board reads, and a JUnit report. Fails if one is refused.
set -u
shopt -s nullglob dotglob # hidden bundles are verified as well
bundles=(bundles/*.zip)
if [ ${#bundles[@]} -eq 0 ]; then
  echo "bundles/ holds no bundle (*.zip)" >&2
  exit 2
fi
rm -rf bundles/*.verdict.json reports # a verdict that came with a bundle was written by its author
mkdir reports

again=()
for source in ${DATA:-}; do
  again+=(--data "$source")
done

status=0
for bundle in "${bundles[@]}"; do
  echo "== $bundle"
  name=$(basename "$bundle" .zip)
  fsrbench verify "$bundle" ${again[@]+"${again[@]}"} --out "$bundle.verdict.json" \
    --format junit --output "reports/$name.xml" || status=1
done
exit $status
