"""Paper 4: Alharbawee & Pugeault, DCGAN discriminator features and SVMs for emotions and action units."""

from fer_utils.devices import prefer_keras_backend

# Settled on entering the room, so that units stored before Keras is loaded are found again after.
prefer_keras_backend("torch")
