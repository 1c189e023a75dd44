"""The vendor's data centers; an app is in exactly one."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType


@dataclass(frozen=True, slots=True)
class Region:
    """One data center: its API host and its name for people."""

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
"""Regions by their name in settings."""
