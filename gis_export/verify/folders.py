"""Check finished products: those of a run before they are delivered, or a pack from anywhere.

`verify_folder` reads a folder as a stranger would: it trusts no file name but those of the
folders, and needs neither city file nor settings. A ledger beside or above the folder is used when
it is there.
"""

from collections.abc import Collection
from pathlib import Path

from gis_export.verify.finding import LEAK, Finding
from gis_export.verify.product_checks import check_products
from gis_export.verify.product_files import LEDGER_STEM, OTHER_DAYS, find_homes, find_products
from gis_export.verify.sums import MANIFEST, SUMS, check_sums
from gis_export.verify.texts import check_reports, check_texts
from imagery.errors import MissingInput, RoofwatchError
from imagery.roll.parcels import VacantRoll
from inference.ledger import Ledger

__all__ = ["BadProduct", "Finding", "TierLeak", "verify_folder", "verify_notes", "verify_products"]

_NOT_DELIVERED = "nothing was delivered, the previous products were kept"


class TierLeak(RoofwatchError):
    """A product carries a field of a tier that may not read it."""


class BadProduct(RoofwatchError, RuntimeError):
    """A product does not say what the ledger says."""


def verify_folder(
    folder: Path, ledger: Ledger | None = None, *, distrusted: Collection[Path] = ()
) -> list[Finding]:
    """Check every product under a folder: ours, or one that was edited by hand.

    Args:
        folder: A pack, a tier's folder, a year's folder, or a workspace.
        ledger: What to compare it with; None takes the ledger.parquet in the folder or up to two
            folders above.
        distrusted: Ledgers that products are not compared with, because they are not those that
            the products were made from; absolute.

    Returns:
        What is wrong, tier leaks first; nothing for a clean export.

    Raises:
        MissingInput: no such folder, or no product in it.
    """
    if not folder.is_dir():
        raise MissingInput(f"verify: no folder at {folder}; give the folder of a pack")

    products = find_products(folder)
    homes = find_homes(folder)
    if not products and not homes:
        raise MissingInput(
            f"verify: no shapefile, GeoPackage or table under {folder}; give the folder of a pack"
        )

    findings = list(check_products(folder, products, ledger, distrusted))
    findings += [*check_texts(folder), *check_reports(folder)]
    return findings + list(check_sums(folder, homes))


def verify_notes(folder: Path) -> list[str]:
    """Say what `verify_folder` could not check in a folder; nothing of it is wrong."""
    homes = [home.resolve() for home in find_homes(folder)]
    products = []
    without_sums = []
    for path in find_products(folder):
        if path.name in OTHER_DAYS or path.stem == LEDGER_STEM:
            continue
        products.append(path)
        if not any(path.resolve().is_relative_to(home) for home in homes):
            without_sums.append(path)

    if not without_sums:
        return []

    which = ""
    if len(without_sums) < len(products):
        which = f" of {len(without_sums)} of {len(products)} products, such as {without_sums[0]}"
    return [
        f"{folder}: checksums{which} were not checked: there is neither {SUMS} nor {MANIFEST}, "
        "so a changed file is found only when its contents are wrong"
    ]


def verify_products(out: Path, ledger: Ledger, roll: VacantRoll) -> None:
    """Check every product that an export has just written under `out`.

    Raises:
        TierLeak: a product carries a field of another tier.
        BadProduct: fields, widths, counts, words or scores are wrong.
    """
    products = find_products(out)
    for tier in ("fire", "housing"):
        for suffix in (".shp", ".gpkg"):
            path = out / tier / f"{tier}{suffix}"
            if path not in products:
                raise BadProduct(f"{path} was not written; {_NOT_DELIVERED}")

    for finding in (*check_products(out, products, ledger, ()), *check_texts(out)):
        if finding.what == LEAK:
            raise TierLeak(str(finding))
        raise BadProduct(f"{finding}; {_NOT_DELIVERED}")
