"""Paper 1: Churamani & Gunes, CLIFER: continual learning with imagination."""
