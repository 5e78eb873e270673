"""Running the notebooks, and holding what comes out against the papers' own numbers."""
