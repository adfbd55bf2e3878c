# Growth percentiles with two and three priors by R's splines and quantreg, with the settings of SGP 2.2: an outside
# reference for tests/measurement/growth/test_percentiles.py. Needs Debian's r-base-core and r-cran-quantreg.
#   Rscript tests/references/sgp_quantreg.R > tests/references/sgp_two_three_priors.csv
# The scores are synthetic (drawn below). With a csv of columns score,prior1,prior2,prior3 (newest prior first) handed
# in, the percentiles of those scores are printed instead.
suppressMessages({library(splines); library(quantreg)})

drawn <- function(pupils) {
  set.seed(20261126)
  able <- rnorm(pupils)
  year <- function(k) round(500 + 12 * k + 70 * able + (25 + 4 * k) * rnorm(pupils), 1)
  data.frame(score = year(3), prior1 = year(2), prior2 = year(1), prior3 = year(0))
}

columns <- function(prior) {
  knots <- quantile(prior, c(.2, .4, .6, .8), names = FALSE)
  bs(prior, knots = knots, Boundary.knots = extendrange(prior, f = .1))
}

percentiles <- function(data, priors) {
  x <- do.call(cbind, lapply(data[paste0("prior", 1:priors)], columns))
  fitted <- suppressWarnings(rq(data$score ~ x, tau = (1:100 - .5) / 100, method = "br"))
  predicted <- round(t(apply(cbind(1, x) %*% coef(fitted), 1, sort)), 5)
  inside <- function(v) pmin(pmax(v, min(data$score)), max(data$score))
  cuts <- round(inside(predicted[, c(1, 35, 50, 65, 99) + 1]), 3)
  made <- data.frame(pmin(pmax(rowSums(predicted < data$score), 1), 99), cuts)
  names(made) <- c(paste0("sgp", priors), paste0("p", c(1, 35, 50, 65, 99), "_", priors))
  made
}

handed <- commandArgs(trailingOnly = TRUE)
data <- if (length(handed)) read.csv(handed[1]) else drawn(900)
made <- cbind(percentiles(data, 2), percentiles(data, 3))
write.csv(if (length(handed)) made else cbind(data, made), row.names = FALSE, quote = FALSE)
