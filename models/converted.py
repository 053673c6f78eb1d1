"""Networks as OpenVINO's files, which a process opens without torch."""

from dataclasses import replace
from pathlib import Path

from models.extract import NetworkSource
from models.features import load_networks


def convert_networks(network: NetworkSource, folder: Path, *, maps: bool) -> None:
    """Write networks as OpenVINO's files into an empty folder.

    Args:
        network: The networks.
        folder: Where the files go.
        maps: Their outputs are the feature maps, not the features.
    """
    # These load torch.
    from models.engine import save_converted
    from models.network import feature_maps

    for backbone, path in zip(load_networks(network), _paths(network, folder), strict=True):
        whole = feature_maps(backbone) if maps else backbone
        save_converted(whole, network.spec.side_px(backbone.name), path)


def with_files(network: NetworkSource, folder: Path, precision: str) -> NetworkSource:
    """Return networks with the files that `convert_networks` wrote.

    Args:
        network: The networks.
        folder: Where the files are; every worker reaches them.
        precision: "bf16" or "fp32".
    """
    return replace(network, converted=_paths(network, folder), precision=precision)


def _paths(network: NetworkSource, folder: Path) -> tuple[Path, ...]:
    return tuple(folder / f"network_{number}.xml" for number in range(len(network.spec.backbones)))
