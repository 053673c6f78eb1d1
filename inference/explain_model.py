"""What heat maps are made with in a process that holds the whole model."""

from inference.explain_heat import HeatModel
from models.files import Model
from models.network import map_engines


def heat_model(model: Model) -> HeatModel:
    """Return what makes heat maps of a model; its networks are compiled once a process."""
    return HeatModel(
        spec=model.spec, head=model.head, maps=map_engines(model.backbones, model.spec)
    )
