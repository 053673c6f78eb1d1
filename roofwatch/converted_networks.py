"""Networks converted for OpenVINO once for all runs of a city, and sealed.

Torch takes longer to load them and to convert them than a small training takes in all.
"""

from importlib.metadata import version

from imagery.files import atomic_folder
from imagery.locks import one_at_a_time
from imagery.workspace import NETWORKS
from models.converted import convert_networks, with_files
from models.engine_name import OPENVINO, engine_name
from models.extract import NetworkSource
from models.features import features_key
from roofwatch.console import warn
from roofwatch.seal import trusted_seals, write_seals
from roofwatch.sealed_files import WORKSPACE, sum_of
from roofwatch.year import City

WAIT_S = 600
"""How long a command waits for another one that converts, seconds."""


def convert_once(city: City, network: NetworkSource, *, maps: bool = False) -> NetworkSource:
    """Return networks with OpenVINO's files of them; as they are where another engine runs them.

    The files are made where they are missing, or are not as they were sealed.

    Args:
        city: The city, in whose workspace the files are kept.
        network: The networks.
        maps: Their outputs are the feature maps, not the features.

    Raises:
        Busy: another command has been converting for `WAIT_S`.
        TamperedLog: a line of the audit log does not follow from the line before it.
    """
    engine, *_, precision = engine_name().split("-")
    if engine != OPENVINO:
        return network

    kind = "maps" if maps else "features"
    name = f"{features_key(network)}_{kind}_{version('openvino')}"
    folder = city.workspace.networks / name
    folder.parent.mkdir(parents=True, exist_ok=True)
    with one_at_a_time(folder.parent / ".lock", "converting networks", wait_s=WAIT_S):
        if not _is_sealed(city, name):
            with atomic_folder(folder) as made:
                convert_networks(network, made, maps=maps)
            sums = {f"{NETWORKS}/{name}/{path.name}": sum_of(path) for path in folder.iterdir()}
            write_seals(city.workspace.audit, WORKSPACE, sums)
    return with_files(network, folder, precision)


def _is_sealed(city: City, name: str) -> bool:
    """Tell whether the files of converted networks are those that were sealed, all of them."""
    sealed = {
        file: wanted
        for (subject, file), wanted in trusted_seals(city.workspace.audit).items()
        if subject == WORKSPACE and file.startswith(f"{NETWORKS}/{name}/")
    }
    paths = {city.workspace.folder / file: wanted for file, wanted in sealed.items()}
    if not all(path.is_file() for path in paths):
        return False

    broken = [path for path, wanted in paths.items() if sum_of(path) != wanted]
    for path in broken:
        warn(f"roofwatch: note: {path} not as audit.csv seals it; made anew")
    return bool(paths) and not broken
