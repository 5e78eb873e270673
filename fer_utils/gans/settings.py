"""What a GAN and its training need, with the source of every default."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from numbers import Integral

from fer_utils.errors import UsageError, check_choice, did_you_mean

OBJECTIVES = ("dcgan", "wgan_gp")
MULTIPLE = 16
"""Four layers halve the side, so it must be a multiple of this."""


@dataclass(frozen=True)
class GanSettings:
    """Frozen: vary it with :meth:`but`. Defaults are Radford et al. 2016 with half the discriminator's width."""

    objective: str = "dcgan"
    image_size: int = 64  # pixels a side
    channels: int = 3  # 3 RGB, 1 grey
    latent: int = 100  # length of the noise vector
    ngf: int = 64  # maps before the generator's last layer
    ndf: int = 64  # maps after the discriminator's first layer
    n_classes: int = 0  # above 0: both networks are conditioned on the class
    batch_size: int = 128
    epochs: int = 300
    steps: int = 0  # generator steps in all, the last epoch cut short; 0: as many as the epochs have
    learning_rate: float = 2e-4  # Adam
    beta1: float = 0.5
    beta2: float = 0.999
    critic_steps: int = 1  # discriminator steps a generator step
    critic_pace: float = 1.0  # the discriminator's learning rate, in the generator's
    penalty: float = 10.0  # weight of the gradient penalty; wgan_gp only
    average: float = 0.0  # pictures come from a running mean of the generator that keeps this share a step; 0: from it

    def __post_init__(self) -> None:
        check_choice("objective", self.objective, OBJECTIVES)
        check_choice("channels", str(self.channels), ("1", "3"))
        for name in ("image_size", "latent", "ngf", "ndf", "batch_size", "epochs", "critic_steps"):
            value = getattr(self, name)
            if not isinstance(value, Integral) or value <= 0:
                raise UsageError(f"{name} must be a whole number above zero, not {value!r}")
        if self.image_size % MULTIPLE:
            raise UsageError(f"image_size must be a multiple of {MULTIPLE}, not {self.image_size}")
        if self.n_classes < 0 or self.penalty < 0 or self.steps < 0:
            raise UsageError("n_classes, penalty and steps must not be below zero")
        if self.critic_pace <= 0:
            raise UsageError(f"critic_pace must be above zero, not {self.critic_pace!r}")
        if self.learning_rate <= 0 or not 0 <= self.beta1 < 1 or not 0 <= self.beta2 < 1:
            raise UsageError("Adam needs a learning_rate above zero and betas from 0 to below 1")
        if not 0 <= self.average < 1:
            raise UsageError(f"average must be from 0 to below 1, not {self.average!r}")

    def steps_an_epoch(self, n_images: int) -> int:
        """Generator steps in a pass over so many pictures, in whole batches; where they are too few, one."""
        return max(1, n_images // min(self.batch_size, n_images) // self.critic_steps)

    def all_steps(self, n_images: int) -> int:
        """Generator steps of a whole training on so many pictures."""
        return self.steps or self.epochs * self.steps_an_epoch(n_images)

    def but(self, **changes: object) -> GanSettings:
        """A copy with some settings changed; an unknown name is a :class:`UsageError`."""
        known = [field.name for field in fields(self)]
        for name in changes:
            if name not in known:
                raise UsageError(f"a GAN has no setting {name!r}.{did_you_mean(name, known)}")
        return replace(self, **changes)  # type: ignore[arg-type]


WGAN_GP = GanSettings(
    objective="wgan_gp", latent=128, batch_size=64, learning_rate=1e-4, beta1=0.0, beta2=0.9, critic_steps=5
)
"""Gulrajani et al. 2017: penalty 10, five critic steps, Adam 1e-4 with betas 0 and 0.9."""
