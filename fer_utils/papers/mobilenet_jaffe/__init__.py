"""Paper 5: Barile, Bassano & Picciocchi, transfer learning with MobileNetV2 on JAFFE."""

from fer_utils.papers.headline import Control, Headline

HEADLINE = Headline(
    "overall accuracy",
    ("mobilenet_jaffe/text/overall_accuracy/all/accuracy",),
    Control(
        "last epoch, none chosen",
        "protocols",
        {"epoch chosen by": "last_epoch"},
        protocols={"published": "A", "sound": "C"},
    ),
)
