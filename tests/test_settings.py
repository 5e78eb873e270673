"""Settings: declared once, checked always, varied by copies."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import pytest

from fer_utils.errors import UsageError
from fer_utils.papers import parameters
from fer_utils.papers.study import of_profile
from fer_utils.settings import Settings as Base
from fer_utils.settings import setting


@dataclass(frozen=True)
class Inner(Base):
    name: ClassVar[str] = "the inner part"
    angle: float = setting(15.0, "Section 2", least=0, most=180)


@dataclass(frozen=True)
class Toy(Base):
    name: ClassVar[str] = "paper 6"
    epochs: int = setting(20, "Section 3", least=1, most=500)
    optimiser: str = setting("adam", "not stated", choices=("adam", "sgd"))
    rate: float = setting(0.1, "Section 3", above=0, below=1)
    flip: bool = setting(False, "ours")
    quota: int | None = setting(None, "ours; None: all", least=1)
    inner: Inner = Inner()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"epochs": 0}, "epochs must be a whole number of at least 1 and of at most 500, not 0"),
        ({"epochs": 2.5}, "epochs must be a whole number"),
        ({"epochs": True}, "epochs must be a whole number"),
        ({"rate": 1.0}, "rate must be a number above 0 and below 1, not 1.0"),
        ({"rate": "fast"}, "rate must be a number"),
        ({"flip": 1}, "flip must be True or False"),
        ({"optimiser": "adamm"}, "Did you mean 'adam'"),
        ({"optimiser": 3}, "optimiser must be one of adam, sgd, not 3"),
        ({"quota": 0}, "quota must be a whole number of at least 1, or None, not 0"),
        ({"angle": 181}, "angle must be a number of at least 0 and of at most 180"),
        ({"epoch": 3}, "paper 6 has no setting 'epoch'. Did you mean 'epochs'"),
    ],
)
def test_a_wrong_value_is_refused_with_what_is_allowed(changes: dict[str, object], message: str) -> None:
    with pytest.raises(UsageError) as refused:
        Toy().but(**changes)
    assert message in str(refused.value)


def test_a_copy_is_varied_and_settings_within_it_too() -> None:
    varied = Toy().but(epochs=3, angle=90.0)
    assert (varied.epochs, varied.inner.angle, varied.rate) == (3, 90.0, 0.1)
    assert Toy() == Toy().but() and Toy().inner.angle == 15.0
    assert Toy().but(inner=Inner(angle=1.0), angle=2.0).inner.angle == 2.0


def test_a_notebook_s_parameters_vary_what_they_name() -> None:
    varied = Toy().with_knobs({"epochs": 5, "quota": None, "angle": 3.0, "dataset": "london"})
    assert (varied.epochs, varied.quota, varied.inner.angle) == (5, None, 3.0)


def test_every_value_says_where_it_comes_from() -> None:
    table = Toy().table().set_index("setting")
    assert table.loc["epochs"].tolist() == ["20", "Section 3"]
    assert table.loc["inner.angle", "source"] == "Section 2"


def test_a_parameter_has_its_setting_s_limits_and_choices() -> None:
    epochs, optimiser = parameters.of(Toy, "epochs"), parameters.of(Toy, "optimiser")
    assert (epochs.kind, epochs.low, epochs.high, epochs.optional, epochs.default) == ("number", 1, 500, True, None)
    assert (optimiser.kind, optimiser.choices) == ("text", ("adam", "sgd"))
    assert parameters.of(Toy, "flip").kind == "flag"


def test_a_profile_has_its_preset() -> None:
    assert of_profile({"quick": Toy(epochs=1)}, "quick").epochs == 1
    with pytest.raises(UsageError, match="profile must be one of quick"):
        of_profile({"quick": Toy()}, "slow")
