"""Paper 1: Churamani & Gunes, CLIFER: continual learning with imagination."""

from fer_utils.cache_dir import compile_into_cache

# Settled on entering the room, before numba is imported.
compile_into_cache()
