# The values in deseq2.json: R's DESeq2 1.38.3 with locfit 1.5-9.7. From this folder: Rscript deseq2.R
suppressMessages({library(DESeq2); library(jsonlite)})
set.seed(20)
digits <- function(x) signif(x, 7)

# Trends of dispersion with mean: made estimates, and what R fits to them.
trends <- list()
for (i in 1:60) {
  n <- sample(c(25, 40), 1)
  mean <- digits(round(exp(rnorm(n, runif(1, 1, 6), runif(1, .3, 2.5))), sample(c(1, 4), 1)) + .5)
  curve <- sample(c(0, .01, .1, .5), 1) + sample(c(0, .3, 3, 20), 1) / mean + .02 * mean^runif(1, -.4, .5)
  estimate <- digits(pmax(curve * rgamma(n, 2, 2), 1e-3))
  estimate[runif(n) < sample(c(0, .3), 1)] <- 1e-8
  data <- DESeqDataSetFromMatrix(matrix(1:4, n, 4, byrow = TRUE), data.frame(side = factor(c("a", "a", "b", "b"))), ~side)
  sizeFactors(data) <- rep(1, 4)
  mcols(data)$baseMean <- mcols(data)$baseVar <- mean
  mcols(data)$allZero <- FALSE
  mcols(data)$dispGeneEst <- estimate
  fitted <- suppressWarnings(suppressMessages(estimateDispersionsFit(data, quiet = TRUE)))
  type <- attr(dispersionFunction(fitted), "fitType")
  if (sum(vapply(trends, function(one) one$fit == type, NA)) < 6)
    trends <- c(trends, list(list(mean = mean, dispersion = estimate, fit = type, fitted = digits(mcols(fitted)$dispFit))))
}

# Whole analyses. A dispersion that rises with the mean has no parametric trend.
analysis <- function(units, replicates, curve, outliers = 0, fit = "parametric") {
  mean <- exp(rnorm(units, 4.5, 1.5))
  fold <- ifelse(runif(units) < .3, rnorm(units, 0, 1.5), 0)
  depth <- runif(2 * replicates, .6, 1.6)
  side <- rep(c("control", "treatment"), each = replicates)
  rate <- outer(mean, depth) * ifelse(matrix(side == "treatment", units, 2 * replicates, byrow = TRUE), 2^fold, 1)
  counts <- matrix(rnbinom(length(rate), mu = rate, size = 1 / (curve(mean) * rgamma(units, 4, 4))), units)
  at <- cbind(sample(units, outliers), sample(2 * replicates, outliers, TRUE))
  if (outliers) counts[at] <- counts[at] * 40L + 500L
  data <- DESeqDataSetFromMatrix(counts, data.frame(side = factor(side)), ~side)
  data <- suppressMessages(DESeq(data, quiet = TRUE, fitType = fit))
  result <- results(data, alpha = 0.05)
  beyond <- results(data, alpha = 0.05, lfcThreshold = 0.5)
  shrunken <- suppressMessages(lfcShrink(data, coef = 2, type = "normal", quiet = TRUE))
  stable <- assay(varianceStabilizingTransformation(data, blind = FALSE))
  list(
    counts = counts, size_factors = digits(sizeFactors(data)), fit = attr(dispersionFunction(data), "fitType"),
    dispersion_estimate = digits(mcols(data)$dispGeneEst), trend = digits(mcols(data)$dispFit),
    dispersion = digits(mcols(data)$dispersion), base_mean = digits(mcols(data)$baseMean),
    log2_fold_change = digits(result$log2FoldChange), standard_error = digits(result$lfcSE), p_value = digits(result$pvalue),
    adjusted_p_value = digits(result$padj), beyond_p_value = digits(beyond$pvalue), beyond_adjusted = digits(beyond$padj),
    shrunken = digits(shrunken$log2FoldChange), shrunken_error = digits(shrunken$lfcSE), stabilized = signif(stable, 6)
  )
}
analyses <- list(
  local = analysis(200, 3, function(mean) .01 + .01 * mean^.5),
  parametric = analysis(120, 3, function(mean) .05 + 2 / mean),
  mean = analysis(100, 2, function(mean) .1 + 0 * mean, fit = "mean"),
  replaced = analysis(80, 8, function(mean) .01 + .01 * mean^.5, outliers = 8)
)
versions <- c(DESeq2 = as.character(packageVersion("DESeq2")), locfit = as.character(packageVersion("locfit")))
write(toJSON(list(versions = as.list(versions), trends = trends, analyses = analyses), digits = NA, auto_unbox = TRUE, na = "null"), "deseq2.json")
