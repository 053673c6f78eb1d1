"""What a year's camera makes of the scene: haze, color, sharpness, sensor noise."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, kw_only=True, slots=True)
class Camera:
    """One year's camera and air."""

    gain: tuple[float, float, float]
    """Red, green, blue gain."""
    haze: tuple[float, float, float]
    """Red, green, blue light added by the air, 0-255."""
    gamma: float
    """Tone curve; below 1 lifts the shadows."""
    blur_px: float
    """Standard deviation of the lens blur, pixels."""
    noise: float
    """Standard deviation of the sensor noise, gray values."""
    sharpen: float
    """Strength of the vendor's unsharp mask."""


CAMERAS = {
    2022: Camera(
        gain=(1.02, 1.0, 1.0), haze=(9, 12, 17), gamma=0.86, blur_px=0.70, noise=3.2, sharpen=0.5
    ),
    2023: Camera(
        gain=(1.07, 1.01, 0.90), haze=(14, 13, 12), gamma=0.80, blur_px=0.85, noise=2.4, sharpen=0.2
    ),
    2024: Camera(
        gain=(0.97, 1.01, 1.08), haze=(5, 8, 14), gamma=0.90, blur_px=0.62, noise=4.2, sharpen=0.7
    ),
}


def photograph(
    rng: np.random.Generator, scene: NDArray[np.uint8], camera: Camera
) -> NDArray[np.uint8]:
    """Return the scene (H, W, 3) as this camera delivers it.

    Each picture differs a little in exposure.
    """
    exposure = 1.0 + 0.025 * float(rng.standard_normal())
    image = np.asarray(cv2.LUT(scene, _tone_curves(camera, exposure)), dtype=np.uint8)
    image = np.asarray(cv2.GaussianBlur(image, (0, 0), camera.blur_px), dtype=np.uint8)

    grain = rng.standard_normal(image.shape[:2], dtype=np.float32) * camera.noise
    grain = cv2.GaussianBlur(grain, (0, 0), 0.55) * 1.3
    soft = cv2.GaussianBlur(image, (0, 0), 1.6)
    sharp = cv2.addWeighted(image, 1 + camera.sharpen, soft, -camera.sharpen, 0.0, dtype=cv2.CV_32F)
    return np.clip(sharp + grain[..., None], 1, 254).astype(np.uint8)


def _tone_curves(camera: Camera, exposure: float) -> NDArray[np.uint8]:
    """Return what each level of red, green and blue becomes, (1, 256, 3)."""
    levels = np.arange(256) / 255.0
    curves = []
    for gain, haze in zip(camera.gain, camera.haze, strict=True):
        curves.append(haze + (255 - haze) * exposure * gain * levels**camera.gamma * 0.94)

    table = np.round(np.stack(curves, axis=-1))
    return np.clip(table, 0, 255).astype(np.uint8)[None]
