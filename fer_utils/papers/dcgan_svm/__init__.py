"""Paper 4: Alharbawee & Pugeault, DCGAN discriminator features and SVMs for emotions and action units."""

from fer_utils.papers.headline import Control, Headline

HEADLINE = Headline(
    "accuracy, SVM on DCGAN features",
    ("dcgan_svm/text/all_emotions/exp_1/accuracy", "dcgan_svm/text/all_emotions/exp_5/accuracy"),
    Control("untrained network", "controls", {"features": "untrained discriminator"}),
)
