-- Tables of the catalogue, under the names and with the columns of groprog_assets/tables. A table that the study does not have is
-- empty. Keys and references are asset checks, so that a broken table can be shown.
CREATE TABLE snapshot (table_name VARCHAR NOT NULL, sha256 VARCHAR NOT NULL);
CREATE TABLE subjects (subject_ix INTEGER NOT NULL, subject_id VARCHAR NOT NULL, sex VARCHAR NOT NULL, age_months INTEGER, vital_status VARCHAR NOT NULL, source VARCHAR NOT NULL, site VARCHAR);
CREATE TABLE phenotypes (subject_id VARCHAR NOT NULL, term_id VARCHAR, excluded BOOLEAN NOT NULL, onset_months_min INTEGER, onset_months_max INTEGER, onset_term VARCHAR, severity VARCHAR, modifiers VARCHAR[] NOT NULL, source_term VARCHAR NOT NULL, source VARCHAR NOT NULL);
CREATE TABLE subject_terms (term_id VARCHAR NOT NULL, subject_ix INTEGER NOT NULL);
CREATE TABLE diagnoses (subject_id VARCHAR NOT NULL, mondo_id VARCHAR, omim_id VARCHAR, orpha_id VARCHAR, source_id VARCHAR NOT NULL, status VARCHAR NOT NULL, onset_months_min INTEGER, onset_months_max INTEGER);
CREATE TABLE subject_variants (subject_id VARCHAR NOT NULL, gene_id VARCHAR, symbol VARCHAR, genome_build VARCHAR, chrom VARCHAR, start BIGINT, ref VARCHAR, alt VARCHAR, hgvs VARCHAR, allelic_state VARCHAR, classification VARCHAR, status VARCHAR);
CREATE TABLE consents (subject_id VARCHAR NOT NULL, version INTEGER NOT NULL, granted TIMESTAMP NOT NULL, withdrawn TIMESTAMP, permission VARCHAR NOT NULL, modifiers VARCHAR[] NOT NULL, diseases VARCHAR[] NOT NULL, until TIMESTAMP);
CREATE TABLE terms (ontology VARCHAR NOT NULL, term_id VARCHAR NOT NULL, name VARCHAR NOT NULL, obsolete BOOLEAN NOT NULL, replaced_by VARCHAR[] NOT NULL, consider VARCHAR[] NOT NULL, version VARCHAR NOT NULL);
CREATE TABLE term_aliases (term_id VARCHAR NOT NULL, alias_id VARCHAR NOT NULL, kind VARCHAR NOT NULL);
CREATE TABLE term_synonyms (term_id VARCHAR NOT NULL, text VARCHAR NOT NULL, scope VARCHAR NOT NULL);
CREATE TABLE edges (ontology VARCHAR NOT NULL, child VARCHAR NOT NULL, parent VARCHAR NOT NULL);
CREATE TABLE closure (term_id VARCHAR NOT NULL, ancestor VARCHAR NOT NULL);
CREATE TABLE xrefs (from_id VARCHAR NOT NULL, predicate VARCHAR NOT NULL, to_id VARCHAR NOT NULL, justification VARCHAR, set_id VARCHAR NOT NULL, set_version VARCHAR NOT NULL, from_obsolete BOOLEAN NOT NULL);
CREATE TABLE diseases (disease_id VARCHAR NOT NULL, name VARCHAR NOT NULL);
CREATE TABLE disease_terms (disease_id VARCHAR NOT NULL, term_id VARCHAR NOT NULL, n INTEGER, m INTEGER, frequency DOUBLE, frequency_source VARCHAR NOT NULL, negated BOOLEAN NOT NULL, onset VARCHAR, sex VARCHAR, modifiers VARCHAR[] NOT NULL, sources VARCHAR[] NOT NULL, evidence VARCHAR, aspect VARCHAR NOT NULL);
CREATE TABLE gene_disease (gene_id VARCHAR NOT NULL, symbol VARCHAR NOT NULL, disease_id VARCHAR NOT NULL, relation VARCHAR NOT NULL, source VARCHAR NOT NULL, version VARCHAR NOT NULL);
CREATE TABLE disease_ranks (subject_id VARCHAR NOT NULL, rank DOUBLE NOT NULL, disease_id VARCHAR NOT NULL, name VARCHAR NOT NULL, score DOUBLE NOT NULL, support DOUBLE NOT NULL, diagnosed BOOLEAN NOT NULL);
CREATE TABLE finding_ratios (subject_id VARCHAR NOT NULL, disease_id VARCHAR NOT NULL, term_id VARCHAR NOT NULL, excluded BOOLEAN NOT NULL, log_ratio DOUBLE, matched VARCHAR, frequency DOUBLE, sources VARCHAR[] NOT NULL, reading VARCHAR NOT NULL);
CREATE TABLE samples (sample_id VARCHAR NOT NULL, subject_id VARCHAR NOT NULL, tissue VARCHAR, specimen VARCHAR, collected_months INTEGER, is_reference BOOLEAN NOT NULL);
CREATE TABLE assays (assay_id VARCHAR NOT NULL, omics VARCHAR NOT NULL, kind VARCHAR NOT NULL, platform VARCHAR, unit VARCHAR, scale VARCHAR, genome_build VARCHAR, id_system VARCHAR, missing_kind VARCHAR NOT NULL, features BIGINT NOT NULL, samples BIGINT NOT NULL, missing_share DOUBLE, source_sha256 VARCHAR NOT NULL);
CREATE TABLE assay_samples (assay_id VARCHAR NOT NULL, position INTEGER NOT NULL, sample_id VARCHAR NOT NULL, batch VARCHAR, run_order INTEGER);
CREATE TABLE features (assay_id VARCHAR NOT NULL, feature_ix INTEGER NOT NULL, feature_id VARCHAR NOT NULL, source_id VARCHAR NOT NULL, symbol VARCHAR, gene_id VARCHAR, chrom VARCHAR, start BIGINT, "end" BIGINT, strand VARCHAR, mapping VARCHAR NOT NULL);
CREATE TABLE sample_factors (sample_id VARCHAR NOT NULL, factor VARCHAR NOT NULL, value VARCHAR);
CREATE TABLE flagged_values (assay_id VARCHAR NOT NULL, feature_ix INTEGER NOT NULL, position INTEGER NOT NULL);
CREATE TABLE judged_samples (assay_id VARCHAR NOT NULL, sample_id VARCHAR NOT NULL, subject_id VARCHAR NOT NULL, stage VARCHAR NOT NULL, reference_samples BIGINT NOT NULL, judged BIGINT NOT NULL, outside BIGINT NOT NULL);
CREATE TABLE out_of_range (assay_id VARCHAR NOT NULL, sample_id VARCHAR NOT NULL, subject_id VARCHAR NOT NULL, feature_ix INTEGER NOT NULL, value DOUBLE NOT NULL, median DOUBLE NOT NULL, robust_z DOUBLE NOT NULL, reference_samples BIGINT NOT NULL);
CREATE TABLE variants (variant_ix BIGINT NOT NULL, genome_build VARCHAR NOT NULL, chrom VARCHAR NOT NULL, start BIGINT NOT NULL, "end" BIGINT NOT NULL, ref VARCHAR NOT NULL, alt VARCHAR NOT NULL, kind VARCHAR NOT NULL, digest VARCHAR NOT NULL, source_alt_index BIGINT NOT NULL);
CREATE TABLE genotypes (sample_id VARCHAR NOT NULL, variant_ix BIGINT NOT NULL, alleles TINYINT[] NOT NULL, dosage INTEGER, phased BOOLEAN NOT NULL, phase_set BIGINT, depth INTEGER, alt_depth INTEGER, quality FLOAT, filter VARCHAR[] NOT NULL);
CREATE TABLE variant_consequences (variant_ix BIGINT NOT NULL, gene_id VARCHAR, symbol VARCHAR, transcript VARCHAR, consequence VARCHAR, hgvs_c VARCHAR, hgvs_p VARCHAR, classification VARCHAR, source VARCHAR NOT NULL);
CREATE TABLE intervals (assay_id VARCHAR NOT NULL, sample_id VARCHAR NOT NULL, chrom VARCHAR NOT NULL, start BIGINT NOT NULL, "end" BIGINT NOT NULL, value FLOAT, kind VARCHAR NOT NULL);
CREATE TABLE gene_sets (set_id VARCHAR NOT NULL, name VARCHAR NOT NULL, source VARCHAR NOT NULL, gene_id VARCHAR NOT NULL, direction VARCHAR);
CREATE TABLE drug_target (drug_id VARCHAR NOT NULL, name VARCHAR NOT NULL, gene_id VARCHAR NOT NULL, action VARCHAR NOT NULL, source VARCHAR NOT NULL, version VARCHAR NOT NULL);
CREATE TABLE factor_scores (subject_id VARCHAR NOT NULL, factor VARCHAR NOT NULL, score DOUBLE NOT NULL);
CREATE TABLE factor_variance (factor VARCHAR NOT NULL, assay_id VARCHAR NOT NULL, share DOUBLE NOT NULL);
CREATE TABLE subject_strata (subject_id VARCHAR NOT NULL, stratum BIGINT NOT NULL);
CREATE TABLE stratum_numbers (strata BIGINT NOT NULL, stability DOUBLE NOT NULL, smallest BIGINT NOT NULL, chosen BOOLEAN NOT NULL);
CREATE TABLE stratum_survival (stratum BIGINT NOT NULL, subjects BIGINT NOT NULL, events BIGINT NOT NULL, median DOUBLE);
CREATE TABLE biomarkers (outcome VARCHAR NOT NULL, assay_id VARCHAR NOT NULL, feature_id VARCHAR NOT NULL, symbol VARCHAR NOT NULL, effect DOUBLE, lower DOUBLE, upper DOUBLE, statistic DOUBLE, p_value DOUBLE, q_value DOUBLE, samples BIGINT NOT NULL, reference_samples BIGINT NOT NULL, missing DOUBLE NOT NULL, frequency DOUBLE, biomarker BOOLEAN NOT NULL);
CREATE TABLE target_candidates (outcome VARCHAR NOT NULL, rank BIGINT NOT NULL, feature VARCHAR NOT NULL, gene_id VARCHAR NOT NULL, statistic DOUBLE NOT NULL, frequency DOUBLE NOT NULL, weight DOUBLE NOT NULL, drug_id VARCHAR NOT NULL, name VARCHAR NOT NULL, action VARCHAR NOT NULL, source VARCHAR NOT NULL, version VARCHAR NOT NULL);
CREATE TABLE pathway_scores (subject_id VARCHAR NOT NULL, assay_id VARCHAR NOT NULL, set_id VARCHAR NOT NULL, score DOUBLE);
CREATE TABLE scored_sets (assay_id VARCHAR NOT NULL, set_id VARCHAR NOT NULL, size BIGINT NOT NULL, present BIGINT NOT NULL, share DOUBLE NOT NULL, scored BOOLEAN NOT NULL);
CREATE TABLE ranked_sets (outcome VARCHAR NOT NULL, assay_id VARCHAR NOT NULL, set_id VARCHAR NOT NULL, size BIGINT NOT NULL, present BIGINT NOT NULL, share DOUBLE NOT NULL, score DOUBLE, normalised DOUBLE, p_value DOUBLE, q_value DOUBLE, chosen BIGINT NOT NULL, over_p_value DOUBLE, over_q_value DOUBLE);
CREATE TABLE drug_reversal (outcome VARCHAR NOT NULL, assay_id VARCHAR NOT NULL, drug VARCHAR NOT NULL, up_present BIGINT NOT NULL, down_present BIGINT NOT NULL, up_score DOUBLE, down_score DOUBLE, score DOUBLE, p_value DOUBLE, q_value DOUBLE, reverses BOOLEAN NOT NULL, label VARCHAR NOT NULL);

-- Derived for questions.
CREATE TABLE subject_diseases (disease_id VARCHAR NOT NULL, subject_ix INTEGER NOT NULL);
CREATE TABLE search_names (kind VARCHAR NOT NULL, id VARCHAR NOT NULL, name VARCHAR NOT NULL, lowered VARCHAR NOT NULL);
