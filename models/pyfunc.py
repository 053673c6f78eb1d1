"""The file that MLflow runs to load a model ("models from code"); nothing else imports it.

MLflow copies it, and the packages `imagery` and `models`, beside the weights, so that a model also loads where roofwatch is not installed.
"""

from pathlib import Path

import numpy as np
from mlflow.models import set_model
from mlflow.pyfunc.model import PythonModel, PythonModelContext
from numpy.typing import NDArray

from imagery.chips.store import StoredChip
from models.files import load_model
from models.scoring import score_chips

ARTIFACT = "weights"
"""Name of the folder with our own model files within the MLflow artifact."""


class RoofModel(PythonModel):
    """Scores chips: uint8 (N, 4, H, W), RGB and mask, to float64 (N, 3), score, score_low and score_high."""

    def load_context(self, context: PythonModelContext) -> None:
        """Load the weights after their checksum has been compared with the one the model was saved with.

        Raises:
            TamperedModel: it differs.
        """
        self.model = load_model(
            Path(context.artifacts[ARTIFACT]), str(context.model_config["sha256"])
        )

    def predict(
        self,
        context: PythonModelContext,
        model_input: np.ndarray,
        params: dict[str, object] | None = None,
    ) -> NDArray[np.float64]:
        """Score chips of one size; a mask pixel is set where it is not 0. The plain annotation of the input is the one that MLflow takes without a warning."""
        chips = [StoredChip(pixels=chip[:3], mask=chip[3] != 0) for chip in model_input]
        return score_chips(self.model, chips)


set_model(RoofModel())
