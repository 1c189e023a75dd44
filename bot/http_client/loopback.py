"""Loopback hosts: this machine."""

from ipaddress import ip_address


def is_loopback(host: str) -> bool:
    """Check whether a host is loopback: localhost, 127.0.0.0/8, or ::1."""
    try:
        address = ip_address(host.partition("%")[0])
    except ValueError:
        return host.rstrip(".").lower() == "localhost"
    mapped = getattr(address, "ipv4_mapped", None)
    return (mapped or address).is_loopback
