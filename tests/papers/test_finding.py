"""A finding cannot be made without a claim, a protocol and a leak audit."""

from __future__ import annotations

import pytest

from fer_utils.errors import FerError, UsageError
from fer_utils.leak_audit import LeakReport
from fer_utils.papers.finding import Finding, Leak
from fer_utils.scores import Estimate

CLAIM = "mobilenet_jaffe/text/overall_accuracy/all/accuracy"
OURS = Estimate(0.5, 0.4, 0.6, 3, "made up")
REPORT = LeakReport(10, {"subject": 10, "source": 5})


def test_a_leak_is_what_was_audited_or_says_why_it_was_not() -> None:
    assert Leak({"": REPORT}).text() == "subject 100 %, source 50 %"
    assert Leak({"memories": REPORT}, "the GAN saw them").text() == (
        "memories: subject 100 %, source 50 %; the GAN saw them"
    )
    with pytest.raises(FerError, match="needs a report, or a remark"):
        Leak()


@pytest.mark.parametrize("leak", ["none found", None, REPORT])
def test_no_finding_without_an_audit(leak: object) -> None:
    with pytest.raises(FerError, match="lacks its leak audit"):
        Finding(CLAIM, OURS, "sound", leak)  # type: ignore[arg-type]


def test_claim_and_protocol_must_exist() -> None:
    with pytest.raises(UsageError, match="no claim is called"):
        Finding("mobilenet_jaffe/text/overall", OURS, "sound", Leak({"": REPORT}))
    with pytest.raises(UsageError, match="protocol must be one of published, sound"):
        Finding(CLAIM, OURS, "both", Leak({"": REPORT}))
