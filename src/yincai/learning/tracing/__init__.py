"""How practice is traced: one state with two heads over the same answers, and the named sets of numbers behind them.

`measurement.tracing` has the models. Here stands what they are for: which unit an answer belongs to, how the two heads
say one chance (`numbers`), how both lie in one packed state (`state`), how a set is fitted (`fitting`), to simulated
pupils for the one that is shipped (`simulated`, `shipped`), or to the installation's own answers (`refit`), and which
set is in use (`versions`). Nothing here but `refit` and `versions` reads the database, and what is compiled is loaded
by whoever predicts or folds, not with the package.
"""
