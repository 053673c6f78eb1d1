"""The keys of [train] in the city file."""

from dataclasses import dataclass, field

from imagery.settings import key
from training.aims import Aims

MODES = ("frozen", "finetune")


@dataclass(frozen=True, kw_only=True)
class TrainSettings(Aims):
    """How the model learns, and what its words must keep."""

    mode: str = field(
        default="frozen",
        metadata=key(
            '"frozen": a head on the features of a frozen network, in seconds; '
            '"finetune": the network learns too.'
        ),
    )
    folds: int = field(default=5, metadata=key("Folds of whole blocks."))
    penalty: float = field(
        default=1.0, metadata=key("L2 penalty of the head, in units of one label.")
    )
    light: float = field(
        default=0.1,
        metadata=key(
            "Share of a label's weight that its copy in other light carries; 0 makes no copies."
        ),
    )
    rung_margin: float = field(
        default=0.02,
        metadata=key(
            "Average precision by which another rung has to be better, beyond chance, to ship in "
            "place of the joined one."
        ),
    )
    visits: int = field(
        default=50, metadata=key("Precision and recall are reported among this many roofs.")
    )
    seed: int = field(default=0, metadata=key("Seed of the bootstrap."))
    bootstrap: int = field(default=500, metadata=key("Bootstrap repetitions for intervals."))
    gate_margin: float = field(
        default=0.02,
        metadata=key("A challenger may fall behind the champion by this much average precision."),
    )
    epochs: int = field(
        default=8,
        metadata=key("Fine-tuning: most passes over the labels; early stopping may take fewer."),
    )
    learning_rate: float = field(
        default=2e-4,
        metadata=key(
            "Fine-tuning: highest learning rate of the last segment of the network. "
            "Earlier segments learn more slowly, the head faster."
        ),
    )
    batch: int = field(
        default=32, metadata=key("Fine-tuning: chips per step, all processes together.")
    )
    unfreeze: int = field(
        default=1,
        metadata=key(
            "Fine-tuning: how many of the three segments of the network learn, from the last."
        ),
    )
    label_smoothing: float = field(
        default=0.05, metadata=key("Fine-tuning: share of a label's certainty that is taken away.")
    )
    ema: float = field(
        default=0.1,
        metadata=key(
            "Fine-tuning: share of all steps over which the weights are averaged; 0 "
            "does not average."
        ),
    )
    workers: int = field(
        default=0,
        metadata=key(
            "Fine-tuning: processes that read and augment chips; 0 reads in the training process."
        ),
    )

    def __post_init__(self) -> None:
        """Check the ranges."""
        super().__post_init__()
        self._check_figures()
        self._check_head()
        self._check_finetuning()

    def _check_figures(self) -> None:
        counts_fit = self.folds >= 2 and self.bootstrap >= 1 and self.visits >= 1
        if not counts_fit or self.seed < 0 or self.mode not in MODES:
            raise ValueError(
                f"{self}: want folds >= 2, bootstrap >= 1, visits >= 1, seed >= 0, "
                f"mode one of {', '.join(MODES)}"
            )

    def _check_head(self) -> None:
        margins_fit = self.rung_margin >= 0 and self.gate_margin >= 0
        if not (self.penalty > 0 and 0 <= self.light < 1 and margins_fit):
            raise ValueError(
                f"{self}: want penalty > 0, light in [0, 1), rung_margin >= 0, gate_margin >= 0"
            )

    def _check_finetuning(self) -> None:
        counts_fit = self.epochs >= 1 and self.batch >= 1 and self.workers >= 0
        if not (counts_fit and 0 < self.learning_rate <= 1 and 0 <= self.unfreeze <= 3):
            raise ValueError(
                f"{self}: want epochs >= 1, learning_rate in (0, 1], batch >= 1, "
                "unfreeze 0 to 3, workers >= 0"
            )
        if not (0 <= self.label_smoothing < 1 and 0 <= self.ema <= 1):
            raise ValueError(f"{self}: want label_smoothing in [0, 1), ema in [0, 1]")
