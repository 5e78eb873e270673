"""Paper 3: Wadhawan & Gandhi, a landmark-aware, part-based ensemble of transfer-learning networks."""

from fer_utils.devices import prefer_keras_backend
from fer_utils.papers.landmark_ensemble.settings import KERAS_BACKEND

# Settled on entering the room, so that stored units know the backend before Keras is loaded.
prefer_keras_backend(KERAS_BACKEND)
