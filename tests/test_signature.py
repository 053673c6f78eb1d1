"""Manifests signed by an SSH key: checked by ssh-keygen alone, and by audit."""

import shutil
import subprocess
from pathlib import Path

import pytest
from cities import DoneCity, Roofwatch

from imagery.errors import InputError, MissingInput
from roofwatch.signature import sign_manifest, signature_fault, signature_of

CALM = ("--executor", "serial", "--quiet")
pytestmark = pytest.mark.skipif(not shutil.which("ssh-keygen"), reason="ssh-keygen is missing")


def make_key(path: Path, passphrase: str = "") -> Path:
    """Make a key; return the file of those who may sign, which holds it alone."""
    words = ["ssh-keygen", "-q", "-t", "ed25519", "-N", passphrase, "-f", str(path)]
    subprocess.run(words, check=True)
    signers = path.with_suffix(".signers")
    signers.write_text(f"maps@city.gov {path.with_suffix('.pub').read_text()}")
    return signers


@pytest.fixture
def manifest(tmp_path: Path) -> Path:
    """Return a manifest."""
    path = tmp_path / "manifest.json"
    path.write_text('{"fire/fire.shp": "00"}')
    return path


def test_others_check_it_without_us(manifest: Path, tmp_path: Path) -> None:
    """The line of the documentation, on what we have signed; the same key signs the same."""
    signers = make_key(tmp_path / "key")
    sign_manifest(manifest, tmp_path / "key")
    first = signature_of(manifest).read_bytes()
    words = ["ssh-keygen", "-Y", "verify", "-f", str(signers), "-I", "maps@city.gov"]
    words += ["-n", "roofwatch", "-s", str(signature_of(manifest))]
    done = subprocess.run(words, input=manifest.read_bytes(), capture_output=True)
    assert done.returncode == 0 and b"Good" in done.stdout

    sign_manifest(manifest, tmp_path / "key")
    assert signature_of(manifest).read_bytes() == first
    assert signature_fault(manifest, signers) == ""


def test_edited_foreign_and_missing_signatures_are_named(manifest: Path, tmp_path: Path) -> None:
    """Each in one line; without a key the signature of an earlier export goes."""
    signers = make_key(tmp_path / "key")
    strangers = make_key(tmp_path / "strange")
    sign_manifest(manifest, tmp_path / "key")

    assert "is not the signature of manifest.json" in signature_fault(manifest, strangers)
    manifest.write_text(manifest.read_text().replace("00", "01"))
    fault = signature_fault(manifest, signers)
    assert "is not the signature of manifest.json" in fault and "\n" not in fault
    signature_of(manifest).write_text("no signature")
    assert "is not the signature of manifest.json" in signature_fault(manifest, signers)
    sign_manifest(manifest, None)
    assert "has no signature" in signature_fault(manifest, signers)


def test_keys_that_cannot_sign(
    manifest: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody is asked for a passphrase, and each remedy is named."""
    make_key(tmp_path / "locked", passphrase="of the chief")
    with pytest.raises(InputError, match=r"locked cannot sign: .*without a passphrase"):
        sign_manifest(manifest, tmp_path / "locked")
    (tmp_path / "no key").write_text("no key")
    with pytest.raises(InputError, match="no key cannot sign"):
        sign_manifest(manifest, tmp_path / "no key")
    assert not signature_of(manifest).exists()

    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(MissingInput, match="need ssh-keygen, which is not installed"):
        sign_manifest(manifest, tmp_path / "locked")


def test_export_signs_and_audit_compares(
    done_city: DoneCity, tmp_path: Path, roofwatch: Roofwatch
) -> None:
    """A key that is not there stops the export before any work."""
    shutil.copytree(done_city.path.parent, tmp_path / "city")
    city = tmp_path / "city/city.toml"
    with city.open("a") as stream:
        stream.write('\n[audit]\nsign = "key"\nsigners = "key.signers"\n')
    manifest = tmp_path / "city/workspace/2023/report/manifest.json"
    before = manifest.read_bytes()

    ran = roofwatch("export", city, "--year", 2023, *CALM)
    assert (ran.code, "[audit] sign: no key at" in ran.error) == (3, True)
    assert manifest.read_bytes() == before

    signers = make_key(tmp_path / "city/key")
    ran = roofwatch("audit", city, *CALM)
    assert (ran.code, "2023/report/manifest.json has no signature" in ran.out) == (3, True)
    assert roofwatch("export", city, "--year", 2023, *CALM).code == 0
    assert signature_fault(manifest, signers) == ""
    assert "2023/report/manifest.json" not in roofwatch("audit", city, *CALM).out
    assert roofwatch("verify", manifest.parents[1], *CALM).code == 0
