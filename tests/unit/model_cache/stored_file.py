"""One model file, and the manifest of the version that it is."""

import hashlib
import os

from tests.unit.model_cache.cache_fakes import make_manifest

KIB = 1024
CONTENT = os.urandom(300 * KIB)
DIGEST = hashlib.sha256(CONTENT).hexdigest()
MANIFEST = make_manifest({"model.onnx": CONTENT})
