"""The security fields of a file or a segment as one value (2500C Tables A-1 to A-8)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from .._errors import OptionError

# The end of the name of the field of each part. The beginning is the prefix: FS, IS, SS, TS, DES or RES.
_ENDINGS = {
    "classification": "CLAS",
    "classification_system": "CLSY",
    "codewords": "CODE",
    "control_and_handling": "CTLH",
    "releasing_instructions": "REL",
    "declassification_type": "DCTP",
    "declassification_date": "DCDT",
    "declassification_exemption": "DCXM",
    "downgrade": "DG",
    "downgrade_date": "DGDT",
    "classification_text": "CLTX",
    "authority_type": "CATP",
    "authority": "CAUT",
    "reason": "CRSN",
    "source_date": "SRDT",
    "control_number": "CTLN",
}


@dataclass(frozen=True)
class SecurityClassification:
    """The security of a file or a segment: the text of the fields without padding; blank fields are empty."""

    classification: str = "U"
    """xSCLAS: T, S, C, R or U."""
    classification_system: str = ""
    """xSCLSY: the country or system that classified it."""
    codewords: str = ""
    """xSCODE."""
    control_and_handling: str = ""
    """xSCTLH."""
    releasing_instructions: str = ""
    """xSREL: countries to which it may be released."""
    declassification_type: str = ""
    """xSDCTP: DD, DE, GD, GE, O or X."""
    declassification_date: str = ""
    """xSDCDT, CCYYMMDD."""
    declassification_exemption: str = ""
    """xSDCXM."""
    downgrade: str = ""
    """xSDG: the classification after the downgrade."""
    downgrade_date: str = ""
    """xSDGDT, CCYYMMDD."""
    classification_text: str = ""
    """xSCLTX."""
    authority_type: str = ""
    """xSCATP: O, D or M."""
    authority: str = ""
    """xSCAUT."""
    reason: str = ""
    """xSCRSN: A to G."""
    source_date: str = ""
    """xSSRDT, CCYYMMDD."""
    control_number: str = ""
    """xSCTLN."""


class SecurityClassificationAdapter:
    """The security fields in metadata and their value."""

    @staticmethod
    def extract(metadata: Mapping[str, Any], prefix: str) -> SecurityClassification:
        """The security of metadata.

        Args:
            metadata: The metadata of a file or an asset.
            prefix: The beginning of the names of the fields: `FS` (file), `IS` (image), `SS` (graphic), `TS` (text), `DES`, `RES`.

        Raises:
            OptionError: A `ValueError`, if the metadata lacks the classification itself, such as FSCLAS.
        """
        classification = f"{prefix}{_ENDINGS['classification']}"
        if classification not in metadata:
            raise OptionError(f"prefix of security fields: got {prefix!r}, expected one for which {classification} is in the metadata")
        found = {name: str(metadata.get(prefix + ending, "")).strip() for name, ending in _ENDINGS.items()}
        return SecurityClassification(**found)

    @staticmethod
    def to_dict(value: SecurityClassification, prefix: str) -> dict[str, str]:
        """The fields by their names, for `metadata.update(…)`; empty ones are blank in a file."""
        return {prefix + _ENDINGS[field.name]: getattr(value, field.name) for field in fields(value)}
