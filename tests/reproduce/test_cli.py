"""The command line: one clear message and the right exit code for every mistake."""

import io
import json
import os
import re
from pathlib import Path

import pytest

from fer_utils.errors import FerError
from fer_utils.reproduce import runner
from fer_utils.reproduce.cli import main
from fer_utils.reproduce.watch import Watch

ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def never_run(monkeypatch, tmp_path):
    """No test here may start a notebook, and none sees the user's own data."""
    monkeypatch.setattr(runner, "execute", lambda request: pytest.fail(f"{request} was started"))
    monkeypatch.delenv("FER_DATA", raising=False)
    monkeypatch.setenv("FER_CACHE", str(tmp_path / "cache"))


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["reproduce", "06"], 2, "there is no notebook '06'"),
        (["reproduce", "05", "--dataset", "jafe"], 2, "there is no data set 'jafe'. Did you mean 'jaffe'?"),
        (["reproduce", "05", "--dataset", "jaffe"], 1, "FER_DATA is not set"),
        (["reproduce", "05", "-p", "epoch=3"], 2, "no parameter 'epoch'. Did you mean 'epochs'?"),
        (["reproduce", "05", "-p", "epochs"], 2, "-p takes NAME=VALUE"),
        (["reproduce", "05", "--seeds", "one"], 2, "seeds must be a list of different whole numbers"),
        (["reproduce", "05", "--seeds", "1,1"], 2, "seeds must be a list of different whole numbers"),
        (["reproduce", "05", "--seeds", "-1"], 2, "seeds must be a list of different whole numbers"),
        (["reproduce", "05", "--seeds", "99999999999999999999"], 2, "seeds must be"),
        (["reproduce", "05", "-p", "seeds=abc"], 2, "seeds must be"),
        (["reproduce", "05", "-p", "seeds=[]"], 2, "seeds must be"),
        (["reproduce", "05", "--protocol", "publishd"], 2, "Did you mean 'published'?"),
        (["reproduce", "05", "-p", "protocol=Published"], 2, "Did you mean 'published'?"),
        (["reproduce", "05", "-p", "tune_epochs=NaN"], 2, "tune_epochs must be a whole number from 1"),
        (["reproduce", "05", "-p", "tune=everything"], 2, "tune must be a list of names out of last_block, all"),
        (["reproduce", "05", "-p", "quota=1000000000", "--dry-run"], 2, "quota must be a whole number from 10 to"),
        (["reproduce", "03", "-p", "max_folds=0"], 2, "max_folds must be a whole number from 1"),
        (["reproduce", "03", "-p", "max_folds=-1"], 2, "max_folds must be a whole number from 1"),
        (["reproduce", "03", "-p", "balance=perhaps"], 2, "balance must be True or False, or None, not 'perhaps'"),
        (["reproduce", "03", "-p", "wild=sfeew"], 2, "there is no data set 'sfeew'. Did you mean 'sfew'?"),
        (["reproduce", "05", "--device", "gpu"], 2, "device must be one of auto, cpu, cuda, mps"),
        (["reproduce", "05", "--workers", "0"], 2, "--workers must be 1 or more"),
        (["reproduce", "05", "--dask", "nonsense"], 2, "--dask takes a scheduler's address"),
        (
            ["reproduce", "05", "--profile", "quik", "--dry-run"],
            2,
            "one of smoke, quick, evening, paper",
        ),
    ],
)
def test_a_wrong_request_is_one_message_and_an_exit_code(arguments, code, message, capsys, tmp_path):
    assert main([*arguments, *(["--results", str(tmp_path)] if arguments[0] == "reproduce" else [])]) == code
    written = capsys.readouterr()
    assert written.err.startswith("fer_utils: ")
    assert message in written.err
    assert "Traceback" not in written.err
    assert not any(tmp_path.glob("*/receipt.json"))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--profile", "smoke"], "smoke runs are never recorded"),
        (["-p", "profile=smoke"], "smoke runs are never recorded"),
        (["--results", "elsewhere"], "--record writes into the repository's results/"),
    ],
)
def test_what_may_not_be_recorded_is_refused(arguments, message, capsys):
    assert main(["reproduce", "05", "--record", *arguments]) == 2
    assert message in capsys.readouterr().err


@pytest.mark.parametrize("command", [["reproduce", "05"], ["report"], ["compare"]])
@pytest.mark.parametrize("road", ["results", "results/../results"])
def test_nothing_but_record_reaches_the_recorded_runs(command, road, capsys):
    assert main([*command, "--results", str(ROOT / road)]) == 2
    assert "only --record writes there" in capsys.readouterr().err


def test_a_re_run_goes_where_git_does_not_look(monkeypatch, tmp_path):
    seen = []

    def stop(request):
        seen.append(request)
        raise FerError("enough")

    monkeypatch.setattr(runner, "execute", stop)
    assert main(["reproduce", "05", "--dataset", "london"]) == 1
    assert main(["reproduce", "05", "--dataset", "london", "--record"]) == 1
    again, recorded = seen
    assert (again.results, again.record) == (ROOT / "results" / "local", False)
    assert (recorded.results, recorded.record) == (ROOT / "results", True)
    ignored = (ROOT / ".gitignore").read_text().split()
    assert "results/local/" in ignored and "results/scratch/" in ignored


