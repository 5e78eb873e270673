"""Running the notebooks, and holding what comes out against the papers' own numbers."""

import sys

# jsonschema, which nbformat loads, would compile a grammar of internationalised addresses for over
# a second, more than all the rest of starting up. It does without, and no notebook holds one.
sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type]
