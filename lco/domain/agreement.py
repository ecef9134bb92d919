"""The rental terms that a customer agrees to, known by the digest of the text as it was shown."""

import hashlib
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Agreement:
    """Terms as they were shown: `text` is cleaned HTML."""

    text: str

    @property
    def digest(self) -> str:
        """SHA-256 of the text in hexadecimal."""
        return hashlib.sha256(self.text.encode()).hexdigest()
