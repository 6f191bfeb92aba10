-- What schema version 2 adds: audits. docs/formats/trace.md explains every column.

-- A prompt that begins as another one does has rows in `token` from n_shared on; those before are
-- the main prompt's.
CREATE TABLE prompt_shared (
  prompt   INTEGER PRIMARY KEY REFERENCES prompt (id),
  main     INTEGER NOT NULL REFERENCES prompt (id),
  n_shared INTEGER NOT NULL CHECK (n_shared > 0)
) STRICT;

CREATE TABLE audit (
  run       INTEGER PRIMARY KEY REFERENCES run (id),
  plan      TEXT NOT NULL,
  plan_hash TEXT NOT NULL,
  plan_kind TEXT NOT NULL CHECK (plan_kind IN ('auditor', 'tool-default', 'none')),
  control   INTEGER NOT NULL CHECK (control IN (0, 1))
) STRICT;

CREATE TABLE audit_suite (
  id       INTEGER PRIMARY KEY,
  run      INTEGER NOT NULL REFERENCES run (id),
  idx      INTEGER NOT NULL,
  name     TEXT NOT NULL,
  version  TEXT NOT NULL,
  sha256   TEXT NOT NULL,
  probe    TEXT NOT NULL,
  language TEXT NOT NULL,
  licence  TEXT NOT NULL,
  draft    INTEGER NOT NULL CHECK (draft IN (0, 1)),
  info     TEXT NOT NULL,
  n_item   INTEGER NOT NULL,
  UNIQUE (run, idx)
) STRICT;

CREATE TABLE audit_item (
  id    INTEGER PRIMARY KEY,
  suite INTEGER NOT NULL REFERENCES audit_suite (id),
  idx   INTEGER NOT NULL,
  name  ANY NOT NULL,
  UNIQUE (suite, idx)
) STRICT;

CREATE TABLE audit_label (
  item  INTEGER NOT NULL REFERENCES audit_item (id),
  key   ANY NOT NULL,
  value ANY NOT NULL,
  PRIMARY KEY (item, key)
) STRICT, WITHOUT ROWID;

CREATE TABLE audit_sequence (
  prompt     INTEGER PRIMARY KEY REFERENCES prompt (id),
  item       INTEGER NOT NULL REFERENCES audit_item (id),
  format     TEXT NOT NULL,
  candidate  INTEGER NOT NULL,
  role       ANY NOT NULL,
  correct    INTEGER NOT NULL CHECK (correct IN (0, 1)),
  purpose    TEXT NOT NULL CHECK (purpose IN ('conditional', 'unconditional')),
  ordering   INTEGER NOT NULL,
  place      INTEGER NOT NULL,
  text_begin INTEGER NOT NULL,
  n_scored   INTEGER NOT NULL,
  logprob    REAL
) STRICT;
CREATE INDEX audit_sequence_by_item ON audit_sequence (item);

CREATE TABLE audit_outcome (
  item   INTEGER NOT NULL REFERENCES audit_item (id),
  format TEXT NOT NULL,
  metric TEXT NOT NULL,
  state  TEXT NOT NULL
    CHECK (state IN ('measured', 'tied', 'undefined', 'refused', 'unparsed', 'failed')),
  value  REAL,
  choice ANY,
  why    ANY,
  PRIMARY KEY (item, format, metric),
  CHECK ((state = 'measured') = (value IS NOT NULL))
) STRICT, WITHOUT ROWID;

CREATE VIEW v_sequence_token AS
SELECT p.run, p.id AS prompt, p.idx AS prompt_idx, p.name AS prompt_name, t.pos, t.token_id,
       t.text, t.begin_byte, t.end_byte, t.logprob, t.entropy, t.rank, t.predicted, t.id AS token
FROM prompt p
JOIN token t ON t.prompt = p.id
UNION ALL
SELECT p.run, p.id, p.idx, p.name, t.pos, t.token_id, t.text, t.begin_byte, t.end_byte, t.logprob,
       t.entropy, t.rank, t.predicted, t.id
FROM prompt_shared s
JOIN prompt p ON p.id = s.prompt
JOIN token t ON t.prompt = s.main AND t.pos < s.n_shared;

CREATE VIEW v_audit_item AS
SELECT s.run, s.name AS suite, s.idx AS suite_idx, s.probe, i.id AS item, i.idx AS item_idx, i.name,
       (SELECT l.value FROM audit_label l WHERE l.item = i.id AND l.key = 'language') AS language
FROM audit_item i
JOIN audit_suite s ON s.id = i.suite;

CREATE VIEW v_audit_sequence AS
SELECT i.run, i.suite, i.item, i.name AS item_name, q.format, q.candidate, q.role, q.correct,
       q.purpose, q.ordering, q.place, q.n_scored, q.logprob, q.prompt, p.name AS prompt_name,
       p.text, p.failure
FROM audit_sequence q
JOIN v_audit_item i ON i.item = q.item
JOIN prompt p ON p.id = q.prompt;

CREATE VIEW v_audit_outcome AS
SELECT i.run, i.suite, i.item, i.item_idx, i.name AS item_name, o.format, o.metric, o.state,
       o.value, o.choice, o.why
FROM audit_outcome o
JOIN v_audit_item i ON i.item = o.item;

CREATE VIEW v_audit_denominators AS
SELECT run, suite, format, metric, state, count(*) AS n_item
FROM v_audit_outcome
GROUP BY run, suite, format, metric, state;
