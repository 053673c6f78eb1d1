"""Every file name of a workspace, in one place: what a run leaves, and where the next one looks."""

from dataclasses import dataclass
from pathlib import Path

from imagery.report_files import ReportFiles

SOURCES = "sources"
"""Folder of the snapshots of services, in the workspace."""
NETWORKS = "networks"
"""Folder of the converted networks, in the workspace."""


@dataclass(frozen=True, kw_only=True)
class ChipFiles:
    """The `chips/` folder of a year."""

    folder: Path
    """Where it is; it may not exist yet."""

    @property
    def manifest(self) -> Path:
        """Return the table with a row per vacant parcel."""
        return self.folder / "manifest.parquet"

    @property
    def plan(self) -> Path:
        """Return what the chips were cut from."""
        return self.folder / "plan.json"

    @property
    def pieces(self) -> Path:
        """Return the folder of pieces that parcels on seams are made of."""
        return self.folder / "pieces"

    @property
    def aside(self) -> Path:
        """Return the folder of shards whose chips are wanted in others, during a run."""
        return self.folder / "aside"

    @property
    def features(self) -> Path:
        """Return the network features and named measures of every chip."""
        return self.folder / "features.parquet"

    @property
    def relit_features(self) -> Path:
        """Return the features of copies in other light, from which training learns."""
        return self.folder / "features_relit.parquet"

    @property
    def flyover_stats(self) -> Path:
        """Return mean and spread of the features over all chips."""
        return self.folder / "flyover_stats.json"


@dataclass(frozen=True, kw_only=True)
class ReachFiles:
    """The `reach/` folder of a year: parcels without a notice, apart from everything else."""

    folder: Path
    """Where it is; it may not exist yet."""

    @property
    def chips(self) -> ChipFiles:
        """Return where their chips are."""
        return ChipFiles(folder=self.folder / "chips")

    @property
    def table(self) -> Path:
        """Return their ledger."""
        return self.folder / "reach.parquet"

    @property
    def table_csv(self) -> Path:
        """Return their ledger as CSV."""
        return self.folder / "reach.csv"


@dataclass(frozen=True, kw_only=True)
class YearFiles:
    """The folder of one year."""

    folder: Path
    """Where it is; it may not exist yet."""

    @property
    def check(self) -> Path:
        """Return the intake report, for programs."""
        return self.folder / "check.json"

    @property
    def check_page(self) -> Path:
        """Return the intake report, for people."""
        return self.folder / "check.html"

    @property
    def chips(self) -> ChipFiles:
        """Return where the chips are."""
        return ChipFiles(folder=self.folder / "chips")

    @property
    def reach(self) -> ReachFiles:
        """Return where parcels without a notice are."""
        return ReachFiles(folder=self.folder / "reach")

    @property
    def left_chips(self) -> ChipFiles:
        """Return where the chips of labeled parcels are that have left the vacant roll."""
        return ChipFiles(folder=self.folder / "left_chips")

    @property
    def registration(self) -> Path:
        """Return how far each tile is displaced."""
        return self.folder / "registration.json"

    @property
    def model(self) -> Path:
        """Return the folder of the model that was trained in the year."""
        return self.folder / "model"

    @property
    def ledger(self) -> Path:
        """Return the ledger."""
        return self.folder / "ledger.parquet"

    @property
    def ledger_csv(self) -> Path:
        """Return the ledger as CSV."""
        return self.folder / "ledger.csv"

    @property
    def explain(self) -> Path:
        """Return the folder of pictures that explain scores."""
        return self.folder / "explain"

    @property
    def explain_table(self) -> Path:
        """Return the table of these pictures."""
        return self.explain / "explain.csv"

    @property
    def evidence(self) -> Path:
        """Return the folder of evidence packets that people asked for one by one."""
        return self.folder / "evidence"

    @property
    def storm(self) -> Path:
        """Return the folder with a folder for each storm, by its day."""
        return self.folder / "storm"

    @property
    def desk(self) -> Path:
        """Return the folder with the roofs that were drawn for the desk."""
        return self.folder / "desk"

    @property
    def report(self) -> ReportFiles:
        """Return where the reports are."""
        return ReportFiles(folder=self.folder / "report")

    @property
    def fire(self) -> Path:
        """Return the folder of the fire department."""
        return self.folder / "fire"

    @property
    def housing(self) -> Path:
        """Return the folder of the housing department."""
        return self.folder / "housing"

    @property
    def data(self) -> Path:
        """Return the folder of the data team."""
        return self.folder / "data"

    @property
    def public(self) -> Path:
        """Return the folder that anyone may see."""
        return self.folder / "public"


@dataclass(frozen=True, kw_only=True)
class Workspace:
    """The workspace of a city."""

    folder: Path
    """Where it is; it may not exist yet."""

    @property
    def mlflow_db(self) -> Path:
        """Return MLflow's database."""
        return self.folder / "mlflow.db"

    @property
    def mlruns(self) -> Path:
        """Return the folder of MLflow's files."""
        return self.folder / "mlruns"

    @property
    def looks_db(self) -> Path:
        """Return the book of looks."""
        return self.folder / "looks.db"

    @property
    def audit(self) -> Path:
        """Return the audit log."""
        return self.folder / "audit.csv"

    @property
    def deliveries(self) -> Path:
        """Return the folder with every dispatch delivery."""
        return self.folder / "deliveries"

    @property
    def dispatch_state(self) -> Path:
        """Return what dispatch holds since the last delivery."""
        return self.folder / "dispatch_state.csv"

    @property
    def dispatch_log(self) -> Path:
        """Return the log of all deliveries."""
        return self.folder / "dispatch_log.csv"

    @property
    def dispatch_deletes(self) -> Path:
        """Return the deletes that people confirmed."""
        return self.folder / "dispatch_deletes.csv"

    @property
    def sources(self) -> Path:
        """Return the folder with a folder of snapshots for each day on which one was taken."""
        return self.folder / SOURCES

    @property
    def networks(self) -> Path:
        """Return the folder of networks converted for this machine; it may be removed."""
        return self.folder / NETWORKS

    def year(self, year: int) -> YearFiles:
        """Return the files of one year."""
        return YearFiles(folder=self.folder / str(year))
