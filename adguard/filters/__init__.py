"""Filter lists: reading them, and deciding what they block and hide."""

from adguard.filters.cosmetic import CosmeticMatch, CosmeticMatcher
from adguard.filters.environment import (
    ADBLOCK_PLUS,
    ADGUARD,
    BRAVE,
    GHOSTERY,
    UBLOCK,
    UBLOCK_CHROMIUM,
    UBLOCK_LITE,
    Environment,
)
from adguard.filters.facts import Request
from adguard.filters.lists import FilterList
from adguard.filters.network import NetworkMatch, NetworkMatcher
from adguard.filters.parser import parse_list
from adguard.filters.rules import CosmeticRule, NetworkRule, Options, Places, Problem
from adguard.filters.selector import Element

__all__ = [
    "ADBLOCK_PLUS",
    "ADGUARD",
    "BRAVE",
    "GHOSTERY",
    "UBLOCK",
    "UBLOCK_CHROMIUM",
    "UBLOCK_LITE",
    "CosmeticMatch",
    "CosmeticMatcher",
    "CosmeticRule",
    "Element",
    "Environment",
    "FilterList",
    "NetworkMatch",
    "NetworkMatcher",
    "NetworkRule",
    "Options",
    "Places",
    "Problem",
    "Request",
    "parse_list",
]
