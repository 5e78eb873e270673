"""Paper 5: Barile, Bassano & Picciocchi, transfer learning with MobileNetV2 on JAFFE."""

from fer_utils.devices import prefer_keras_backend
from fer_utils.papers.mobilenet_jaffe.settings import KERAS_BACKEND

# Settled on entering the room, so that stored units know the backend before Keras is loaded.
prefer_keras_backend(KERAS_BACKEND)
