"""Header fields of NITF as typed values, and back: dates, places, targets, security. TREs are in `aws.osml.io.nitf`."""

from ._date_time import DateTimeAdapter, NitfDateTime
from ._locations import GeographicCoordinate, IGEOLOAdapter, LocationAdapter, UTMCoordinate
from ._security import SecurityClassification, SecurityClassificationAdapter
from ._target import TGTID, TGTIDAdapter

__all__ = [
    "TGTID",
    "DateTimeAdapter",
    "GeographicCoordinate",
    "IGEOLOAdapter",
    "LocationAdapter",
    "NitfDateTime",
    "SecurityClassification",
    "SecurityClassificationAdapter",
    "TGTIDAdapter",
    "UTMCoordinate",
]
