-- Several nodes over one store: who is at work under which number, and which transactions committed.

CREATE TABLE nodes (
    node       BIGINT NOT NULL PRIMARY KEY, -- even; stands in the ids that the node makes
    holder     TEXT COLLATE "C" NOT NULL,    -- a UUID: the secret of the hold
    url        TEXT COLLATE "C" NOT NULL,    -- where to find it; for people
    version    TEXT COLLATE "C" NOT NULL,
    started_at BIGINT NOT NULL, -- this and the next by the database's clock
    hold_until BIGINT NOT NULL
);

-- The first row of every transaction of a lane: it is there when the transaction committed.
CREATE TABLE commits (
    commit_id  BIGINT NOT NULL PRIMARY KEY,
    node       BIGINT NOT NULL,
    created_at BIGINT NOT NULL
);
CREATE INDEX commits_age ON commits (created_at);
