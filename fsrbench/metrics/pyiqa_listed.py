"""The metrics of pyiqa that are listed by name: each one's network, and how it prepares a picture."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf
from typing import Final

WEIGHTS: Final = "huggingface.co/chaofengc/IQA-PyTorch-Weights"
"""Where pyiqa's files come from; the last eight digits of a name are the first of its sha256."""
TORCHVISION: Final = "download.pytorch.org/models"


@dataclass(frozen=True)
class Listed:
    """What is known of one metric. Values are those of pyiqa's defaults, which papers inherit."""

    title: str
    doc: str
    protocol: str
    """Network, training data, and what it does with a picture of the task's size."""
    files: tuple[str, ...]
    """Weight files, each with its source; the first is the metric's own, the others those of networks in it."""
    bounds: tuple[float, float] = (-inf, inf)
    by_hand: bool = False
    """Whether the weights are so large that only ``fsrbench weights fetch`` downloads them."""
    any_size: bool = False
    """Whether pictures of every size can be scored, so that no trial is needed."""
    folder: str = "pyiqa"
    """Folder of the first file in torch's or Hugging Face's cache."""

    @property
    def stored_as(self) -> str:
        """The first file's path below that folder."""
        return f"{self.folder}/{self.files[0].partition(' ')[0].rpartition('/')[2]}"


_ALEX = f"{TORCHVISION}/alexnet-owt-7be5be79.pth"
_VGG = f"{TORCHVISION}/vgg16-397923af.pth"
_VIT = "timm/vit_base_patch8_224.augreg2_in21k_ft_in1k of huggingface.co"
_LPIPS = "Learned perceptual distance (Zhang et al., CVPR 2018) by {}: squared distances of unit-length features, "
_LPIPS += "weighted by channel, mean over pixels, sum over five layers. Not negative, lower is better."
_MANIQA = "Naturalness by a vision transformer with attention over channels and places (MANIQA, Yang et al., CVPRW "
_MANIQA += "2022), trained on {}. About 0 to 1, higher is better."
_CROPS = (
    "20 crops of 224 px, the first four rows of a 5 x 5 grid (of 512 px the lowest 72 are in none), pictures up to "
)
_CROPS += "224 px enlarged to 225 px; mean over all patches of the crops, by the network's weights"
LISTED: Final = {
    "lpips": Listed(
        "LPIPS",
        _LPIPS.format("AlexNet"),
        "AlexNet, version 0.1, weights of channels learned on BAPPS; input in [-1, 1], not resized",
        (f"{WEIGHTS}/LPIPS_v0.1_alex-df73285e.pth", _ALEX),
        (0, inf),
    ),
    "lpips-vgg": Listed(
        "LPIPS (VGG)",
        _LPIPS.format("VGG16"),
        "VGG16, version 0.1, weights of channels learned on BAPPS; input in [-1, 1], not resized",
        (f"{WEIGHTS}/LPIPS_v0.1_vgg-a78928a0.pth", _VGG),
        (0, inf),
    ),
    "dists": Listed(
        "DISTS",
        "Structure and texture distance (Ding et al., IEEE TPAMI 44, 2022) by VGG16: 1 less a weighted sum over "
        "layers and channels of SSIM-like terms of means and covariances of features. From 0 on, lower is better.",
        "VGG16, weights learned on KADID-10k and textures; not resized (the authors' script reduces to 256 px)",
        (f"{WEIGHTS}/DISTS_weights-f5e65c96.pth", _VGG),
    ),
    "musiq": Listed(
        "MUSIQ",
        "Naturalness by a transformer on several sizes of the picture (MUSIQ, Ke et al., ICCV 2021), trained on "
        "KonIQ-10k. About 0 to 100, higher is better.",
        "trained on KonIQ-10k; patches of 32 px of the picture at its own size and resized to 224 and 384 px (bicubic, "
        "no antialiasing)",
        (f"{WEIGHTS}/musiq_koniq_ckpt-e95806b9.pth",),
        any_size=True,
    ),
    "maniqa": Listed(
        "MANIQA",
        _MANIQA.format("KonIQ-10k"),
        f"ViT-B/8, trained on KonIQ-10k, scale 0.8; {_CROPS}",
        (f"{WEIGHTS}/ckpt_koniq10k.pt", _VIT),
        any_size=True,
    ),
    "maniqa-pipal": Listed(
        "MANIQA (PIPAL)",
        _MANIQA.format("PIPAL"),
        f"ViT-B/8, trained on PIPAL, scale 0.13; {_CROPS}",
        (f"{WEIGHTS}/MANIQA_PIPAL-ae6d356b.pth", _VIT),
        any_size=True,
    ),
    "clipiqa": Listed(
        "CLIP-IQA",
        "Naturalness by CLIP (Wang et al., AAAI 2023): how much more the picture resembles 'Good image' than 'bad "
        "image', and so on for five pairs of texts, mean of the pairs' softmax. From 0 to 1, higher is better.",
        "CLIP RN50 without positional embedding, five pairs of prompts where the paper has one; not resized",
        ("openaipublic.azureedge.net/clip/models/.../RN50.pt (sha256 afeb0e10f9e5...)",),
        (0, 1),
        any_size=True,
        folder="clip",
    ),
    "topiq_nr-face": Listed(
        "TOPIQ (face)",
        "Quality of a face from semantics down to details (TOPIQ, Chen et al., IEEE TIP 33, 2024), trained on faces. "
        "About 0 to 1, higher is better; none where no face is found.",
        "ResNet-50, trained on CGFIQA-40k (before October 2024 pyiqa's had GFIQA-20k); the face that facexlib's "
        "RetinaFace finds, warped to 512 px; pictures without one have no number",
        (
            f"{WEIGHTS}/topiq_nr_cgfiqa_res50-0a8b8e4f.pth",
            "timm/resnet50.a1_in1k of huggingface.co",
            "github.com/xinntao/facexlib/releases/download/v0.1.0/detection_Resnet50_Final.pth",
            "github.com/xinntao/facexlib/releases/download/v0.2.2/parsing_parsenet.pth",
        ),
        any_size=True,
    ),
    "qalign": Listed(
        "Q-Align",
        "Quality in the words of a language model (Q-Align, Wu et al., ICML 2024): the mean of the levels bad, poor, "
        "fair, good and excellent, weighted by their probabilities. From 1 to 5, higher is better.",
        "OneAlign (mPLUG-Owl2, 8 thousand million parameters, fp16); resized to 448 px",
        ("huggingface.co/models--q-future--one-align (16 GB)",),
        (1, 5),
        by_hand=True,
        any_size=True,
        folder="hub",
    ),
}
