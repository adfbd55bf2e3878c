# Times R's lme4 on the csv handed in; prints seconds.
suppressMessages(library(lme4))
data <- read.csv(commandArgs(trailingOnly = TRUE)[1])
cat(system.time(lmer(y ~ x + (1 | school), data = data, REML = FALSE))[["elapsed"]], "\n")
