"""What a verified backup holds, and when this database was put back from one."""

from peewee import BooleanField, DateTimeField
from playhouse.migrate import SchemaMigrator


def up(migrator: SchemaMigrator, db):  # type: ignore[no-untyped-def]
    migrator.migrate(
        migrator.add_column("installation", "backed_up_at", DateTimeField(null=True)),
        migrator.add_column("installation", "restored_at", DateTimeField(null=True)),
        migrator.add_column("installation", "restored_from", DateTimeField(null=True)),
        migrator.add_column("picture", "kept", BooleanField(default=False)),
        migrator.add_index("picture", ("device", "kept")),
    )
