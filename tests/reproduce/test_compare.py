"""Does a re-run agree with the recorded one, number by number?"""

import json

import pytest

from fer_utils.errors import UsageError
from fer_utils.files import sha256_file
from fer_utils.reproduce.cli import main
from fer_utils.reproduce.compare import as_text, compare

CLAIM = "mobilenet_jaffe/text/overall_accuracy/all/accuracy"
OTHER = "mobilenet_jaffe/order/normalisation_costs/all/accuracy_difference"


def number(value, ci95=(40.0, 60.0), claim=CLAIM, protocol="published"):
    return {"claim": claim, "protocol": protocol, "value": value, "ci95": ci95 and list(ci95), "n": 3,
            "dataset": "london", "kind": "real", "profile": "quick", "interval": "t", "reference": 50.0,
            "leak": "none found", "changed": {}}  # fmt: skip


def write(results, numbers, *, data="aa", table="a\n1\n", name="05_mobilenet_jaffe/london-quick"):
    folder = results / name
    (folder / "tables").mkdir(parents=True)
    (folder / "tables" / "t.csv").write_text(table)
    (folder / "numbers.json").write_text(json.dumps(numbers))
    (folder / "notebook.ipynb").write_text("{}")
    files = ("tables/t.csv", "numbers.json", "notebook.ipynb")
    receipt = {
        "notebook": "05_mobilenet_jaffe", "ok": True, "data": {"london": data}, "kind": "real", "profile": "quick",
        "settings": {}, "device": {}, "package": {"digest": "0"}, "parameters": {},
        "files": {file: sha256_file(folder / file) for file in files},
    }  # fmt: skip
    (folder / "receipt.json").write_text(json.dumps(receipt))


def agreement(tmp_path, ours, theirs, **more):
    write(tmp_path / "recorded", theirs)
    write(tmp_path / "ours", ours, **more)
    (found,) = compare(tmp_path / "ours", tmp_path / "recorded")
    return found


def test_each_reading_of_a_claim_is_compared_with_itself(tmp_path):
    recorded = [number(50.0) | {"reading": "raw"}, number(80.0, (70.0, 90.0)) | {"reading": "-1..1"}]
    ours = [recorded[0], recorded[1] | {"value": 50.0}]
    found = agreement(tmp_path, ours, recorded)
    assert (found.identical, found.outside) == (1, 1)
    assert found.outside_claims[0]["protocol"] == "published, -1..1"


@pytest.mark.parametrize(
    ("ours", "theirs", "place"),
    [
        (number(50.0), number(50.0), "identical"),
        (number(50.0 + 1e-12), number(50.0), "identical"),
        (number(50.0, (41.0, 60.0)), number(50.0), "inside"),
        (number(59.9), number(50.0), "inside"),
        (number(60.1), number(50.0), "outside"),
        (number(39.9), number(50.0), "outside"),
        (number(50.0, None), number(50.0, None), "identical"),
        (number(50.1, None), number(50.0, None), "outside"),
        (number(50.0), number(50.0, None), "inside"),
        (number(-9.8, (-9.8, -9.8)) | {"reference": 0.0}, number(-10.5, (-10.5, -10.5)) | {"reference": 0.0}, "inside"),
        (number(0.2, (0.2, 0.2)) | {"reference": 0.0}, number(-0.1, (-0.1, -0.1)) | {"reference": 0.0}, "outside"),
    ],
)
def test_a_number_is_identical_inside_or_outside(tmp_path, ours, theirs, place):
    found = agreement(tmp_path, [ours], [theirs])
    assert {name: getattr(found, name) for name in ("identical", "inside", "outside")} == {
        **{"identical": 0, "inside": 0, "outside": 0}, place: 1
    }  # fmt: skip


def test_new_and_missing_numbers_are_counted_and_outside_ones_named(tmp_path):
    ours = [number(70.0), number(1.0, claim=OTHER)]
    found = agreement(tmp_path, ours, [number(50.0), number(2.0, protocol="sound")], table="a\n2\n")
    assert (found.new, found.gone, found.tables, found.same_tables) == (1, 1, 1, 0)
    text = as_text([found])
    assert f"outside: {CLAIM} (published): 70, recorded 50 [40, 60]" in " ".join(text.split())
    assert max(map(len, text.splitlines())) <= 100


def test_other_pictures_are_said(tmp_path):
    assert agreement(tmp_path, [number(50.0)], [number(50.0)], data="bb").note == "other pictures"


def test_a_run_without_a_recorded_one_is_left_out(tmp_path):
    write(tmp_path / "recorded", [number(50.0)])
    write(tmp_path / "ours", [number(50.0)], name="05_mobilenet_jaffe/london-quick+epochs=1")
    assert compare(tmp_path / "ours", tmp_path / "recorded") == []
    assert "nothing to compare" in as_text([])


def test_recorded_runs_are_not_compared_with_themselves(tmp_path):
    write(tmp_path, [number(50.0)])
    with pytest.raises(UsageError, match="the recorded runs themselves"):
        compare(tmp_path, tmp_path)


def test_the_command_says_so_and_leaves_with_one_if_a_number_lies_outside(tmp_path, capsys):
    write(tmp_path / "recorded", [number(50.0)])
    write(tmp_path / "same", [number(55.0)])
    write(tmp_path / "other", [number(70.0)])
    recorded = ["--recorded", str(tmp_path / "recorded")]
    assert main(["compare", "--results", str(tmp_path / "same"), *recorded]) == 0
    assert main(["compare", "--results", str(tmp_path / "other"), *recorded]) == 1
    assert "outside: " in capsys.readouterr().out
    assert main(["compare", "--results", str(tmp_path / "none"), *recorded]) == 2


def test_a_number_that_is_gone_is_no_agreement(tmp_path):
    found = agreement(tmp_path, [number(50.0)], [number(50.0), number(50.0, protocol="sound")])
    assert found.gone == 1 and not found.agrees


@pytest.mark.parametrize("damaged", ["ours", "recorded"])
def test_a_run_that_is_not_to_be_trusted_is_named_and_is_no_agreement(tmp_path, damaged, capsys):
    for name in ("ours", "recorded"):
        write(tmp_path / name, [number(50.0)])
    (tmp_path / damaged / "05_mobilenet_jaffe/london-quick/numbers.json").write_text("[]")
    folders = ["--results", str(tmp_path / "ours"), "--recorded", str(tmp_path / "recorded")]
    assert main(["compare", *folders]) == 1
    assert "london-quick: not compared: " in capsys.readouterr().out
