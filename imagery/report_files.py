"""Every file name of the reports of a year."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, kw_only=True)
class ReportFiles:
    """The `report/` folder of a year."""

    folder: Path
    """Where it is; it may not exist yet."""

    @property
    def evaluation(self) -> Path:
        """Return the figures of a training, for programs."""
        return self.folder / "evaluation.json"

    @property
    def evaluation_page(self) -> Path:
        """Return the figures of a training, for people."""
        return self.folder / "evaluation.html"

    @property
    def out_of_fold(self) -> Path:
        """Return the scores of labeled roofs by models that had not learned from them."""
        return self.folder / "out_of_fold.parquet"

    @property
    def surprising_labels(self) -> Path:
        """Return the labels that surprise the model most, to be looked at again."""
        return self.folder / "surprising_labels.csv"

    @property
    def looks(self) -> Path:
        """Return which roofs to look at next, to be filled in."""
        return self.folder / "looks.csv"

    @property
    def looked(self) -> Path:
        """Return what looks at the flyover say of it, and of the words."""
        return self.folder / "looked.json"

    @property
    def miss_rate(self) -> Path:
        """Return what visits say of the list."""
        return self.folder / "miss_rate.json"

    @property
    def reach(self) -> Path:
        """Return counts of the parcels without a notice, and what visits say of their list."""
        return self.folder / "reach.json"

    @property
    def heads(self) -> Path:
        """Return the folder with the head of every rung, also of those that do not ship."""
        return self.folder / "heads"

    @property
    def scored_by(self) -> Path:
        """Return label, sha256 and run of the model that scored the year."""
        return self.folder / "model.json"

    @property
    def model_evaluation(self) -> Path:
        """Return the figures of the training whose model scored the year."""
        return self.folder / "model_evaluation.json"

    @property
    def model_card(self) -> Path:
        """Return what the model is for, in words."""
        return self.folder / "model_card.md"

    @property
    def datasheet(self) -> Path:
        """Return what labels and imagery are, in words."""
        return self.folder / "datasheet.md"

    @property
    def risk_table(self) -> Path:
        """Return what answers each question of the NIST AI Risk Management Framework."""
        return self.folder / "nist_ai_rmf.md"

    @property
    def fact_sheet(self) -> Path:
        """Return the year for a council on one sheet."""
        return self.folder / "fact_sheet.html"

    @property
    def look_counts(self) -> Path:
        """Return how many looks people took, by flyover and source."""
        return self.folder / "look_counts.csv"

    @property
    def drift(self) -> Path:
        """Return whether the flyover is like those the model learned from, for programs."""
        return self.folder / "drift.json"

    @property
    def drift_page(self) -> Path:
        """Return whether the flyover is like those the model learned from, for people."""
        return self.folder / "drift.html"

    @property
    def before(self) -> Path:
        """Return the flyover before as the model of this year scores it."""
        return self.folder / "before.parquet"

    @property
    def roll(self) -> Path:
        """Return the vacant roll as it was when the year was scored, with outlines."""
        return self.folder / "roll.parquet"

    @property
    def change(self) -> Path:
        """Return what changed since the flyover before, parcel by parcel."""
        return self.folder / "change.csv"

    @property
    def change_layer(self) -> Path:
        """Return the same as a layer."""
        return self.folder / "change.gpkg"

    @property
    def lead_time(self) -> Path:
        """Return how long before an emergency or a razing a building stood on the list."""
        return self.folder / "lead_time.csv"

    @property
    def lineage(self) -> Path:
        """Return what became of each parcel of the roll before."""
        return self.folder / "lineage.csv"

    @property
    def plan(self) -> Path:
        """Return what crews find by when, for people."""
        return self.folder / "plan.html"

    @property
    def equity(self) -> Path:
        """Return every area by every figure, for a spreadsheet."""
        return self.folder / "equity.csv"

    @property
    def equity_page(self) -> Path:
        """Return whether some areas are served worse than others, for people."""
        return self.folder / "equity.html"

    @property
    def year_page(self) -> Path:
        """Return the year for a council member, a chief and a resident."""
        return self.folder / "year.html"

    @property
    def year_paper(self) -> Path:
        """Return the year on two sheets of paper."""
        return self.folder / "year.pdf"

    @property
    def resident_page(self) -> Path:
        """Return the year for everybody."""
        return self.folder / "resident.html"

    @property
    def resident_counts(self) -> Path:
        """Return what that page counts beside the public table."""
        return self.folder / "resident.csv"

    @property
    def districts(self) -> Path:
        """Return what the year's page counts by district."""
        return self.folder / "districts.csv"

    @property
    def manifest(self) -> Path:
        """Return the sha256 of every file of the year."""
        return self.folder / "manifest.json"
