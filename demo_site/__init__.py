"""The Merrow Packet: a small newspaper of an invented harbour town, mounted as a publisher would.

It uses adguard through its public contract only. `demo_site.app:app` runs it.
"""
