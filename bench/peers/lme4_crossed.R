# Times R's lme4 with crossed effects on the csv handed in; prints seconds and log-likelihood.
suppressMessages(library(lme4))
data <- read.csv(commandArgs(trailingOnly = TRUE)[1])
taken <- system.time(fit <- lmer(y ~ x + (1 | s) + (1 | d) + (1 | dept), data = data, REML = FALSE))[["elapsed"]]
cat(sprintf("%.6g %.9g\n", taken, as.numeric(logLik(fit))))
