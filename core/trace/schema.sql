-- The trace database of moescope; schema_audit.sql adds what version 2 has. docs/formats/trace.md explains every column.
-- Integers and plain rows wherever somebody may want to query; blobs are little-endian.
-- Sums of weights are integers, round(weight * 2^32), so that no order of commits changes a bit.

CREATE TABLE meta (
  key   TEXT PRIMARY KEY NOT NULL,
  value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE run (
  id             INTEGER PRIMARY KEY,
  status         TEXT NOT NULL CHECK (status IN ('running', 'interrupted', 'complete')),
  model          ANY NOT NULL,
  model_path     ANY,
  model_hash     TEXT,
  weights_id     TEXT NOT NULL,
  tokenizer_hash TEXT,
  config         ANY NOT NULL,
  family         TEXT NOT NULL,
  n_layer        INTEGER NOT NULL,
  n_expert       INTEGER NOT NULL,
  top_k          INTEGER NOT NULL,
  n_route        INTEGER NOT NULL,
  routing_layers TEXT NOT NULL,
  n_vocab        INTEGER NOT NULL,
  compute        TEXT NOT NULL,
  scores         TEXT NOT NULL CHECK (scores IN ('all', 'topk', 'none')),
  text_mode      TEXT NOT NULL CHECK (text_mode IN ('none', 'hash', 'full')),
  capture_type   TEXT NOT NULL CHECK (capture_type IN ('f32', 'f16', 'bf16')),
  n_lens         INTEGER NOT NULL,
  seed           INTEGER NOT NULL,
  prompts_hash   TEXT NOT NULL,
  n_prompt       INTEGER NOT NULL,
  code_version   TEXT NOT NULL,
  isa            TEXT,
  threads        INTEGER,
  batch          INTEGER,
  command_line   ANY,
  host           ANY,
  pid            INTEGER,
  started        TEXT NOT NULL,
  finished       TEXT,
  n_resume       INTEGER NOT NULL DEFAULT 0,
  retain_until   TEXT
) STRICT;

CREATE TABLE run_option (
  run   INTEGER NOT NULL REFERENCES run (id),
  key   TEXT NOT NULL,
  value ANY NOT NULL,
  PRIMARY KEY (run, key)
) STRICT, WITHOUT ROWID;

CREATE TABLE prompt (
  id        INTEGER PRIMARY KEY,
  run       INTEGER NOT NULL REFERENCES run (id),
  idx       INTEGER NOT NULL,
  name      ANY NOT NULL,
  grp       ANY,
  text      ANY,
  sha256    TEXT,
  n_byte    INTEGER NOT NULL,
  n_prefill INTEGER NOT NULL,
  n_decode  INTEGER NOT NULL,
  finish    TEXT NOT NULL,
  failure   ANY,
  UNIQUE (run, idx)
) STRICT;

CREATE TABLE prompt_label (
  prompt INTEGER NOT NULL REFERENCES prompt (id),
  key    ANY NOT NULL,
  value  ANY NOT NULL,
  PRIMARY KEY (prompt, key)
) STRICT, WITHOUT ROWID;

CREATE TABLE token (
  id            INTEGER PRIMARY KEY,
  prompt        INTEGER NOT NULL REFERENCES prompt (id),
  pos           INTEGER NOT NULL,
  phase         INTEGER NOT NULL CHECK (phase IN (0, 1)),
  token_id      INTEGER NOT NULL,
  text          ANY,
  begin_byte    INTEGER,
  end_byte      INTEGER,
  logprob       REAL,
  entropy       REAL,
  rank          INTEGER,
  predicted     INTEGER,
  router_logits BLOB
) STRICT;
CREATE UNIQUE INDEX token_by_prompt ON token (prompt, pos);

CREATE TABLE routing (
  token  INTEGER NOT NULL REFERENCES token (id),
  layer  INTEGER NOT NULL,
  slot   INTEGER NOT NULL,
  expert INTEGER NOT NULL,
  weight REAL NOT NULL,
  margin REAL,
  PRIMARY KEY (token, layer, slot)
) STRICT, WITHOUT ROWID;

CREATE TABLE lens (
  token    INTEGER NOT NULL REFERENCES token (id),
  layer    INTEGER NOT NULL,
  rank     INTEGER NOT NULL,
  token_id INTEGER NOT NULL,
  logprob  REAL,
  PRIMARY KEY (token, layer, rank)
) STRICT, WITHOUT ROWID;

CREATE TABLE sidecar (
  id     INTEGER PRIMARY KEY,
  prompt INTEGER NOT NULL UNIQUE REFERENCES prompt (id),
  path   ANY NOT NULL,
  sha256 TEXT NOT NULL,
  n_byte INTEGER NOT NULL
) STRICT;

CREATE TABLE activation (
  id      INTEGER PRIMARY KEY,
  prompt  INTEGER NOT NULL REFERENCES prompt (id),
  site    TEXT NOT NULL,
  n_row   INTEGER NOT NULL,
  n_col   INTEGER NOT NULL,
  dtype   TEXT NOT NULL CHECK (dtype IN ('f32', 'f16', 'bf16')),
  pos     TEXT NOT NULL,
  value   BLOB,
  sidecar INTEGER REFERENCES sidecar (id),
  CHECK ((value IS NULL) <> (sidecar IS NULL)),
  UNIQUE (prompt, site)
) STRICT;

CREATE TABLE vocab (
  run      INTEGER NOT NULL REFERENCES run (id),
  token_id INTEGER NOT NULL,
  text     ANY NOT NULL,
  PRIMARY KEY (run, token_id)
) STRICT, WITHOUT ROWID;

-- Aggregates, kept in the transaction that commits the prompts they count.

CREATE TABLE run_tokens (
  run      INTEGER NOT NULL REFERENCES run (id),
  phase    INTEGER NOT NULL,
  n_token  INTEGER NOT NULL,
  n_prompt INTEGER NOT NULL,
  PRIMARY KEY (run, phase)
) STRICT, WITHOUT ROWID;

CREATE TABLE label (
  id    INTEGER PRIMARY KEY,
  run   INTEGER NOT NULL REFERENCES run (id),
  key   ANY NOT NULL,
  value ANY
) STRICT;

CREATE TABLE label_tokens (
  label    INTEGER NOT NULL REFERENCES label (id),
  phase    INTEGER NOT NULL,
  n_token  INTEGER NOT NULL,
  n_prompt INTEGER NOT NULL,
  PRIMARY KEY (label, phase)
) STRICT, WITHOUT ROWID;

CREATE TABLE usage_run (
  run        INTEGER NOT NULL REFERENCES run (id),
  phase      INTEGER NOT NULL,
  layer      INTEGER NOT NULL,
  expert     INTEGER NOT NULL,
  count      INTEGER NOT NULL,
  weight_sum INTEGER NOT NULL,
  PRIMARY KEY (run, phase, layer, expert)
) STRICT, WITHOUT ROWID;

CREATE TABLE usage_prompt (
  run        INTEGER NOT NULL REFERENCES run (id),
  phase      INTEGER NOT NULL,
  prompt     INTEGER NOT NULL REFERENCES prompt (id),
  layer      INTEGER NOT NULL,
  expert     INTEGER NOT NULL,
  count      INTEGER NOT NULL,
  weight_sum INTEGER NOT NULL,
  PRIMARY KEY (run, phase, prompt, layer, expert)
) STRICT, WITHOUT ROWID;

CREATE TABLE usage_label (
  run        INTEGER NOT NULL REFERENCES run (id),
  phase      INTEGER NOT NULL,
  label      INTEGER NOT NULL REFERENCES label (id),
  layer      INTEGER NOT NULL,
  expert     INTEGER NOT NULL,
  count      INTEGER NOT NULL,
  weight_sum INTEGER NOT NULL,
  PRIMARY KEY (run, phase, label, layer, expert)
) STRICT, WITHOUT ROWID;

CREATE TABLE token_expert (
  run        INTEGER NOT NULL REFERENCES run (id),
  phase      INTEGER NOT NULL,
  token_id   INTEGER NOT NULL,
  layer      INTEGER NOT NULL,
  expert     INTEGER NOT NULL,
  count      INTEGER NOT NULL,
  weight_sum INTEGER NOT NULL,
  PRIMARY KEY (run, phase, token_id, layer, expert)
) STRICT, WITHOUT ROWID;

CREATE TABLE coselection (
  run      INTEGER NOT NULL REFERENCES run (id),
  phase    INTEGER NOT NULL,
  layer    INTEGER NOT NULL,
  expert_a INTEGER NOT NULL,
  expert_b INTEGER NOT NULL,
  count    INTEGER NOT NULL,
  PRIMARY KEY (run, phase, layer, expert_a, expert_b),
  CHECK (expert_a < expert_b)
) STRICT, WITHOUT ROWID;

-- The stable face: names and meanings of the views stay when tables change.

CREATE VIEW v_run AS
SELECT r.id AS run, r.status, r.model, r.model_hash, r.family, r.n_layer, r.n_expert, r.top_k,
       r.compute, r.scores, r.text_mode, r.seed, r.n_prompt,
       (SELECT count(*) FROM prompt p WHERE p.run = r.id) AS n_prompt_done,
       (SELECT count(*) FROM prompt p WHERE p.run = r.id AND p.failure IS NOT NULL)
         AS n_prompt_failed,
       (SELECT coalesce(sum(t.n_token), 0) FROM run_tokens t WHERE t.run = r.id) AS n_token,
       r.started, r.finished, r.code_version
FROM run r;

CREATE VIEW v_prompt AS
SELECT p.run, p.id AS prompt, p.idx, p.name, p.grp,
       (SELECT l.value FROM prompt_label l WHERE l.prompt = p.id AND l.key = 'language')
         AS language,
       (SELECT l.value FROM prompt_label l WHERE l.prompt = p.id AND l.key = 'domain') AS domain,
       p.n_prefill, p.n_decode, p.finish, p.failure, p.sha256, p.text
FROM prompt p;

CREATE VIEW v_failed_prompt AS
SELECT p.run, p.idx, p.name, p.failure FROM prompt p WHERE p.failure IS NOT NULL;

CREATE VIEW v_expert_usage AS
SELECT u.run, CASE u.phase WHEN 0 THEN 'prefill' ELSE 'decode' END AS phase, u.layer, u.expert,
       u.count,
       u.count * 1.0 / nullif(t.n_token * r.top_k, 0) AS share_of_assignments,
       u.count * 1.0 / nullif(t.n_token, 0) AS share_of_tokens,
       u.weight_sum / 4294967296.0 / nullif(u.count, 0) AS mean_weight
FROM usage_run u
JOIN run r ON r.id = u.run
JOIN run_tokens t ON t.run = u.run AND t.phase = u.phase;

CREATE VIEW v_usage_by_label AS
SELECT u.run, CASE u.phase WHEN 0 THEN 'prefill' ELSE 'decode' END AS phase, l.key, l.value,
       u.layer, u.expert, u.count,
       u.count * 1.0 / nullif(t.n_token * r.top_k, 0) AS share_of_assignments,
       u.count * 1.0 / nullif(t.n_token, 0) AS share_of_tokens,
       u.weight_sum / 4294967296.0 / nullif(u.count, 0) AS mean_weight,
       t.n_token, t.n_prompt
FROM usage_label u
JOIN label l ON l.id = u.label
JOIN run r ON r.id = u.run
JOIN label_tokens t ON t.label = u.label AND t.phase = u.phase;

CREATE VIEW v_token_routing AS
SELECT p.run, p.idx AS prompt_idx, p.name AS prompt_name,
       (SELECT l.value FROM prompt_label l WHERE l.prompt = p.id AND l.key = 'language')
         AS language,
       (SELECT l.value FROM prompt_label l WHERE l.prompt = p.id AND l.key = 'domain') AS domain,
       t.pos, CASE t.phase WHEN 0 THEN 'prefill' ELSE 'decode' END AS phase, t.token_id, t.text,
       t.logprob, t.entropy, t.rank, t.predicted, g.layer, g.slot, g.expert, g.weight, g.margin
FROM prompt p
JOIN token t ON t.prompt = p.id
JOIN routing g ON g.token = t.id;

CREATE VIEW v_token_expert AS
SELECT e.run, CASE e.phase WHEN 0 THEN 'prefill' ELSE 'decode' END AS phase, e.layer, e.expert,
       e.token_id, v.text AS piece, e.count,
       e.weight_sum / 4294967296.0 / nullif(e.count, 0) AS mean_weight
FROM token_expert e
LEFT JOIN vocab v ON v.run = e.run AND v.token_id = e.token_id;

CREATE VIEW v_coselection AS
SELECT c.run, CASE c.phase WHEN 0 THEN 'prefill' ELSE 'decode' END AS phase, c.layer,
       c.expert_a, c.expert_b, c.count,
       c.count * 1.0 / nullif(t.n_token, 0) AS share_of_tokens
FROM coselection c
JOIN run_tokens t ON t.run = c.run AND t.phase = c.phase;

CREATE VIEW v_lens AS
SELECT p.run, p.idx AS prompt_idx, p.name AS prompt_name, t.pos, t.text, l.layer, l.rank,
       l.token_id, v.text AS piece, l.logprob
FROM lens l
JOIN token t ON t.id = l.token
JOIN prompt p ON p.id = t.prompt
LEFT JOIN vocab v ON v.run = p.run AND v.token_id = l.token_id;
