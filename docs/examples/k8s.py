"""Run on a Kubernetes cluster with the Dask operator; `pip install dask-kubernetes` beside fsrbench.

Start it in a pod of the same cluster with the same image and volume: timing and summaries are made there. IMAGE needs
`pip install fsrbench[cluster]`; CLAIM is a PersistentVolumeClaim that many nodes may write (ReadWriteMany).
"""

from __future__ import annotations

import subprocess
from typing import Any

from dask_kubernetes.operator import KubeCluster, make_cluster_spec

WORKERS = 20
IMAGE, CLAIM, SHARED = "registry.example.org/fsrbench:0.1.0", "faces", "/shared"
EACH = {"requests": {"cpu": "2", "memory": "8Gi"}, "limits": {"cpu": "2", "memory": "8Gi"}}
"""For GPUs add "nvidia.com/gpu": "1" to the limits."""
DATA, OUT = f"{SHARED}/faces.zip", f"{SHARED}/runs/faces"
COMMAND = "fsrbench run --methods bicubic,scgan,ours --data {data} --out {out} --scheduler {scheduler}"


def cluster_spec() -> dict[str, Any]:
    """The operator's default specification, with the shared volume in the workers."""
    worker = ["dask", "worker", "--nthreads", EACH["limits"]["cpu"]]
    spec: dict[str, Any] = make_cluster_spec(
        name="fsrbench", image=IMAGE, n_workers=WORKERS, resources=EACH, worker_command=worker
    )
    pod = spec["spec"]["worker"]["spec"]
    pod["volumes"] = [{"name": "shared", "persistentVolumeClaim": {"claimName": CLAIM}}]
    pod["containers"][0]["volumeMounts"] = [{"name": "shared", "mountPath": SHARED}]
    return spec


def main() -> int:
    """Start the workers, run, and end them; return the exit code of ``fsrbench run``."""
    with KubeCluster(custom_cluster_spec=cluster_spec()) as cluster:
        print(f"scheduler: {cluster.scheduler_address}", flush=True)
        cluster.wait_for_workers(1)
        command = COMMAND.format(data=DATA, out=OUT, scheduler=cluster.scheduler_address)
        return subprocess.run(command.split(), check=False).returncode


if __name__ == "__main__":
    raise SystemExit(main())
