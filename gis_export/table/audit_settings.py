"""Areas by which equity is audited, and who signs: [audit] of the city file."""

from dataclasses import dataclass, field
from pathlib import Path

from imagery.errors import ConfigError
from imagery.settings import key


@dataclass(frozen=True, kw_only=True)
class AuditArea:
    """An attribute of places, such as a census class; one such section for each."""

    name: str = field(metadata=key('What the page calls it, such as "census tract class".'))
    column: str = field(metadata=key("Column that names the area or its class; 50 values at most."))
    path: Path | None = field(
        default=None,
        metadata=key("Vector layer of polygons; without it the column is one of [parcels] path."),
    )
    layer: str = field(
        default="", metadata=key('Layer; "" where only one of the file could be meant.')
    )

    def __post_init__(self) -> None:
        """Check that it has a name and a column."""
        for name in ("name", "column"):
            if not getattr(self, name).strip():
                raise ConfigError(f'[[audit.areas]] {name} is "", want text')


@dataclass(frozen=True, kw_only=True)
class AuditSettings:
    """Areas for `report/equity.html`, which no model and no list ever sees; and who signs."""

    areas: tuple[AuditArea, ...] = field(default=(), metadata=key("[[audit.areas]]."))
    sign: Path | None = field(
        default=None,
        metadata=key("SSH key with which `export` signs `report/manifest.json`; needs ssh-keygen."),
    )
    signers: Path | None = field(
        default=None,
        metadata=key(
            "Who may sign, as `ssh-keygen` reads ALLOWED SIGNERS; then `audit` wants a signature "
            "of every manifest."
        ),
    )

    def __post_init__(self) -> None:
        """Check that each name stands for one attribute."""
        names = [area.name for area in self.areas]
        for name in names:
            if names.count(name) > 1:
                raise ConfigError(f"[[audit.areas]] name is {name!r} twice, want each name once")
