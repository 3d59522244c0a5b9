"""A believable county from a seed: an invented book of care on real postcodes."""

from matcher.synthetic.county import generate
from matcher.synthetic.spec import CountySpec

__all__ = ["CountySpec", "generate"]
