CREATE TABLE flow (
 number INTEGER PRIMARY KEY,
 change INTEGER NOT NULL,
 arrived_ns INTEGER NOT NULL,   -- the server's clock
 key INTEGER NOT NULL,          -- keyed hash of id (see keys.h)
 id TEXT NOT NULL,              -- may hold NUL
 source TEXT NOT NULL,
 type INTEGER NOT NULL,
 state INTEGER NOT NULL,
 flags INTEGER NOT NULL,        -- MF_COLUMN_*
 status INTEGER NOT NULL,
 client_port INTEGER NOT NULL, server_port INTEGER NOT NULL,
 method INTEGER NOT NULL, host INTEGER NOT NULL, client INTEGER NOT NULL, -- name ids
 source_name INTEGER NOT NULL, response_type INTEGER NOT NULL, request_type INTEGER NOT NULL,
 start_ns INTEGER NOT NULL, duration_ms REAL NOT NULL,
 client_bytes INTEGER NOT NULL, server_bytes INTEGER NOT NULL, message_count INTEGER NOT NULL,
 frame INTEGER NOT NULL, slot INTEGER NOT NULL,  -- frame 0: in recent
 note TEXT NOT NULL,
 url TEXT NOT NULL,             -- as lists show it
 summary BLOB NOT NULL);        -- the rest of a FlowSummary (flow/summary.h)
-- Notes are not in frames: a search finds them by this.
CREATE INDEX flow_noted ON flow (number) WHERE note <> '';
CREATE TABLE name (kind INTEGER NOT NULL, id INTEGER NOT NULL, text TEXT NOT NULL, PRIMARY KEY (kind, id)) WITHOUT ROWID;
CREATE TABLE recent (number INTEGER PRIMARY KEY, session TEXT NOT NULL, live INTEGER NOT NULL, message_digest INTEGER NOT NULL, snapshot BLOB NOT NULL);
CREATE INDEX recent_live ON recent (session) WHERE live;
CREATE TABLE piece (number INTEGER NOT NULL, first INTEGER NOT NULL, count INTEGER NOT NULL, frame INTEGER NOT NULL, slot INTEGER NOT NULL, data BLOB, PRIMARY KEY (number, first)) WITHOUT ROWID;
CREATE TABLE block (frame INTEGER PRIMARY KEY, frames INTEGER NOT NULL, entries INTEGER NOT NULL, dead INTEGER NOT NULL, purge INTEGER NOT NULL, ceiling INTEGER NOT NULL, data BLOB NOT NULL);
CREATE TABLE unsealed (frame INTEGER PRIMARY KEY, has_binary INTEGER NOT NULL, signature BLOB NOT NULL);
CREATE TABLE posting (id INTEGER PRIMARY KEY, data BLOB NOT NULL);  -- part 1023: the frames with binary bodies, 64 bytes
CREATE TABLE column_page (page INTEGER PRIMARY KEY, data BLOB NOT NULL);
CREATE TABLE key_page (page INTEGER PRIMARY KEY, keys BLOB NOT NULL); -- 1024 little-endian int64: flow.key of each number, 0: none
CREATE TABLE stale (number INTEGER PRIMARY KEY);
CREATE TABLE tombstone (change INTEGER PRIMARY KEY, number INTEGER NOT NULL, growing INTEGER); -- growing: hash of (source,id) of a flow that was live
CREATE TABLE store (one INTEGER PRIMARY KEY CHECK (one = 1), epoch TEXT NOT NULL, clean INTEGER NOT NULL, key_seed BLOB NOT NULL,
 last_number INTEGER NOT NULL, last_change INTEGER NOT NULL, last_frame INTEGER NOT NULL, tombstone_floor INTEGER NOT NULL,
 flow_count INTEGER NOT NULL, pinned_count INTEGER NOT NULL, evicted_count INTEGER NOT NULL, sealed_groups INTEGER NOT NULL, paged INTEGER NOT NULL);
