"""`backup` and `restore`."""

import argparse
from pathlib import Path

from dashboard.i18n import t
from data.settings import Settings


def backup(settings: Settings, options: argparse.Namespace) -> int:
    """Everything into one encrypted file, the keys into another, while the court works."""
    if options.new_identity is not None:
        return _make_identity(options.new_identity)
    import os
    from contextlib import suppress
    from datetime import UTC, datetime

    from dashboard.backups import making
    from data.rules.backups import KEYS

    settings.make_folders()
    with suppress(OSError):  # a container may not allow it
        os.nice(making.NICE)
    archive, keys = (options.file, options.keys or options.file.with_suffix(KEYS)) if options.file else (None, None)
    if archive is None or keys is None:
        archive, keys = making.scheduled_names(settings, datetime.now(UTC))
    made = making.make(settings, archive, keys, options.recipient or settings.backup_recipients)
    print(t("command.backup_made", path=made.archive, parts=made.parts, megabytes=round(made.size / 1e6, 1), seq=made.seq))
    print(t("command.backup_digest", digest=made.digest))
    print(t("command.backup_keys_made", path=made.keys))
    if options.file is None:
        for path in making.keep_newest(settings):
            print(t("command.backup_went", path=path))
    return 0


def _make_identity(path: Path) -> int:
    """The secret into a file of its owner, the public key onto the screen."""
    from dashboard.backups.sealed import new_identity
    from dashboard.supervise import write_secret
    from data.errors import RuleBroken

    if path.exists():
        raise RuleBroken("exists", code="backup.exists", path=str(path))
    secret, public = new_identity()
    write_secret(path, f"# public key: {public}\n{secret}\n")
    print(t("command.identity_made", path=path, public=public))
    return 0


def restore(settings: Settings, options: argparse.Namespace) -> int:
    """A court out of a backup, onto an empty machine."""
    from dashboard.backups.restoring import restore as bring_back

    done = bring_back(settings, options.file, options.keys, options.identity, options.home)
    print(t("command.restored", path=options.home, made_at=done.made_at, version=done.version))
    print(t("command.restored_parts", parts=done.parts, keys=done.keys, seq=done.seq))
    if done.migrated:
        print(t("command.restored_migrated"))
    if done.not_there:
        print(t("command.restored_not_there", count=done.not_there))
    print(t("command.restored_next", path=options.home))
    return 0
