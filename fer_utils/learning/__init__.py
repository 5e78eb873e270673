"""Training a classifier: pictures stay on the device as ``uint8``, and nothing in the loop waits for it."""
