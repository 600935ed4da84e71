"""The why engine: claims, rules, links, chains. It knows no rule by name."""

from shakeout.why.claims import Claim, claim
from shakeout.why.layers import Layer
from shakeout.why.links import Because, Remedy, RuledOut, Strength
from shakeout.why.rule import Family, GuardSpec, Rule

__all__ = ["Because", "Claim", "Family", "GuardSpec", "Layer", "Remedy", "Rule", "RuledOut", "Strength", "claim"]
