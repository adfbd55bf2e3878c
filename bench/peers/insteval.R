# Writes lme4's InstEval (73,421 ratings of lectures at ETH Zurich; GPL) as numbers to the csv named.
suppressMessages(library(lme4))
columns <- with(InstEval, data.frame(y = y, x = as.integer(service) - 1, s = as.integer(s), d = as.integer(d),
                                     dept = as.integer(dept)))
write.csv(columns, commandArgs(trailingOnly = TRUE)[1], row.names = FALSE)
