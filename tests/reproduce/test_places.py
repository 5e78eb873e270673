"""Places in a paper and the files that name them."""

from __future__ import annotations

import pytest

from fer_utils.papers.claims import load_claims
from fer_utils.reproduce.places import beside, place_key, title


@pytest.mark.parametrize(
    ("where", "key"),
    [
        ("Table IV", "table_4"),
        ("Table IX", "table_9"),
        ("Table VII", "table_7"),
        ("Table 1", "table_1"),
        ("Figure 3a", "figure_3a"),
        ("Figure 10", "figure_10"),
        ("Section 4.1", "section_4_1"),
        ("Section V-D", "section_5_d"),
        ("Section 4-A", "section_4_a"),
        ("Experiment, C", "experiment_c"),
        ("abstract", "abstract"),
        ("Introduction", "introduction"),
    ],
)
def test_a_place_s_key(where: str, key: str):
    assert place_key(where) == key


def test_no_two_places_of_a_paper_have_one_key():
    for _, claims in load_claims().groupby("paper"):
        places = set(claims["where"])
        assert len({place_key(where) for where in places}) == len(places)


def test_files_stand_beside_the_place_that_begins_their_name():
    files = [
        "a/figures/figure_1.png",
        "a/figures/figure_10_x.png",
        "b/figures/figure_1_samples.png",
        "b/tables/table_1.csv",
    ]
    assert beside("Figure 1", files) == [files[0], files[2]]
    assert beside("Figure 10", files) == [files[1]]
    assert beside("Table I", files) == [files[3]]
    assert beside("abstract", files) == []


def test_a_file_s_title_is_its_name_in_words():
    assert title("a/figures/figure_3a_sound.png") == "Figure 3a sound"
    assert title("a/tables/section_4_1.csv") == "Section 4.1"
