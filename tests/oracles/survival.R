# What R survival says of a cohort: Rscript survival.R survival_cohort.csv > survival.json
# The cohort has ties in time between events, between censorings and across, ties in risk, and a censored last time.
suppressMessages(library(survival))
cohort <- read.csv(commandArgs(trailingOnly = TRUE)[1])
outcome <- Surv(cohort$time, cohort$event)
control <- coxph.control(eps = 1e-14, toler.chol = 1e-15, iter.max = 100)
said <- list()

curve <- survfit(outcome ~ 1, conf.type = "log-log", data = cohort)
said$km_time <- curve$time
said$km_survival <- curve$surv
said$km_standard_error <- curve$std.err * curve$surv
said$km_lower <- curve$lower
said$km_upper <- curve$upper
said$km_at_risk <- curve$n.risk
said$km_events <- curve$n.event

# Events leave the risk set before censorings of the same time: they are moved a little to the left.
moved <- ifelse(cohort$event == 1, cohort$time - 1e-3, cohort$time)
censoring <- survfit(Surv(moved, 1 - cohort$event) ~ 1)
said$censoring <- summary(censoring, times = sort(unique(cohort$time)), extend = TRUE)$surv

for (weight in c("n", "n/G2")) {
  for (tau in c(Inf, 24)) {
    fit <- concordance(outcome ~ risk, data = cohort, reverse = TRUE, timewt = weight, ymax = tau - 0.5)
    name <- paste0("concordance_", ifelse(weight == "n", "harrell", "ipcw"), ifelse(is.finite(tau), "_tau", ""))
    said[[name]] <- unname(fit$concordance)
    if (weight == "n") said[[paste0(name, "_counts")]] <- unname(fit$count[1:4])
  }
}

# A coefficient of 1 for the risk as it is, by an offset; martingale residuals are the gradient of the log partial likelihood.
for (ties in c("efron", "breslow")) {
  offset <- coxph(outcome ~ offset(risk), data = cohort, ties = ties)
  said[[paste0("cox_", ties, "_log_likelihood")]] <- offset$loglik[1]
  said[[paste0("cox_", ties, "_martingale")]] <- unname(residuals(offset, type = "martingale"))
}
fitted <- coxph(outcome ~ x1 + x2, data = cohort, ties = "efron", control = control)
said$cox_coefficients <- unname(fitted$coefficients)
said$cox_log_likelihood <- fitted$loglik[2]
said$cox_information <- as.vector(solve(fitted$var))

breslow <- basehaz(coxph(outcome ~ offset(risk - mean(risk)), data = cohort, ties = "breslow"), centered = FALSE)
said$baseline_time <- breslow$time
said$baseline_hazard <- breslow$hazard
said$baseline_shift <- mean(cohort$risk)

# Weights that redistribute the censored to the right are 1/G; the Brier score of S = exp(-t / 30 exp(risk / 4)) under them.
taus <- c(6.5, 12.5, 24.5)
said$brier <- sapply(taus, function(tau) {
  weight <- rttright(outcome ~ 1, data = cohort, times = tau)
  alive <- as.numeric(cohort$time > tau)
  mean(weight * (alive - exp(-tau / 30 * exp(cohort$risk / 4)))^2)
})

tested <- survdiff(outcome ~ group, data = cohort)
said$log_rank <- tested$chisq
said$version <- as.numeric(unlist(packageVersion("survival")))

number <- function(values) paste0("[", paste(ifelse(is.na(values), "NaN", sprintf("%.17g", values)), collapse = ", "), "]")
cat("{\n", paste0('"', names(said), '": ', sapply(said, number), collapse = ",\n"), "\n}\n", sep = "")
