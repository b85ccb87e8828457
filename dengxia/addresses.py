"""The addresses of machines."""

from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address


@lru_cache(maxsize=1000)
def ip(text: str) -> IPv4Address | IPv6Address | None:
    """An address, or nothing where the text is none; an IPv4 one also where it is written as of IPv6."""
    try:
        found = ip_address(text)
    except ValueError:
        return None
    return getattr(found, "ipv4_mapped", None) or found
