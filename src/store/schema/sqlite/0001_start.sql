-- The store of one machine. Plain names, plain columns: look at it with the sqlite3 shell at any time.
-- Every row of a tree has a key that begins with root_id, and every table bears operator_name.
-- Times are milliseconds UTC. JSON is text. Ids are numbers that rise with time (docs/decisions/0002).

CREATE TABLE migrations (
    number     INTEGER PRIMARY KEY,
    name       TEXT NOT NULL,
    applied_at INTEGER NOT NULL
) STRICT;

CREATE TABLE plans (
    operator_name TEXT NOT NULL,
    plan_id       TEXT NOT NULL,
    plan_version  INTEGER NOT NULL, -- the latest
    created_at    INTEGER NOT NULL,
    updated_at    INTEGER NOT NULL,
    PRIMARY KEY (operator_name, plan_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE plan_versions (
    operator_name TEXT NOT NULL,
    plan_id       TEXT NOT NULL,
    plan_version  INTEGER NOT NULL,
    digest        TEXT NOT NULL, -- SHA-256 of the canonical definition
    created_at    INTEGER NOT NULL,
    created_by    TEXT NOT NULL,
    definition    TEXT NOT NULL,
    PRIMARY KEY (operator_name, plan_id, plan_version)
) STRICT, WITHOUT ROWID;

-- One row per tree and nobody's business data: whoever changes anything in a tree takes it first.
CREATE TABLE trees (
    root_id       INTEGER PRIMARY KEY,
    operator_name TEXT NOT NULL,
    seq           INTEGER NOT NULL, -- the order of all changes in the tree
    fence         INTEGER NOT NULL DEFAULT 0,
    executions    INTEGER NOT NULL  -- how many there are, against the quota
) STRICT;

CREATE TABLE execution_ids (
    operator_name     TEXT NOT NULL,
    plan_execution_id TEXT NOT NULL,
    root_id           INTEGER NOT NULL,
    execution_id      INTEGER NOT NULL,
    PRIMARY KEY (operator_name, plan_execution_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE executions (
    root_id               INTEGER NOT NULL,
    execution_id          INTEGER NOT NULL,
    operator_name         TEXT NOT NULL,
    portal_id             TEXT NOT NULL,
    plan_execution_id     TEXT NOT NULL,
    plan_id               TEXT NOT NULL,
    plan_version          INTEGER NOT NULL,
    status                TEXT NOT NULL,
    last_state            TEXT,             -- of the outermost frame
    epoch                 INTEGER NOT NULL,
    parent_id             INTEGER,          -- execution_id in the same tree
    parent_reservation_id INTEGER,          -- the CHILD reservation that awaits it; null: fire-and-forget
    depth                 INTEGER NOT NULL,
    history_seq           INTEGER NOT NULL, -- last row in history
    event_id              INTEGER NOT NULL, -- last event of the language in history
    frame_seq             INTEGER NOT NULL, -- last frame_id given
    busy_turns            INTEGER NOT NULL, -- turns in a row that did not wait
    hold_on_failure       INTEGER NOT NULL,
    start_locks           TEXT,             -- [[name, frame_id], ...] to hold before it goes on
    halt_id               INTEGER,          -- the halt that stopped the present epoch
    batch_operations      TEXT,
    start_digest          TEXT,             -- of the request that started it, for repeats
    created_by            TEXT NOT NULL,
    created_at            INTEGER NOT NULL,
    updated_at            INTEGER NOT NULL,
    ended_at              INTEGER,
    error                 TEXT,
    cause                 TEXT,
    input                 TEXT NOT NULL,
    output                TEXT,
    PRIMARY KEY (root_id, execution_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX executions_children ON executions (root_id, parent_id, execution_id) WHERE parent_id IS NOT NULL;
CREATE INDEX executions_recent ON executions (operator_name, execution_id);
CREATE INDEX executions_active ON executions (operator_name, execution_id) WHERE ended_at IS NULL;

-- All reads of executions, and all status filters, go through this view.
CREATE VIEW executions_now AS SELECT * FROM executions;

-- One row per live branch: the root frame, the branches of a Parallel.
CREATE TABLE frames (
    root_id         INTEGER NOT NULL,
    execution_id    INTEGER NOT NULL,
    frame_id        INTEGER NOT NULL, -- 1 is the root frame
    operator_name   TEXT NOT NULL,
    parent_frame_id INTEGER,
    branch          INTEGER NOT NULL,
    state           TEXT NOT NULL,
    phase           TEXT NOT NULL, -- ENTER, RETRY, WAIT, JOIN, DONE, FAILED
    entered_event   INTEGER NOT NULL, -- event_id of the present state's StateEntered
    last_event      INTEGER NOT NULL, -- previousEventId of the next event
    retries         TEXT,             -- [n, ...]: retries made, by retrier of the present state
    data            TEXT NOT NULL,    -- the raw input of the present state
    result          TEXT,             -- of a branch that is DONE
    PRIMARY KEY (root_id, execution_id, frame_id)
) STRICT, WITHOUT ROWID;

-- Stored claims on the future of an execution.
CREATE TABLE reservations (
    root_id        INTEGER NOT NULL,
    execution_id   INTEGER NOT NULL,
    reservation_id INTEGER NOT NULL,
    operator_name  TEXT NOT NULL,
    frame_id       INTEGER NOT NULL, -- 0: of the whole execution
    type           TEXT NOT NULL,
    status         TEXT NOT NULL,    -- FRESH, USED, STALE
    epoch          INTEGER NOT NULL,
    state          TEXT,
    due_at         INTEGER,          -- scheduled types
    queue          TEXT,             -- TASK: its name; LOCK: the lock's name
    ready          INTEGER NOT NULL, -- 1: a TASK that a worker may take
    attempt        INTEGER NOT NULL,
    worker         TEXT,
    lease_until    INTEGER,
    lease_ms       INTEGER,
    token_hash     BLOB,             -- SHA-256 of the one-time secret
    child_id       INTEGER,          -- CHILD: execution_id in the same tree
    created_at     INTEGER NOT NULL,
    arrived_at     INTEGER,          -- its result is here, not yet applied
    settled_at     INTEGER,
    halt_id        INTEGER,          -- the halt that made it STALE
    failed         INTEGER,          -- of the result: 1 when it is {"Error", "Cause"}
    answer_hash    TEXT,             -- of what settled it, to know a repeat
    data           TEXT,             -- what the worker or the person gets
    result         TEXT,
    PRIMARY KEY (root_id, execution_id, reservation_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX reservations_fresh ON reservations (root_id, execution_id, frame_id) WHERE status = 'FRESH';
CREATE INDEX reservations_due ON reservations (due_at, root_id, execution_id) WHERE status = 'FRESH' AND due_at IS NOT NULL AND arrived_at IS NULL;
CREATE INDEX reservations_ready ON reservations (operator_name, queue, reservation_id) WHERE ready = 1;
CREATE INDEX reservations_leased ON reservations (root_id, execution_id) WHERE status = 'FRESH' AND worker IS NOT NULL;
CREATE INDEX reservations_human ON reservations (operator_name, reservation_id) WHERE status = 'FRESH' AND type = 'HUMAN_TASK';

CREATE TABLE paused_executions (
    root_id       INTEGER NOT NULL,
    execution_id  INTEGER NOT NULL,
    operator_name TEXT NOT NULL,
    kind          TEXT NOT NULL, -- PAUSED by a person, FAILED and held
    subject       TEXT NOT NULL,
    reason        TEXT,
    created_at    INTEGER NOT NULL,
    PRIMARY KEY (root_id, execution_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE locks (
    operator_name   TEXT NOT NULL,
    name            TEXT NOT NULL,
    holder_root_id  INTEGER,
    holder_id       INTEGER,
    holder_frame_id INTEGER,
    holder_epoch    INTEGER,
    fence           INTEGER NOT NULL, -- rises by one with each grant
    acquired_at     INTEGER,
    PRIMARY KEY (operator_name, name)
) STRICT, WITHOUT ROWID;
CREATE INDEX locks_held ON locks (holder_root_id, holder_id) WHERE holder_id IS NOT NULL;

CREATE TABLE lock_waiters (
    operator_name  TEXT NOT NULL,
    name           TEXT NOT NULL,
    reservation_id INTEGER NOT NULL, -- of the waiter's LOCK reservation; the order of the queue
    root_id        INTEGER NOT NULL,
    execution_id   INTEGER NOT NULL,
    frame_id       INTEGER NOT NULL,
    epoch          INTEGER NOT NULL,
    PRIMARY KEY (operator_name, name, reservation_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX lock_waiters_of ON lock_waiters (root_id, execution_id);

-- Append only. event_id and previous_event_id number the events of the language; audit events have none.
CREATE TABLE history (
    root_id           INTEGER NOT NULL,
    execution_id      INTEGER NOT NULL,
    seq               INTEGER NOT NULL,
    operator_name     TEXT NOT NULL,
    tree_seq          INTEGER NOT NULL,
    time_at           INTEGER NOT NULL,
    type              TEXT NOT NULL,
    event_id          INTEGER,
    previous_event_id INTEGER,
    halt_id           INTEGER, -- events of a halt: its reason and actor stand once, in halts
    detail            TEXT NOT NULL,
    PRIMARY KEY (root_id, execution_id, seq)
) STRICT, WITHOUT ROWID;

CREATE TABLE halts (
    root_id       INTEGER NOT NULL,
    halt_id       INTEGER NOT NULL,
    operator_name TEXT NOT NULL,
    portal_id     TEXT NOT NULL,
    subject       TEXT NOT NULL,
    execution_id  INTEGER NOT NULL, -- the target
    kind          TEXT NOT NULL,    -- EXECUTION, CHILDREN, FRAME
    children      TEXT NOT NULL,    -- none, awaited, all
    outcome       TEXT NOT NULL,
    reason        TEXT,
    batch_name    TEXT,
    tree_seq      INTEGER NOT NULL,
    created_at    INTEGER NOT NULL,
    executions    INTEGER NOT NULL,
    reservations  INTEGER NOT NULL,
    scheduled     INTEGER NOT NULL,
    locks         INTEGER NOT NULL,
    granted       INTEGER NOT NULL,
    in_flight     INTEGER NOT NULL,
    callback      TEXT,
    unused        TEXT,
    anomalies     TEXT,
    digest        TEXT,
    PRIMARY KEY (root_id, halt_id)
) STRICT, WITHOUT ROWID;

-- The receipt: what was halted, and what it was before.
CREATE TABLE halt_items (
    root_id         INTEGER NOT NULL,
    halt_id         INTEGER NOT NULL,
    depth           INTEGER NOT NULL, -- below the target
    execution_id    INTEGER NOT NULL,
    operator_name   TEXT NOT NULL,
    previous_status TEXT NOT NULL,
    last_state      TEXT,
    epoch           INTEGER NOT NULL, -- before the halt
    PRIMARY KEY (root_id, halt_id, depth, execution_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE halt_locks (
    root_id              INTEGER NOT NULL,
    halt_id              INTEGER NOT NULL,
    name                 TEXT NOT NULL,
    operator_name        TEXT NOT NULL,
    execution_id         INTEGER NOT NULL, -- who held it
    frame_id             INTEGER NOT NULL,
    fence                INTEGER NOT NULL, -- after the hand-over
    granted_to           TEXT,             -- plan_execution_id of the next holder
    granted_root_id      INTEGER,
    granted_id           INTEGER,
    granted_frame_id     INTEGER,
    granted_epoch        INTEGER,
    granted_reservation_id INTEGER,
    PRIMARY KEY (root_id, halt_id, name)
) STRICT, WITHOUT ROWID;

-- Work that was in a worker's hands when the halt came.
CREATE TABLE halt_in_flight (
    root_id        INTEGER NOT NULL,
    halt_id        INTEGER NOT NULL,
    execution_id   INTEGER NOT NULL,
    reservation_id INTEGER NOT NULL,
    operator_name  TEXT NOT NULL,
    task           TEXT,
    worker         TEXT,
    lease_until    INTEGER NOT NULL,
    quiet_at       INTEGER, -- the worker has said that it is done with it
    PRIMARY KEY (root_id, halt_id, execution_id, reservation_id)
) STRICT, WITHOUT ROWID;

-- What came too late, kept next to the history, once.
CREATE TABLE evidence (
    root_id        INTEGER NOT NULL,
    execution_id   INTEGER NOT NULL,
    reservation_id INTEGER NOT NULL,
    kind           TEXT NOT NULL,
    operator_name  TEXT NOT NULL,
    halt_id        INTEGER NOT NULL,
    subject        TEXT,
    received_at    INTEGER NOT NULL,
    body           TEXT,
    PRIMARY KEY (root_id, execution_id, reservation_id, kind)
) STRICT, WITHOUT ROWID;

-- Answers kept under their Idempotency-Key.
CREATE TABLE requests (
    operator_name TEXT NOT NULL,
    subject       TEXT NOT NULL,
    route         TEXT NOT NULL,
    key           TEXT NOT NULL,
    body_hash     TEXT NOT NULL,
    status        INTEGER NOT NULL,
    created_at    INTEGER NOT NULL,
    halt_id       TEXT,
    body          TEXT NOT NULL,
    PRIMARY KEY (operator_name, subject, route, key)
) STRICT, WITHOUT ROWID;
CREATE INDEX requests_age ON requests (created_at);
