"""The vendor's data centers: an app lives in exactly one of them."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType


@dataclass(frozen=True, slots=True)
class Region:
    """One data center: its host, and how people read it."""

    host: str
    label: str


REGIONS: Mapping[str, Region] = MappingProxyType(
    {
        "china": Region("console.tim.qq.com", "China"),
        "singapore": Region("adminapisgp.im.qcloud.com", "Singapore"),
        "seoul": Region("adminapikr.im.qcloud.com", "Seoul"),
        "frankfurt": Region("adminapiger.im.qcloud.com", "Frankfurt"),
        # `ind` is India, `idn` Indonesia: two swapped letters name another data center.
        "mumbai": Region("adminapiind.im.qcloud.com", "Mumbai"),
        "silicon_valley": Region("adminapiusa.im.qcloud.com", "Silicon Valley"),
        "jakarta": Region("adminapiidn.im.qcloud.com", "Jakarta"),
        "tokyo": Region("adminapijpn.im.qcloud.com", "Tokyo"),
    }
)
"""The regions by the name used in settings."""
