"""The error tree. Every message says what, where, got, want and the remedy, on one line.

RoofwatchError                  exit 1   a bug of ours when it escapes bare
|-- UsageError                  exit 2   wrong words on the command line
|-- InputError (ValueError)     exit 3   input that a person must fix
|   |-- ConfigError             exit 3   the city file
|   |-- MissingInput            exit 3   a file or column that is not there (FileNotFoundError)
|   `-- CrsMismatch             exit 3   no CRS, or one that cannot be used
|-- Refused (PermissionError)   exit 4   a gate that does not hold
|   |-- TamperedModel           exit 4   a model file whose checksum does not match
|   |-- TamperedFile            exit 4   a file of the workspace that is not the one that was sealed
|   |   `-- TamperedLedger      exit 4   a ledger
|   `-- TamperedLog             exit 4   an audit log whose chain of hashes is broken
|-- Busy                        exit 3   another command is at work in the same folder
`-- Unbalanced (RuntimeError)   exit 1   vacants in are not rows out
"""

from imagery.values.secrets import mask


class RoofwatchError(Exception):
    """Root of all errors this product raises on purpose."""

    exit_code: int = 1

    def __str__(self) -> str:
        """Return the message on one line, without passwords and signatures of addresses."""
        return mask(" ".join(" ".join(str(part) for part in self.args).split()))


class UsageError(RoofwatchError):
    """The command line was used wrongly."""

    exit_code = 2


class InputError(RoofwatchError, ValueError):
    """Input that a person must fix."""

    exit_code = 3


class ConfigError(InputError):
    """The city file is wrong."""


class MissingInput(InputError, FileNotFoundError):
    """A file, layer or column that the city file names is not there."""


class CrsMismatch(InputError):
    """A coordinate reference system is missing or cannot be used."""


class Refused(RoofwatchError, PermissionError):
    """A gate does not hold; nothing was changed."""

    exit_code = 4


class TamperedModel(Refused):
    """A model file does not match the checksum it was registered with."""


class TamperedFile(Refused):
    """A file is not the one whose checksum was written into the audit log."""


class TamperedLedger(TamperedFile):
    """A ledger is not the one whose checksum `score` wrote into the audit log."""


class TamperedLog(Refused):
    """A line of the audit log does not follow from the line before it."""


class Busy(RoofwatchError):
    """Another command is at work in the same folder; it is no input that could be done without."""

    exit_code = 3


class Unbalanced(RoofwatchError, RuntimeError):
    """Vacants in are not rows out."""


def first_line(error: BaseException) -> str:
    """Return the first line of what an error says, or its kind when it says nothing."""
    text = str(error).strip() or type(error).__name__
    return text.splitlines()[0]
