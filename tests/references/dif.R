# What base R says of DIF in a table drawn by rule, so that Python can draw the same one:
#   Rscript tests/references/dif.R > tests/references/dif.json
# mantelhaen.test (Mantel-Haenszel on the sum score) and glm (logistic regression), both of R's own stats package.

learners <- 1000; items <- 8
state <- 12345  # Lehmer's generator: state * 16807 mod 2^31 - 1, exact in doubles
drawn <- function() { state <<- (state * 16807) %% 2147483647; state / 2147483647 }

group <- (seq_len(learners) - 1) %% 2
scores <- matrix(0, learners, items)
for (n in seq_len(learners)) {
  ability <- ((n - 1) %% 21 - 10) / 5 - 0.4 * group[n]
  for (j in seq_len(items)) {
    difficulty <- (j - 4.5) / 3 + (j == 1) * 0.8 * group[n]
    scores[n, j] <- as.numeric(drawn() < 1 / (1 + exp(difficulty - ability)))
  }
}

total <- rowSums(scores)
text <- function(x) sprintf("%.10g", x)
rows <- character(items)
for (j in seq_len(items)) {
  counts <- table(factor(group, 0:1), factor(scores[, j], c(1, 0)), total)
  counts <- counts[, , apply(counts, 3, sum) > 1]
  mantel <- mantelhaen.test(counts, correct = TRUE)
  match <- glm(scores[, j] ~ total, family = binomial, control = list(epsilon = 1e-14))
  uniform <- update(match, . ~ . + group)
  both <- update(uniform, . ~ . + total:group)
  rows[j] <- sprintf(
    '  {"odds_ratio": %s, "low": %s, "chi2": %s, "p": %s, "uniform": %s, "both": %s, "log_odds": %s, "se_log_odds": %s}',
    text(mantel$estimate), text(mantel$conf.int[1]), text(mantel$statistic), text(mantel$p.value),
    text(deviance(match) - deviance(uniform)), text(deviance(match) - deviance(both)),
    text(coef(uniform)["group"]), text(sqrt(vcov(uniform)["group", "group"])))
}
cat(sprintf('{"made_by": "%s", "right": %d, "items": [\n%s\n]}\n', R.version.string, sum(scores), paste(rows, collapse = ",\n")))
