"""Runs that are killed at random moments, from their first file to their last, end with the scores of one in peace."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
from made import picture_files, write_files
from made.places import ROOT

pytestmark = pytest.mark.kill

KILLS = 10
IMAGES = [f"{i // 3:02}/{i}.png" for i in range(36)]
"""Three shards of 12."""
FLAGS = ["--methods", "bicubic,ours", "--metrics", "psnr,ssim,landmark_nme,params", "--device", "cpu"]

# Forks of one process that has imported everything: only what a run does is to be interrupted
KILLER = """
import json, os, random, shutil, signal, sys, time
import fsrbench.engine.run, fsrbench.gallery.keep
from fsrbench.cli.app import app
from fsrbench.engine import plan
from fsrbench.reports.plots import draw

draw.write_plots = lambda *_: None  # longer than all the rest
plan.SHARD = 12
seed, kills, *flags = json.loads(sys.argv[1])

def start(out):
    if (child := os.fork()) == 0:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        app(["run", *flags, "--out", out])
    return child

def ended(child):
    return os.waitpid(child, os.WNOHANG) != (0, 0)

def kept(out):
    return sorted(name for _, _, files in os.walk(out + "/cache") for name in files)

os.waitpid(start("undisturbed"), 0)
units, moments, found, over = len(kept("undisturbed")), random.Random(seed), [], False
while len(found) < kills:
    if over or len(found) % 2:  # going on alone, most moments would be near the end
        shutil.rmtree("killed", ignore_errors=True)
    before, child = set(kept("killed")), start("killed")
    # After so many new units and a little more: by the clock alone a slow first run would put all moments at the end
    wanted, more = moments.randint(0, units - len(before)), moments.uniform(0, 0.2)
    while not (over := ended(child)) and len(set(kept("killed")) - before) < wanted:
        time.sleep(0.001)
    time.sleep(more)
    if not (over := over or ended(child)):
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        found.append(kept("killed"))
os.waitpid(start("killed"), 0)
print(json.dumps(found))
"""


@pytest.mark.skipif(os.name != "posix", reason="forks, and kills with a POSIX signal")
def test_ten_kills_at_random_moments_change_nothing(tmp_path: Path) -> None:
    write_files(tmp_path / "data", picture_files(IMAGES))
    seed = int.from_bytes(os.urandom(4))
    settings = json.dumps([seed, KILLS, "--data", "data", *FLAGS])
    path = os.pathsep.join([str(ROOT), *sys.path])
    environment = os.environ | {"OMP_NUM_THREADS": "1", "PYTHONPATH": path}
    command = [sys.executable, "-c", KILLER, settings]
    ended = subprocess.run(command, cwd=tmp_path, env=environment, stdout=subprocess.PIPE, text=True, timeout=600)
    assert ended.returncode == 0
    found = json.loads(ended.stdout)
    assert len(found) == KILLS
    print(f"seed {seed}; units kept at the kills: {[len(files) for files in found]}")
    assert len({tuple(files) for files in found}) >= KILLS // 3, "the moments were all the same"
    killed, alone = tmp_path / "killed", tmp_path / "undisturbed"
    for name in ("scores.parquet", "images.csv", "summary.csv", "table.md"):
        same = (killed / name).read_bytes() == (alone / name).read_bytes()
        assert same or name == "scores.parquet", name
    one, other = (pd.read_parquet(folder / "scores.parquet") for folder in (killed, alone))
    pd.testing.assert_frame_equal(one, other, check_exact=True)
    assert not list(killed.rglob("*.part*"))
