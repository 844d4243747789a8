"""A database is born once, demo or real, with its own keys; later starts only check that they still belong together."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from playhouse.migrations import Runner

import keys
import models
from actions import journal
from actions.county_settings import county
from models import Installation
from settings import Settings

MIGRATIONS = Path(__file__).parent.parent / "migrations"


class WrongKeys(RuntimeError):
    """The keys in the folder are not those this database was made with."""


class WrongKind(RuntimeError):
    """A real database stays real and a demo stays a demo."""


def migrate(settings: Settings, *, demo: bool, now: datetime) -> list[str]:
    """Make the database, or bring it up to date; give the names of the steps taken.

    Keys are made only with an empty database. Raises WrongKeys, WrongKind, keys.KeysMissing.
    """
    folder = settings.keys_path
    if settings.database.startswith("sqlite:///"):
        Path(settings.database.removeprefix("sqlite:///")).parent.mkdir(parents=True, exist_ok=True)
    settings.blobs_path.mkdir(parents=True, exist_ok=True, mode=0o700)
    database = models.open_database(settings.database)
    database.connect(reuse_if_open=True)
    try:
        new = not database.table_exists("installation")
        if new and not (folder / keys.FILE).exists():
            keys.make(folder)
        keyring = keys.read(folder)
        models.bind(database, keyring)
        steps: list[str] = Runner(database, str(MIGRATIONS)).up()
        if new:
            with models.transaction(county()):
                made = Installation.create(
                    kind="demo" if demo else "real", fingerprint=keys.fingerprint(keyring), made_at=now
                )
                body = {"kind": made.kind, "fingerprint": made.fingerprint}
                born = journal.Deed("database.made", county(), body, rows=[made])
                journal.write([born], actor=None, now=now, by="migrate")
        _belongs(keyring, demo=demo)
        return steps
    finally:
        database.close()


def _belongs(keyring: models.Keyring, *, demo: bool) -> None:
    found = Installation.get()
    if found.fingerprint != keys.fingerprint(keyring):
        raise WrongKeys("These keys were not made with this database. Put back the folder of keys it was made with.")
    if demo and found.kind != "demo":
        raise WrongKind("This database holds real people and never becomes a demo. Choose another DAIBAN_DATABASE.")
