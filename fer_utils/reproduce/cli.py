"""The command line: ``python -m fer_utils {reproduce,compare,report,data}``."""

from __future__ import annotations

import argparse
import io
import logging
import os
import re
import sys
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from fer_utils.errors import FerError, UsageError

EXAMPLES = """examples:
  python -m fer_utils reproduce                               every notebook, quick, on shipped data
  python -m fer_utils reproduce 05 --dataset jaffe            one paper, on your own copy of JAFFE
  python -m fer_utils reproduce 05 --profile paper --dry-run  what would it cost here?
  python -m fer_utils reproduce 02 --profile paper --rehearse would it survive the night?
  python -m fer_utils reproduce 05 -p epochs=5                change a knob of the notebook
  python -m fer_utils compare                                 does this machine agree with the recorded runs?
  python -m fer_utils report                                  rebuild the report of your own runs
  python -m fer_utils data                                    which data sets are here?
  python -m fer_utils data check jaffe                        what is it worth, what does it cost?
  python -m fer_utils data fetch cmu_faces                    download an open one to $FER_DATA
  python -m fer_utils data stand-in jaffe --to ~/stand-ins    avatars in the layout of a gated one"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; returns the exit code (0 success, 1 failure, 2 invalid request)."""
    for stream in (sys.stdout, sys.stderr):
        # A terminal that does not know a character shows a question mark; nothing ends because of it.
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")
    options = _parser().parse_args(arguments)
    logging.getLogger("papermill").setLevel(logging.ERROR)
    warnings.filterwarnings("ignore", module="papermill|nbclient|traitlets|zmq")
    for name in ("FER_DATA", "FER_CACHE"):
        # A kernel works in another folder, where a relative path would mean another place.
        if os.environ.get(name):
            os.environ[name] = str(Path(os.environ[name]).expanduser().absolute())
    try:
        return options.run(options)
    except FerError as error:
        print(f"fer_utils: {error}", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        print(
            "\nfer_utils: stopped; finished units and downloads are kept, the same command goes on from there",
            file=sys.stderr,
        )
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m fer_utils", epilog=EXAMPLES, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = parser.add_subparsers(required=True, metavar="{reproduce,compare,report,data}")

    run = commands.add_parser("reproduce", help="execute notebooks headless and sign their results")
    run.add_argument("notebooks", nargs="*", metavar="NOTEBOOK", help="name or number, e.g. 05; default: all")
    run.add_argument(
        "--dataset", help="a name that `data` lists, or e.g. jaffe:stand-in; default: all it is recorded with"
    )
    run.add_argument("--profile", help="smoke, quick (default), evening or paper")
    run.add_argument("--protocol", help="published, sound or both (default)")
    run.add_argument("--seeds", help="comma-separated whole numbers, e.g. 0,1,2")
    run.add_argument("--device", help="auto (default), cpu, cuda, or mps (Apple; promises no equal numbers)")
    run.add_argument(
        "--workers", type=int, help="processes that share the units (default: 1, or the cores for small units)"
    )
    run.add_argument(
        "--at-once", type=int, metavar="N", help="notebooks that run side by side (default: 1; smoke: one a core)"
    )
    run.add_argument("--dask", metavar="ADDRESS", help="send units to this Dask scheduler, e.g. tcp://10.0.0.1:8786")
    run.add_argument("--results", type=Path, metavar="DIR", help="where results go (default: results/local)")
    run.add_argument(
        "--record",
        action="store_true",
        help="replace the recorded runs in results/, which git keeps and the documentation quotes",
    )
    run.add_argument("-p", "--parameter", action="append", default=[], metavar="NAME=VALUE", help="any other parameter")
    run.add_argument("--dry-run", action="store_true", help="print the units and an estimate, run nothing")
    run.add_argument(
        "--rehearse",
        action="store_true",
        help="run a step or two of each kind of unit at full size: memory, resuming, files, hours",
    )
    run.set_defaults(run=_reproduce)

    compare = commands.add_parser(
        "compare",
        help="hold each number of your runs against the recorded one; exit code 1 if any lies outside or is gone",
    )
    compare.add_argument("--results", type=Path, metavar="DIR", help="your runs (default: results/local)")
    compare.add_argument("--recorded", type=Path, metavar="DIR", default=recorded_results(), help=argparse.SUPPRESS)
    compare.set_defaults(run=_compare)

    report = commands.add_parser("report", help="rebuild the report from the signed results")
    report.add_argument("--results", type=Path, metavar="DIR", help="of which runs (default: results/local)")
    report.add_argument("--record", action="store_true", help="of the recorded runs, in results/")
    report.add_argument(
        "--notebooks", action="store_true", help="also show the executed notebooks as web pages, which git ignores"
    )
    report.set_defaults(run=_report)

    data = commands.add_parser("data", help="list the data sets: here, missing, how to get them; or fetch one")
    data.set_defaults(run=_data)
    actions = data.add_subparsers(metavar="{check,fetch,stand-in,avatars}")
    check = actions.add_parser("check", help="one data set: what is here, how it differs, what that costs")
    check.add_argument("name", metavar="NAME", help="a name that `data` lists")
    check.set_defaults(run=_check)
    fetch = actions.add_parser("fetch", help="download, check and unpack an open data set, or go on with it")
    fetch.add_argument("name", metavar="NAME", help="an open data set; another word lists them")
    fetch.add_argument("--to", type=Path, metavar="DIR", help="it becomes DIR/NAME (default: $FER_DATA/NAME)")
    fetch.set_defaults(run=_fetch)
    stand_in = actions.add_parser("stand-in", help="write avatars in the official layout of a data set")
    stand_in.add_argument("name", metavar="NAME", help="a data set to imitate; any other word lists them")
    stand_in.add_argument("--to", type=Path, metavar="DIR", help="it becomes DIR/NAME (default: $FER_DATA/NAME)")
    stand_in.add_argument("--edition", help="a layout that people hold; another word lists them (default: official)")
    stand_in.add_argument("--awkward", action="store_true", help="with what real folders hold: junk, links, odd files")
    stand_in.add_argument("--small", action="store_true", help="a few pictures of each class, with their counts stated")
    stand_in.set_defaults(run=_stand_in)
    avatars = actions.add_parser("avatars", help="render the shipped avatars anew (needs the extra [avatars])")
    avatars.add_argument("--model", type=Path, required=True, metavar="FILE", help="ict_facekit_light.npz")
    avatars.add_argument("--to", type=Path, required=True, metavar="DIR", help="the folder for the archives")
    avatars.add_argument("--shoot", action="append", metavar="NAME", help="only this shoot; may be repeated")
    avatars.add_argument("--workers", type=int, default=1, help="processes (default 1)")
    avatars.set_defaults(run=_avatars)
    return parser


def recorded_results() -> Path:
    """The folder of the recorded runs, which git keeps."""
    from fer_utils.reproduce.provenance import PACKAGE

    return PACKAGE.parent / "results"


def _results(options: argparse.Namespace) -> Path:
    """Where this command's runs lie: never among the recorded ones unless that is asked for."""
    if options.results is not None and getattr(options, "record", False):
        raise UsageError("--record writes into the repository's results/, so it takes no --results")
    if getattr(options, "record", False):
        return recorded_results()
    chosen = (options.results or recorded_results() / "local").expanduser().resolve()
    if chosen == recorded_results().resolve():
        raise UsageError(f"{chosen} holds the recorded runs; only --record writes there. Choose another --results DIR.")
    return chosen


def _reproduce(options: argparse.Namespace) -> int:
    from fer_utils.reproduce import request as asked
    from fer_utils.reproduce import side_by_side

    notebooks = [asked.find_notebook(name) for name in options.notebooks] or asked.notebook_names()
    for name in ("workers", "at_once"):
        if getattr(options, name) is not None and getattr(options, name) < 1:
            raise UsageError(f"--{name.replace('_', '-')} must be 1 or more")
    if options.dask is not None and not re.fullmatch(r"([a-z]+://)?[^\s:/]+:\d{1,5}", options.dask):
        raise UsageError(f"--dask takes a scheduler's address such as tcp://10.0.0.1:8786, not {options.dask!r}")
    results = _results(options)
    requests = [
        asked.Request(name, parameters, results, options.workers, options.dask, options.record)
        for name in notebooks
        for parameters in _rounds(name, options)
    ]
    # Everything that can be refused is refused before the first notebook starts.
    for request in requests:
        asked.check(request)
    if options.dry_run:
        from fer_utils.reproduce.dry_run import print_plan

        print_plan(requests)
        return 0
    if options.rehearse:
        from fer_utils.reproduce.rehearse import rehearse

        rehearse(requests)
        return 0
    at_once = options.at_once or side_by_side.default_at_once(requests)
    try:
        side_by_side.execute_all(requests, at_once)
    except FerError:
        if at_once > 1:
            # What the others left is worth reading.
            _report(options)
        raise
    return _report(options)


def _rounds(notebook: str, options: argparse.Namespace) -> list[dict[str, Any]]:
    """The notebook's parameters, once for each data set it is to run on."""
    from fer_utils.reproduce.rounds import datasets_of

    given = _parameters_for(notebook, options)
    if "dataset" in given:
        return [given]
    return [given if name is None else {"dataset": name, **given} for name in datasets_of(notebook)]


def _parameters_for(notebook: str, options: argparse.Namespace) -> dict[str, Any]:
    """The notebook's parameters that the command line sets, typed and checked."""
    from fer_utils import data
    from fer_utils.papers.parameters import find
    from fer_utils.reproduce.request import known_parameters

    known = known_parameters(notebook)
    texts = {name: getattr(options, name) for name in ("dataset", "profile", "protocol", "seeds", "device")}
    texts = {name: text for name, text in texts.items() if text is not None}
    if not options.notebooks:
        # For a round over all notebooks a general switch counts where it applies.
        texts = {name: text for name, text in texts.items() if name in known}
    for item in options.parameter:
        name, equals, text = item.partition("=")
        if not equals:
            raise UsageError(f"-p takes NAME=VALUE, not {item!r}")
        texts[name] = text
    given = {name: find(notebook, name, known).read(name, text) for name, text in texts.items()}
    if "dataset" in given:
        data.folder_of(given["dataset"])
    return given


def _report(options: argparse.Namespace) -> int:
    from fer_utils.reproduce.compare import as_text, compare
    from fer_utils.reproduce.notebook_html import is_fresh, page_of, render_notebooks
    from fer_utils.reproduce.report import verdict_lines, write_report
    from fer_utils.reproduce.summary import summarise

    results = _results(options)
    summary = summarise(results)
    shown = render_notebooks(summary["runs"], results) if getattr(options, "notebooks", False) else []
    agreements = compare(results, recorded_results()) if results != recorded_results() else []
    by_run = {found.run: found.as_dict() for found in agreements}
    for run in summary["runs"]:
        run["agreement"] = by_run.get(run["run"])
        # Git holds the recorded pages, and not those of their notebooks: a link would be dead in a fresh clone.
        linked = results != recorded_results() and is_fresh(run, results)
        run["notebook_html"] = page_of(run) if linked else None
    write_report(summary, results)
    print(verdict_lines(summary))
    if agreements:
        print(as_text(agreements))
    for page in shown:
        print(f"A notebook to read: {page}")
    print(f"The report: {results / 'index.html'}")
    return 1 if summary["refused"] else 0


def _compare(options: argparse.Namespace) -> int:
    from fer_utils.reproduce.compare import as_text, compare

    results = _results(options)
    if not results.is_dir():
        raise UsageError(f"{results} is not there: `make reproduce` runs the notebooks and fills it")
    agreements = compare(results, options.recorded)
    print(as_text(agreements), end="")
    return 0 if all(found.agrees for found in agreements) else 1


def _data(options: argparse.Namespace) -> int:
    from fer_utils.data import doctor

    findings = doctor.examine()
    print(doctor.as_text(findings))
    return 1 if any(found.state == "damaged" for found in findings) else 0


def _check(options: argparse.Namespace) -> int:
    from fer_utils.reproduce.data_check import check

    page, usable = check(options.name)
    print(page)
    return 0 if usable else 1


def _fetch(options: argparse.Namespace) -> int:
    from fer_utils.datasets.fetch import fetch

    fetch(options.name, options.to)
    return 0


def _stand_in(options: argparse.Namespace) -> int:
    from fer_utils.avatars import stand_ins
    from fer_utils.datasets.base import data_root

    to = options.to or data_root()
    if to is None:
        raise UsageError("No destination: pass --to DIR or set FER_DATA")
    report = stand_ins.write(options.name, to, options.edition, awkward=options.awkward, small=options.small)
    print(report.as_text())
    return 0


def _avatars(options: argparse.Namespace) -> int:
    from fer_utils.avatars.generate import generate
    from fer_utils.avatars.shoots import SHOOTS

    if options.workers < 1:
        raise UsageError("--workers must be 1 or more")
    for path in generate(options.model, options.to, options.shoot or tuple(SHOOTS), options.workers):
        print(path)
    return 0
