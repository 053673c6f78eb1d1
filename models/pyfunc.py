"""The file that MLflow runs to load a model ("models from code"); nothing else imports it.

`mlflow.pyfunc.load_model` runs code: this file, and the rooms `imagery` and `models` that MLflow
copied beside the weights. The checksum covers the weights, not that code. So load a package only
from a registry that you trust; roofwatch itself reads the weights alone and runs none of it.

Because the code travels along, a model also loads where roofwatch is not installed.
"""

from pathlib import Path

import numpy as np
from mlflow.models import set_model
from mlflow.pyfunc.model import PythonModel, PythonModelContext
from numpy.typing import NDArray

try:
    from imagery.chips.store import StoredChip
    from models.files import load_model
    from models.scoring import score_chips
except ImportError as error:
    if error.name is None or error.name.partition(".")[0] not in ("imagery", "models"):
        raise
    raise ImportError(
        f"{error.name} of this model is hidden by another version of roofwatch that this process "
        "has imported; load the model in a fresh process"
    ) from error

ARTIFACT = "weights"
"""Name of the folder with our own model files within the MLflow artifact."""


class RoofModel(PythonModel):
    """Scores chips.

    It takes uint8 (N, 4, H, W), RGB and mask, and gives float64 (N, 3): score, score_low and
    score_high.
    """

    def load_context(self, context: PythonModelContext) -> None:
        """Load the weights after comparing their checksum with the one they were saved with.

        Raises:
            TamperedModel: it differs.
        """
        folder = Path(context.artifacts[ARTIFACT])
        self.model = load_model(folder, str(context.model_config["sha256"]))

    def predict(
        self,
        context: PythonModelContext,
        model_input: np.ndarray,
        params: dict[str, object] | None = None,
    ) -> NDArray[np.float64]:
        """Score chips of one size; a mask pixel is set where it is not 0."""
        # MLflow takes the plain annotation of the input without a warning, but no NDArray.
        chips = [StoredChip(pixels=planes[:3], mask=planes[3] != 0) for planes in model_input]
        return score_chips(self.model, chips)


set_model(RoofModel())
