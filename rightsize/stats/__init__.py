"""Intervals and tests, pure: numbers in, bounds out. Verdicts rest on the exact ones among them.

Modules: ``binomial`` (right or wrong), ``betting`` (scores by group), ``sequence`` (scores looked at while they
come in), ``paired`` (two candidates on the same items), ``order`` (percentiles), ``mean`` (windows),
``bootstrap`` (corpus figures, ratios), ``multiple`` (many comparisons), ``sample_size`` (before measuring).
"""
