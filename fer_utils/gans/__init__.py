"""Generative adversarial networks that two papers share: DCGAN, WGAN-GP, and either with class labels."""
