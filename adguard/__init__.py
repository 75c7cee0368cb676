"""Knows which page views happen behind an ad blocker, asks kindly, counts honestly."""
