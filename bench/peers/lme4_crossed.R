# Times R's lme4 with crossed effects on the csv handed in; prints seconds.
suppressMessages(library(lme4))
data <- read.csv(commandArgs(trailingOnly = TRUE)[1])
cat(system.time(lmer(y ~ x + (1 | s) + (1 | d) + (1 | dept), data = data, REML = FALSE))[["elapsed"]], "\n")
