from enum import IntEnum
from typing import NamedTuple

class ECType(IntEnum):
    P_256 = 0

class ECPublicCoords(NamedTuple):
    x: bytes
    y: bytes

class EC:
    @staticmethod
    def new_generate(type: ECType) -> EC: ...
    @staticmethod
    def new_key_from_der_data(der_data: bytes) -> EC: ...
    def get_public_coords(self) -> ECPublicCoords: ...
    def verify(self, digest: bytes, signature: bytes) -> bool: ...
