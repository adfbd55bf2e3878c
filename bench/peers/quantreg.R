# Times R's quantreg (Barrodale and Roberts, as SGP uses it) on the csv handed in; prints seconds.
suppressMessages(library(quantreg))
data <- read.csv(commandArgs(trailingOnly = TRUE)[1])
cat(system.time(suppressWarnings(rq(y ~ ., tau = (1:100 - 0.5) / 100, data = data, method = "br")))[["elapsed"]], "\n")
