-- The lineage ledger. Rows are only ever inserted. Every finished run is projected once, with its seal, in one transaction.
CREATE TABLE IF NOT EXISTS about (name VARCHAR PRIMARY KEY, value VARCHAR NOT NULL);

CREATE TABLE IF NOT EXISTS runs (
  run_id VARCHAR PRIMARY KEY, job VARCHAR NOT NULL, status VARCHAR NOT NULL, partition VARCHAR NOT NULL,
  started TIMESTAMP, ended TIMESTAMP NOT NULL, actor VARCHAR NOT NULL, tags VARCHAR NOT NULL);

CREATE TABLE IF NOT EXISTS events (
  run_id VARCHAR NOT NULL, storage_id BIGINT NOT NULL, happened TIMESTAMP NOT NULL, kind VARCHAR NOT NULL,
  asset VARCHAR NOT NULL, partition VARCHAR NOT NULL, body VARCHAR NOT NULL, sha256 VARCHAR NOT NULL,
  PRIMARY KEY (run_id, storage_id));

CREATE TABLE IF NOT EXISTS materializations (
  run_id VARCHAR NOT NULL, storage_id BIGINT NOT NULL, happened TIMESTAMP NOT NULL, asset VARCHAR NOT NULL,
  partition VARCHAR NOT NULL, sha256 VARCHAR NOT NULL, derivation VARCHAR NOT NULL, reused BOOLEAN NOT NULL,
  PRIMARY KEY (run_id, storage_id));

CREATE TABLE IF NOT EXISTS checks (
  run_id VARCHAR NOT NULL, storage_id BIGINT NOT NULL, happened TIMESTAMP NOT NULL, asset VARCHAR NOT NULL,
  partition VARCHAR NOT NULL, name VARCHAR NOT NULL, passed BOOLEAN NOT NULL, severity VARCHAR NOT NULL,
  description VARCHAR NOT NULL, PRIMARY KEY (run_id, storage_id));

-- One row a derivation: how a value came to be. `body` is the record itself, whose sha256 is its name.
CREATE TABLE IF NOT EXISTS derivations (
  derivation VARCHAR PRIMARY KEY, asset VARCHAR NOT NULL, partition VARCHAR NOT NULL, sha256 VARCHAR NOT NULL,
  code_version VARCHAR NOT NULL, environment VARCHAR NOT NULL, kernels VARCHAR NOT NULL, seed BIGINT, body VARCHAR NOT NULL);

CREATE TABLE IF NOT EXISTS derivation_inputs (
  derivation VARCHAR NOT NULL, position INTEGER NOT NULL, name VARCHAR NOT NULL, asset VARCHAR NOT NULL,
  partition VARCHAR NOT NULL, sha256 VARCHAR NOT NULL, upstream VARCHAR NOT NULL, PRIMARY KEY (derivation, position));

CREATE TABLE IF NOT EXISTS derivation_files (
  derivation VARCHAR NOT NULL, position INTEGER NOT NULL, role VARCHAR NOT NULL, library VARCHAR NOT NULL,
  path VARCHAR NOT NULL, bytes BIGINT NOT NULL, sha256 VARCHAR NOT NULL, PRIMARY KEY (derivation, position));

CREATE TABLE IF NOT EXISTS derivation_parameters (
  derivation VARCHAR NOT NULL, name VARCHAR NOT NULL, value VARCHAR NOT NULL, published VARCHAR NOT NULL,
  PRIMARY KEY (derivation, name));

-- Which patients (by pseudonym) a model saw, and how; repeat and fold -1 is the fit on all. The digest of a model's rows is sealed
-- with the event of its materialization.
CREATE TABLE IF NOT EXISTS patients_seen (
  model VARCHAR NOT NULL, patient VARCHAR NOT NULL, repeat INTEGER NOT NULL, fold INTEGER NOT NULL, role VARCHAR NOT NULL,
  PRIMARY KEY (model, patient, repeat, fold));

-- One line of a log of questions (log.jsonl), of answers to other sites (federation.jsonl) or of exports (exports.jsonl), in its
-- order: `sha256` is of the line, `previous` of the line before. `data` is the digest of the tables that decided the answer, `total`
-- what it cost all actors together.
CREATE TABLE IF NOT EXISTS data_queries (
  log VARCHAR NOT NULL, happened TIMESTAMP NOT NULL, actor VARCHAR NOT NULL, purpose VARCHAR, endpoint VARCHAR NOT NULL,
  canonical VARCHAR NOT NULL, data VARCHAR NOT NULL, snapshot VARCHAR NOT NULL, epsilon DOUBLE NOT NULL, total DOUBLE NOT NULL,
  outcome VARCHAR NOT NULL, previous VARCHAR NOT NULL, sha256 VARCHAR NOT NULL);

-- One row a finished run or decision (a run of its own, named event-NUMBER), in the order of projection: the Merkle root of its rows, chained to the seal before.
CREATE TABLE IF NOT EXISTS seals (
  sequence BIGINT PRIMARY KEY, run_id VARCHAR NOT NULL UNIQUE, leaves BIGINT NOT NULL, merkle_root VARCHAR NOT NULL,
  previous VARCHAR NOT NULL, seal VARCHAR NOT NULL);
