# Times R's lme4 on the csv handed in; prints seconds and log-likelihood.
suppressMessages(library(lme4))
data <- read.csv(commandArgs(trailingOnly = TRUE)[1])
taken <- system.time(fit <- lmer(y ~ x + (1 | school), data = data, REML = FALSE))[["elapsed"]]
cat(sprintf("%.6g %.9g\n", taken, as.numeric(logLik(fit))))
