-- Several nodes over one store: who is at work under which number, and which transactions committed.

CREATE TABLE nodes (
    node       INTEGER NOT NULL PRIMARY KEY, -- even; stands in the ids that the node makes
    holder     TEXT NOT NULL,    -- a UUID: the secret of the hold
    url        TEXT NOT NULL,    -- where to find it; for people
    version    TEXT NOT NULL,
    started_at INTEGER NOT NULL, -- this and the next by the database's clock
    hold_until INTEGER NOT NULL
) STRICT;

-- The first row of every transaction of a lane: it is there when the transaction committed.
CREATE TABLE commits (
    commit_id  INTEGER NOT NULL PRIMARY KEY,
    node       INTEGER NOT NULL,
    created_at INTEGER NOT NULL
) STRICT;
CREATE INDEX commits_age ON commits (created_at);
