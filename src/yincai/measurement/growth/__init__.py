"""Growth: percentiles of growth, mixed models, and what a school added, with intervals.

`percentiles`: student growth percentiles (research); `quantiles`: exact quantile regression; `mixed` and `formula`:
linear mixed models; `prior_error`: measurement error of earlier scores; `value_added`: the growth of schools.
"""
