"""Generative adversarial networks that two papers share: DCGAN, WGAN-GP, and either with class labels."""

from fer_utils.gans.networks import Discriminator, Generator
from fer_utils.gans.settings import GanSettings
from fer_utils.gans.train import TrainedGan, generate, train

__all__ = ["Discriminator", "GanSettings", "Generator", "TrainedGan", "generate", "train"]
