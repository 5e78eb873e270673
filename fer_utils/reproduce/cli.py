"""The command line: ``python -m fer_utils {reproduce,report,data}``."""

from __future__ import annotations

import argparse
import json
import logging
import os
import sys
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from fer_utils.devices import DEVICES
from fer_utils.errors import FerError, UsageError, check_choice

EXAMPLES = """examples:
  python -m fer_utils reproduce                               every notebook, quick, on shipped data
  python -m fer_utils reproduce 05 --dataset jaffe            one paper, on your own copy of JAFFE
  python -m fer_utils reproduce 05 --profile paper --dry-run  what would it cost here?
  python -m fer_utils reproduce 05 -p epochs=5                change a knob of the notebook
  python -m fer_utils report                                  rebuild results/index.html
  python -m fer_utils data                                    which data sets are here?
  python -m fer_utils data check jaffe                        what is it worth, what does it cost?
  python -m fer_utils data fetch cmu_faces                    download an open one to $FER_DATA
  python -m fer_utils data stand-in jaffe --to ~/stand-ins    avatars in the layout of a gated one"""


ALLOWED = {
    "profile": ("smoke", "quick", "paper"),
    "protocol": ("published", "sound", "both"),
    "device": DEVICES,
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; returns the exit code (0 well, 1 something failed, 2 a wrong request)."""
    options = _parser().parse_args(arguments)
    logging.getLogger("papermill").setLevel(logging.ERROR)
    # jsonschema, which nbformat loads, would compile a grammar of internationalised addresses for over
    # a second, more than all the rest of starting up. It does without, and no notebook holds one.
    sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type]
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
    commands = parser.add_subparsers(required=True, metavar="{reproduce,report,data}")

    run = commands.add_parser("reproduce", help="execute notebooks headless and sign their results")
    run.add_argument("notebooks", nargs="*", metavar="NOTEBOOK", help="name or number, e.g. 05; default: all")
    run.add_argument(
        "--dataset", help="a name that `data` lists, or e.g. jaffe:stand-in; default: all it is recorded with"
    )
    run.add_argument("--profile", help="smoke, quick (default) or paper")
    run.add_argument("--protocol", help="published, sound or both (default)")
    run.add_argument("--seeds", help="comma-separated whole numbers, e.g. 0,1,2")
    run.add_argument("--device", help="auto (default), cpu or cuda")
    run.add_argument(
        "--workers", type=int, help="processes that share the units (default: 1, or the cores for small units)"
    )
    run.add_argument("--dask", metavar="ADDRESS", help="send units to this Dask scheduler, e.g. tcp://10.0.0.1:8786")
    run.add_argument("--results", type=Path, default=_default_results(), help="where results go (default: results)")
    run.add_argument("-p", "--parameter", action="append", default=[], metavar="NAME=VALUE", help="any other parameter")
    run.add_argument("--dry-run", action="store_true", help="print the units and an estimate, run nothing")
    run.set_defaults(run=_reproduce)

    report = commands.add_parser("report", help="rebuild the report from the signed results")
    report.add_argument("--results", type=Path, default=_default_results())
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
    stand_in.add_argument("name", metavar="NAME", help="a data set to be brought; another word lists them")
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


def _default_results() -> Path:
    from fer_utils.reproduce.provenance import PACKAGE

    return PACKAGE.parent / "results"


def _reproduce(options: argparse.Namespace) -> int:
    from fer_utils.reproduce import request as asked
    from fer_utils.reproduce import runner

    notebooks = [asked.find_notebook(name) for name in options.notebooks] or asked.notebook_names()
    if options.workers is not None and options.workers < 1:
        raise UsageError("--workers must be 1 or more")
    requests = [
        asked.Request(name, parameters, options.results.absolute(), options.workers, options.dask)
        for name in notebooks
        for parameters in _rounds(name, options)
    ]
    # Everything that can be refused is refused before the first notebook starts.
    for request in requests:
        asked.check_parameters(request.notebook, request.parameters)
    if options.dry_run:
        from fer_utils.reproduce.dry_run import print_plan

        print_plan(requests)
        return 0
    for request in requests:
        folder = runner.execute(request)
        print(f"signed: {folder / 'receipt.json'}", file=sys.stderr)
    return _report(options)


def _rounds(notebook: str, options: argparse.Namespace) -> list[dict[str, Any]]:
    """The notebook's parameters, once for each data set it is to run on."""
    from fer_utils.reproduce.rounds import datasets_of

    given = _parameters_for(notebook, options)
    if "dataset" in given:
        return [given]
    return [given if name is None else {"dataset": name, **given} for name in datasets_of(notebook)]


def _parameters_for(notebook: str, options: argparse.Namespace) -> dict[str, Any]:
    """The notebook's parameters that the command line sets, checked as far as is cheap."""
    from fer_utils import datasets
    from fer_utils.reproduce.request import known_parameters

    named = {name: getattr(options, name) for name in ("dataset", "profile", "protocol", "device")}
    given = {name: value for name, value in named.items() if value is not None}
    for name, allowed in ALLOWED.items():
        check_choice(name, given.get(name, allowed[0]), allowed)
    if options.seeds is not None:
        given["seeds"] = _seeds(options.seeds)
    if options.dataset is not None:
        datasets.folder_of(options.dataset)
    if not options.notebooks:
        # For a round over all notebooks a general switch counts where it applies.
        known = known_parameters(notebook)
        given = {name: value for name, value in given.items() if name in known}
    for item in options.parameter:
        name, equals, text = item.partition("=")
        if not equals:
            raise UsageError(f"-p takes NAME=VALUE, not {item!r}")
        given[name] = _value(text)
        if str(given[name]).endswith(".weights.h5"):
            given[name] = str(Path(given[name]).expanduser().absolute())
    return given


def _seeds(text: str) -> list[int]:
    try:
        seeds = [int(part) for part in text.split(",")]
        if len(set(seeds)) != len(seeds):
            raise UsageError(f"--seeds names a seed twice: {text}")
        return seeds
    except ValueError as error:
        raise UsageError(f"--seeds takes whole numbers with commas between, such as 0,1,2, not {text!r}") from error


def _value(text: str) -> Any:
    """A number, true/false or list where the text is JSON, else the text itself."""
    try:
        return json.loads(text)
    except ValueError:
        return text


def _report(options: argparse.Namespace) -> int:
    from fer_utils.reproduce.report import verdict_lines, write_report
    from fer_utils.reproduce.summary import summarise

    summary = summarise(options.results)
    write_report(summary, options.results)
    # What cannot be tested is a long list that never changes; the page has it.
    print(verdict_lines({**summary, "rows": [row for row in summary["rows"] if row["run"]]}))
    print(f"\nThe report: {options.results / 'index.html'}")
    return 0


def _data(options: argparse.Namespace) -> int:
    from fer_utils.datasets import doctor

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
    from fer_utils.datasets import stand_ins
    from fer_utils.datasets.base import data_root

    to = options.to or data_root()
    if to is None:
        raise UsageError("where shall the stand-in go? Name a folder with --to DIR, or set FER_DATA")
    report = stand_ins.write(options.name, to, options.edition, awkward=options.awkward, small=options.small)
    print(report.as_text())
    return 0


def _avatars(options: argparse.Namespace) -> int:
    from fer_utils.datasets.avatars.generate import generate
    from fer_utils.datasets.avatars.shoots import SHOOTS

    if options.workers < 1:
        raise UsageError("--workers must be 1 or more")
    for path in generate(options.model, options.to, options.shoot or tuple(SHOOTS), options.workers):
        print(path)
    return 0