def test_values_of_the_command_line_are_typed_by_the_parameter(monkeypatch):
    seen = []
    monkeypatch.setattr(runner, "execute", lambda request: (_ for _ in ()).throw(FerError(str(seen.append(request)))))
    given = ["-p", "balance=False", "-p", "max_folds=2", "-p", "classes=neutral,anger", "--seeds", "3"]
    main(["reproduce", "03", *given, "-p", "wild=none", "-p", "turned=None"])
    assert seen[0].parameters == {
        "dataset": "avatars_studio", "balance": False, "max_folds": 2, "classes": ["neutral", "anger"], "seeds": [3],
        "wild": "none", "turned": None,
    }  # fmt: skip


def test_a_folder_without_the_data_set_is_named(monkeypatch, tmp_path, capsys):
    monkeypatch.setenv("FER_DATA", str(tmp_path))
    assert main(["reproduce", "05", "--dataset", "jaffe"]) == 1
    assert f"looked for in {tmp_path / 'jaffe'}, which is not there" in capsys.readouterr().err


def test_relative_places_mean_the_same_to_the_kernel(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("FER_DATA", "data")
    main(["data", "check", "jaffe"])
    assert os.environ["FER_DATA"] == str(tmp_path / "data")


def test_an_unknown_switch_leaves_with_two(capsys):
    with pytest.raises(SystemExit) as left:
        main(["reproduce", "--datset", "london"])
    assert left.value.code == 2


def test_a_receipt_that_is_no_json_is_named(tmp_path, capsys):
    folder = tmp_path / "05_mobilenet_jaffe" / "london-quick"
    folder.mkdir(parents=True)
    (folder / "receipt.json").write_text("{")
    assert main(["report", "--results", str(tmp_path)]) == 1
    assert "its receipt.json is not valid JSON" in " ".join(capsys.readouterr().out.split())


def test_the_report_of_no_runs_is_written(tmp_path, capsys):
    assert main(["report", "--results", str(tmp_path)]) == 0
    assert (tmp_path / "verdicts.csv").read_text().count("\n") == 1
    assert "<html" in (tmp_path / "index.html").read_text()


def test_each_of_several_notebooks_is_planned_in_a_process_of_its_own(capfd, monkeypatch):
    monkeypatch.setattr("fer_utils.reproduce.dry_run._print_one", lambda request: pytest.fail("planned here"))
    assert main(["reproduce", "00", "00", "--dry-run"]) == 0
    assert capfd.readouterr().out == 2 * "\n00_start_here\n  under a minute, no units of work\n"
    monkeypatch.setattr("fer_utils.reproduce.dry_run.sys.executable", "false")
    assert main(["reproduce", "00", "00", "--dry-run"]) == 1
    assert "00_start_here cannot be planned" in capfd.readouterr().err


def test_progress_in_a_log_is_a_line_a_section_and_no_control_characters(tmp_path, monkeypatch):
    monkeypatch.setattr("fer_utils.reproduce.watch.LOG_EVERY_S", 0.0)
    monkeypatch.setattr("fer_utils.reproduce.watch._POLL_S", 0.01)
    stream, channel = io.StringIO(), tmp_path / "channel"
    channel.touch()
    with Watch("05_toy", 3, channel, stream) as watch:
        watch.cell(0, "Data")
        watch.cell(1, "Data")
        watch.cell(2, "Train")
        with channel.open("a") as writer:
            writer.write(json.dumps({"stage": "heads", "done": 3, "total": 9}) + "\n" + '{"stage": "hal')
        for _ in range(200):
            if "heads 3/9" in stream.getvalue():
                break
            watch._stop.wait(0.01)
    lines = stream.getvalue().splitlines()
    assert [line for line in lines if "cell" in line][:2] == ["05_toy: cell 1/3  Data", "05_toy: cell 3/3  Train"]
    assert any("heads 3/9  33 %" in line for line in lines)
    assert "cell 3/3 100 %" in lines[-1]
    assert not re.search(r"[\r\x1b]", stream.getvalue())


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self):
        return True


@pytest.mark.parametrize("columns", [40, 80, 200])
def test_a_live_line_fits_the_terminal(tmp_path, monkeypatch, columns):
    monkeypatch.setenv("COLUMNS", str(columns))
    monkeypatch.setattr("fer_utils.reproduce.watch._POLL_S", 0.01)
    stream, channel = Terminal(), tmp_path / "channel"
    channel.write_text(json.dumps({"stage": "heads of every fold and protocol " * 5, "done": 3, "total": 9}) + "\n")
    with Watch("03_landmark_ensemble", 30, channel, stream) as watch:
        watch.cell(0, "4. What the landmarks bring, on faces that nobody has seen before")
        for _ in range(200):
            if "heads of" in stream.getvalue() or columns == 40:
                break
            watch._stop.wait(0.01)
    lines = stream.getvalue().split("\r\x1b[2K")[1:-1]
    assert lines and all(len(line) < columns for line in lines)
    assert any(len(line) == columns - 1 for line in lines), "cut shorter than need be"


@pytest.mark.parametrize("encoding", ["latin-1", "ascii"])
@pytest.mark.parametrize("command", [["data"], ["report"]])
def test_a_terminal_that_lacks_a_character_ends_nothing(command, encoding, monkeypatch, tmp_path):
    out = io.TextIOWrapper(io.BytesIO(), encoding=encoding)
    monkeypatch.setattr("sys.stdout", out)
    if command == ["report"]:
        monkeypatch.setattr(
            "fer_utils.reproduce.report.verdict_lines", lambda summary: "direction holds \u2713 20 \u2013 30 %"
        )
        command = ["report", "--results", str(tmp_path)]
    assert main(command) == 0
    out.flush()
    text = out.buffer.getvalue().decode(encoding)
    assert "?" in text and text.endswith("\n")
