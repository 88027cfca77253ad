"""How much is tried: the usual hundred examples a test, and many more by `make fuzz`."""

from hypothesis import settings

settings.register_profile("fuzz", max_examples=2_000)
