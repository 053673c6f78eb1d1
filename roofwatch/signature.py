"""A signature of the manifest by an SSH key, which `ssh-keygen -Y verify` checks without us.

The manifest holds the checksum of every product, and of each SHA256SUMS with the head of the audit
log, so that one signature stands for all of them.
"""

import subprocess
from pathlib import Path

from imagery.errors import InputError, MissingInput
from imagery.files import atomic_path

NAMESPACE = "roofwatch"
"""What the signature is for, as SSH keeps signatures for one purpose from passing for another."""
WAIT_S = 60.0
"""Seconds that ssh-keygen may take."""


def signature_of(manifest: Path) -> Path:
    """Return where the signature of a manifest lies."""
    return manifest.with_name(f"{manifest.name}.sig")


def sign_manifest(manifest: Path, key: Path | None) -> None:
    """Sign a manifest, or remove a signature of an earlier one.

    Args:
        manifest: The file.
        key: An SSH key without a passphrase, or the public half of one that an agent holds;
            None signs nothing.

    Raises:
        InputError: the key cannot sign.
    """
    signature = signature_of(manifest)
    signature.unlink(missing_ok=True)
    if key is None:
        return
    done = _run_ssh_keygen(["sign", "-f", str(key)], manifest)
    if done.returncode:
        raise InputError(
            f"[audit] sign: {key} cannot sign: {_why(done)}; give a key that its owner alone may "
            "read, without a passphrase or held by an agent"
        )
    with atomic_path(signature) as temporary:
        temporary.write_bytes(done.stdout)


def check_key(key: Path | None) -> None:
    """Look for the key before any work.

    Raises:
        MissingInput: there is none.
    """
    if key is not None and not key.is_file():
        raise MissingInput(f"[audit] sign: no key at {key}; make one with `ssh-keygen -t ed25519`")


def signature_fault(manifest: Path, signers: Path) -> str:
    """Return why a manifest does not count as signed by one of those who may; "" when it does.

    Args:
        manifest: The file.
        signers: Who may sign, as `ssh-keygen` reads ALLOWED SIGNERS.

    Raises:
        MissingInput: there is no such file.
    """
    if not signers.is_file():
        raise MissingInput(
            f"[audit] signers: no file at {signers}; see ALLOWED SIGNERS in `man ssh-keygen`"
        )
    signature = signature_of(manifest)
    if not signature.exists():
        return f"{manifest} has no signature; name a key in [audit] sign and export again"

    allowed = ["-f", str(signers), "-s", str(signature)]
    found = _run_ssh_keygen(["find-principals", *allowed], manifest)
    names = found.stdout.decode(errors="replace").split()
    if found.returncode == 0 and names:
        found = _run_ssh_keygen(["verify", *allowed, "-I", names[0]], manifest)
        if found.returncode == 0:
            return ""
    return (
        f"{signature} is not the signature of {manifest.name} by anybody in {signers.name}: "
        f"{_why(found)}; restore both from a backup, or export again"
    )


def _run_ssh_keygen(words: list[str], manifest: Path) -> "subprocess.CompletedProcess[bytes]":
    """Run `ssh-keygen -Y` with a manifest as input, without a terminal to ask for a passphrase.

    Raises:
        MissingInput: it is not installed.
        InputError: it does not end.
    """
    action, *options = words
    try:
        with manifest.open("rb") as content:
            return subprocess.run(
                ["ssh-keygen", "-Y", action, "-n", NAMESPACE, *options],
                stdin=content,
                capture_output=True,
                timeout=WAIT_S,
                start_new_session=True,
            )
    except FileNotFoundError as error:
        raise MissingInput(
            "[audit] sign and signers need ssh-keygen, which is not installed; install OpenSSH 8.2 "
            "or newer, or take them out of the city file"
        ) from error
    except subprocess.TimeoutExpired as error:
        raise InputError(
            f"[audit]: ssh-keygen -Y {action} did not end in {WAIT_S:.0f} s; try it by hand"
        ) from error


def _why(done: "subprocess.CompletedProcess[bytes]") -> str:
    lines = (done.stderr + done.stdout).decode(errors="replace").strip().splitlines()
    return lines[-1].strip() if lines else f"exit code {done.returncode}"
