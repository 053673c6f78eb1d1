"""Where the models of a city are registered; loads torch."""

import re

from imagery.workspace import Workspace
from models.database import database_address
from models.registry import Registry
from roofwatch.city_file import CityFile


def open_registry(file: CityFile, workspace: Workspace) -> Registry:
    """Return where the city's models are registered; the workspace is made."""
    workspace.folder.mkdir(parents=True, exist_ok=True)
    name = file.city.name
    slug = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")

    return Registry(
        uri=file.mlflow.uri or database_address(workspace.mlflow_db),
        artifacts=str(workspace.mlruns),
        experiment=name,
        model=f"{slug}-roof",
    )
