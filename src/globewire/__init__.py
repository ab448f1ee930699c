"""Globewire: a self-hosted international SMS gateway that speaks SendMessageToGlobe and delivers over SMPP 3.4."""

__version__ = "0.1.0"
