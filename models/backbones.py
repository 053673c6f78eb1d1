"""What is fixed about any network that a city file can name. No torch for listed ones."""

from models.backbone_kind import BACKBONES, TIMM, BackboneKind


def backbone_kind(name: str, input_px: int = 0) -> BackboneKind:
    """Return what is fixed about a network.

    Args:
        name: Of `BACKBONES`, or "timm:" and a name of timm.
        input_px: Side of the input, pixels; 0 for the one it was trained on.

    Raises:
        ValueError: no such network, or it does not take such images.
    """
    if name.startswith(TIMM):
        # timm and torch are loaded only where one of its networks is named.
        from models.timm_backbones import timm_kind

        return timm_kind(name, input_px)

    if name not in BACKBONES:
        raise ValueError(
            f"backbone is {name!r}, want one of {', '.join(BACKBONES)}, "
            f'"{TIMM}" and a name of timm, or several joined by +'
        )
    return BACKBONES[name]
