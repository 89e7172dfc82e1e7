"""Rasid (راصد): watches the Arabic technology press. The core decides; the rooms around it do."""

__version__ = "0.1.0"
