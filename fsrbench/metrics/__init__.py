"""Metrics by name. To add one: write its class in the file of its family and add a line to BUILTIN."""

from __future__ import annotations

from collections.abc import Iterable

from fsrbench.errors import FsrbenchError, UserError, one_line
from fsrbench.metrics.base import Broken
from fsrbench.metrics.base import FeatureMetric as FeatureMetric
from fsrbench.metrics.base import ImageMetric as ImageMetric
from fsrbench.metrics.base import InputMetric as InputMetric
from fsrbench.metrics.base import Metric as Metric
from fsrbench.metrics.base import SpeedMetric as SpeedMetric
from fsrbench.metrics.evaluation import Evaluation as Evaluation
from fsrbench.metrics.evaluation import Faces as Faces
from fsrbench.metrics.evaluation import Summary as Summary
from fsrbench.metrics.facts import Facts as Facts
from fsrbench.metrics.pyiqa_metric import pyiqa_metric
from fsrbench.process.containment import contained
from fsrbench.registry import Registry
from fsrbench.runs.preference import JUDGED

BUILTIN = {
    "psnr": "fsrbench.metrics.quality:Psnr",
    "psnr_y": "fsrbench.metrics.quality:PsnrY",
    "ssim": "fsrbench.metrics.quality:Ssim",
    "ms_ssim": "fsrbench.metrics.quality:MsSsim",
    "lpips": "fsrbench.metrics.pyiqa_metric:Lpips",
    "lpips-vgg": "fsrbench.metrics.pyiqa_metric:LpipsVgg",
    "dists": "fsrbench.metrics.pyiqa_metric:Dists",
    "musiq": "fsrbench.metrics.pyiqa_metric:Musiq",
    "maniqa": "fsrbench.metrics.pyiqa_metric:Maniqa",
    "maniqa-pipal": "fsrbench.metrics.pyiqa_metric:ManiqaPipal",
    "clipiqa": "fsrbench.metrics.pyiqa_metric:Clipiqa",
    "topiq_nr-face": "fsrbench.metrics.pyiqa_metric:TopiqFace",
    "qalign": "fsrbench.metrics.pyiqa_metric:Qalign",
    "niqe": "fsrbench.metrics.niqe:Niqe",
    "niqe_face": "fsrbench.metrics.niqe_face:NiqeFace",
    "grid_artefacts": "fsrbench.metrics.grid_artefacts:GridArtefacts",
    "consistency": "fsrbench.metrics.consistency:Consistency",
    "colour_drift": "fsrbench.metrics.colour:ColourDrift",
    "lightness_drift": "fsrbench.metrics.colour:LightnessDrift",
    "fid": "fsrbench.metrics.distribution:Fid",
    "kid": "fsrbench.metrics.distribution:Kid",
    "fid_face": "fsrbench.metrics.distribution:FidFace",
    "kid_face": "fsrbench.metrics.distribution:KidFace",
    "detection": "fsrbench.metrics.detection:Detection",
    "detection_retinaface": "fsrbench.metrics.detection:DetectionRetinaface",
    "detection_confidence": "fsrbench.metrics.detection:DetectionConfidence",
    "landmark_nme": "fsrbench.metrics.landmarks:LandmarkNme",
    "landmark_nme_dlib": "fsrbench.metrics.landmarks:LandmarkNmeDlib",
    "lmd": "fsrbench.metrics.landmarks:Lmd",
    "lmd_dlib": "fsrbench.metrics.landmarks:LmdDlib",
    "lmd_98": "fsrbench.metrics.landmarks:Lmd98",
    "verification": "fsrbench.metrics.verification:Verification",
    "verification_labelled": "fsrbench.metrics.verification:VerificationLabelled",
    "verification_dlib": "fsrbench.metrics.verification:VerificationDlib",
    "verification_facenet": "fsrbench.metrics.verification:VerificationFacenet",
    "verification_arcface": "fsrbench.metrics.verification:VerificationArcface",
    "verification_pairs": "fsrbench.metrics.verification:VerificationPairs",
    "identity": "fsrbench.metrics.identity:Identity",
    "identity_lr": "fsrbench.metrics.identity:IdentityLr",
    "identity_margin": "fsrbench.metrics.identity_margin:IdentityMargin",
    "identification": "fsrbench.metrics.identification:Identification",
    "identification_open": "fsrbench.metrics.identification_open:IdentificationOpen",
    "latency_ms": "fsrbench.metrics.speed:Latency",
    "throughput": "fsrbench.metrics.speed:Throughput",
    "params": "fsrbench.metrics.speed:Parameters",
    "flops": "fsrbench.metrics.speed:Flops",
    "peak_memory": "fsrbench.metrics.speed:PeakMemory",
}
METRICS = Registry("metric", BUILTIN, group="fsrbench.metrics")

PAPER = (
    "psnr",
    "ssim",
    "ms_ssim",
    "niqe",
    "niqe_face",  # always, so that the default table's columns do not depend on whether niqe can be downloaded
    "detection",
    "verification",
    "verification_labelled",
    "latency_ms",
    "params",
)
PRESETS = {
    "fast": ("psnr", "psnr_y", "ssim", "latency_ms", "params"),
    "paper": PAPER,
    "all": tuple(n for n in BUILTIN if n != "verification_dlib"),  # what `verification` is by default
}


def resolve(names: Iterable[str]) -> list[Metric]:
    """Metrics for names and presets, each once, in the given order; a plug-in that fails becomes a :class:`Broken` one.

    Raises:
        UserError: a name is neither a metric nor a preset.
    """
    wanted = [n for name in names for n in PRESETS.get(name, (name,))]
    return [_make(name) for name in dict.fromkeys(wanted)]


def _make(name: str) -> Metric:
    try:
        with contained():
            metric = METRICS.get(name) if name in METRICS else pyiqa_metric(name)
            if metric is None and name in JUDGED:
                raise UserError(f"{name}: no run measures what people prefer; ask them: fsrbench study make")
            if metric is None:
                raise UserError(f"{METRICS.unknown(name)} (presets: {', '.join(PRESETS)}; and pyiqa's metrics)")
            made: Metric = metric()
            return made
    except UserError:
        raise
    except FsrbenchError as error:
        return Broken(name, error)
    except Exception as error:  # a plug-in's metric may raise anything
        return Broken(name, FsrbenchError(one_line(error)))
