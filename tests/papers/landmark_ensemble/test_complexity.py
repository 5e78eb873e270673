"""Parameters, operations and storage: the architecture's own sums, and what the paper states wrongly."""

from __future__ import annotations

import pytest

from fer_utils.papers.landmark_ensemble import complexity, model


def test_layer_by_layer() -> None:
    table = complexity.layers().set_index("layer")
    assert table.loc["conv 3->16", ["side", "parameters", "flops"]].tolist() == [160, 512, 22_118_400]
    assert table.loc["conv 16->16", ["parameters", "flops"]].tolist() == [2_384, 117_964_800]
    assert table.loc["conv 64->128", ["side", "parameters", "flops"]].tolist() == [20, 74_368, 58_982_400]
    assert table.loc["pool", "flops"].tolist() == [102_400, 51_200, 25_600, 12_800]
    assert len(table) == 15


@pytest.mark.parametrize(("n_classes", "parameters"), [(8, 329_496), (7, 329_367)])
def test_sub_network_and_ensemble(n_classes: int, parameters: int) -> None:
    table = complexity.layers(n_classes=n_classes)
    assert table["parameters"].sum() == parameters
    assert 5 * complexity.layers()["parameters"].sum() == 1_647_480


def test_flops_by_the_paper_s_equations() -> None:
    table = complexity.layers()
    is_dense = table["layer"].str.startswith("dense")
    assert table.loc[~is_dense, "flops"].sum() == 671_116_800
    assert table.loc[is_dense, "flops"].sum() == 67_584
    assert complexity.convolution_flops(16, 3, 16, 160, 160) == 117_964_800
    assert complexity.dense_flops(128, 8) == 2_048
    assert complexity.pool_flops(16, 160, 160, 2) == 102_400


def test_what_the_paper_states_is_held_against_the_sums() -> None:
    table = complexity.stated_and_computed()
    off = table["computed"] / table["paper"] - 1
    wrong = table["verdict"].str.startswith("not reproducible")
    # "about" in the paper is three per cent; what is called wrong is off by a fifth or more.
    assert (off[~wrong].abs() < 0.03).all() and (off[wrong].abs() > 0.17).all()
    megabytes = table[table["unit"] == "MB"]["computed"].tolist()
    assert megabytes == pytest.approx([1.317984, 6.58992])
    assert pytest.approx(6.28, abs=0.005) == 6.58992e6 / 2**20


@pytest.mark.parametrize("outputs", [18, 20, 24, 34, 40, 68, 136])
def test_head_parameters_are_the_model_s(outputs: int) -> None:
    assert model.head(128, (128, outputs)).count_params() == complexity.head_parameters(outputs, 1)
    assert model.head(128, (128, 128, outputs)).count_params() == complexity.head_parameters(outputs, 2)
    assert complexity.head_parameters(136, 1) == 34_056 and complexity.head_parameters(68, 1) == 25_284
