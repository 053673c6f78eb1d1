"""What heat maps are made with in a process that holds the whole model."""

from inference.explain_heat import HeatModel
from models.features import load_networks
from models.files import Model


def heat_model(model: Model) -> HeatModel:
    """Return what makes heat maps of a model; its networks are compiled once a process."""
    from models.network import map_engines

    maps = map_engines(load_networks(model.network), model.spec)
    return HeatModel(spec=model.spec, head=model.head, maps=maps)
