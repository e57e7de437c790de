"""What comes in and goes out as files: `import`, `export`, `basemap build`."""

import argparse
import gc
import sys
from typing import TYPE_CHECKING

from dashboard.i18n import t
from data.settings import Settings

if TYPE_CHECKING:
    from dashboard.workbook.importing import Report
    from geo.basemap import Step


def bring_in(settings: Settings, options: argparse.Namespace) -> int:
    """A workbook's rows, or the empty form. 1: something was not taken, and named; 130: stopped by the person, whole batches are in."""
    if options.template is not None:
        from dashboard.workbook.writing import write_form

        write_form(options.template)
        print(t("workbook.form_written", path=options.template))
        return 0
    if not options.files:
        print(t("command.files_missing"), file=sys.stderr)
        return 2
    from dashboard.workbook.importing import Report, import_files

    settings.make_folders()
    gc.freeze()  # as for serve: what is imported stays, and rows come and go in their thousands
    gc.set_threshold(20_000, 20, 50)
    report = Report(tell=lambda sentence: print(sentence, flush=True), progress=_progress)
    try:
        import_files(settings, options.files, report, options.dry_run)
    except KeyboardInterrupt:
        print(f"\n{t('workbook.stopped')}", file=sys.stderr)
        return 130
    finally:
        _tell_counts(report, options.dry_run)
    return 0 if report.good else 1


def _progress(sheet: str, count: int) -> None:
    """On a terminal only, one line that is written over."""
    if sys.stderr.isatty():
        print(f"\r{t('workbook.progress', sheet=sheet, count=count)}  ", end="", file=sys.stderr, flush=True)


def _tell_counts(report: "Report", dry: bool) -> None:
    from dashboard.workbook.titles import title
    from data.actions.workbook import Done
    from data.rules.workbook import SHEETS

    if sys.stderr.isatty() and report.counts:
        print(file=sys.stderr)
    for name, counts in report.counts.items():
        print(t("workbook.count", sheet=title(SHEETS[name]), **{done.value: counts[done] for done in Done}))
    if report.complaints:
        print(t("workbook.complaints", count=report.complaints))
    if dry:
        print(t("workbook.dry"))
    elif report.counts:
        nothing = report.total(Done.ADDED) + report.total(Done.CHANGED) == 0
        print(t("workbook.done_nothing" if nothing else "workbook.done" if report.good else "workbook.done_in_part"))


def export(settings: Settings, options: argparse.Namespace) -> int:
    """What the court holds, as the workbook that it came in by."""
    from dashboard.workbook.exporting import export as write

    settings.make_folders()
    counts = write(settings, options.file, not options.without_cases)
    print(t("workbook.exported_without" if options.without_cases else "workbook.exported", path=options.file, rows=sum(counts.values())))
    return 0


def build_basemap(settings: Settings, options: argparse.Namespace) -> int:
    """The court's map from the operator's files. 130: stopped by the person, the map is as it was."""
    from dashboard.basemap import build

    settings.make_folders()
    try:
        built = build(settings, options.files, options.crs, _tell_step)
    except KeyboardInterrupt:
        print(f"\n{t('basemap.stopped')}", file=sys.stderr)
        return 130
    finally:
        if sys.stderr.isatty():
            print(file=sys.stderr)
    for layer, count in sorted(built.counts.items()):
        print(t("basemap.count", layer=t(f"basemap.layer_{layer}"), count=count))
    if built.corners:
        print(t("basemap.roads", count=built.corners))
    for note in built.notes:
        print(t(f"basemap.note_{note.what}", count=note.count, names="、".join(note.names)))
    print(t("basemap.done", tiles=built.tiles) if built.tiles else t("basemap.done_boundaries"))
    if built.tiles and not settings.map_approval:
        print(t("basemap.approval_missing"))
    return 0


def _tell_step(step: "Step") -> None:
    """One line a step; on a terminal it is written over."""
    name = t(f"basemap.layer_{step.name}") if step.what == "tiles" else step.name
    said = t(f"basemap.step_{step.what}", name=name, done=step.done, whole=step.whole)
    if sys.stderr.isatty():
        print(f"\r\033[K{said}", end="", file=sys.stderr, flush=True)
    else:
        print(said, file=sys.stderr, flush=True)
