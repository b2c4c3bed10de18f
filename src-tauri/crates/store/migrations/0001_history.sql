-- The history of Backscroll, first version.
--
-- Instants are milliseconds since 1970 UTC, by the platform's clock unless said otherwise.
-- Small closed sets are integers; their meaning stands in src/codes.rs and beside each column.
-- Open sets (platform, provider) are words.

CREATE TABLE connection (
    id          INTEGER PRIMARY KEY AUTOINCREMENT, -- ConnectionId; its secrets are in the keychain, so never reused
    provider    TEXT    NOT NULL,           -- whose API: 'ayrshare', 'meta'
    name        TEXT    NOT NULL,           -- what the user or the provider calls it
    api_base    TEXT    NOT NULL,           -- base URL without a trailing slash
    remote_ref  TEXT,                       -- the provider's reference of what it acts as (refId)
    created_at  INTEGER NOT NULL            -- our clock
) STRICT;

CREATE TABLE business (
    id          INTEGER PRIMARY KEY,        -- BusinessId
    name        TEXT    NOT NULL            -- cleaned
) STRICT;

CREATE TABLE account (
    id            INTEGER PRIMARY KEY,      -- AccountId
    business      INTEGER NOT NULL REFERENCES business (id),
    platform      TEXT    NOT NULL,         -- 'messenger', 'instagram', 'x'
    remote_id     TEXT    NOT NULL,         -- the platform's id of the business itself
    name          TEXT    NOT NULL,         -- cleaned
    username      TEXT,                     -- @handle without the @
    connection    INTEGER REFERENCES connection (id) ON DELETE SET NULL, -- NULL: disconnected, history only
    provider      TEXT,                     -- of the connection, or of the last one: it decides the reply window
    switched_at   INTEGER,                  -- when another provider took over; our clock; NULL: it is the first
    created_at    INTEGER NOT NULL,         -- our clock; messages more than 7 days older are never news
    last_read_at  INTEGER,                  -- provider's clock of the last full read (lastUpdated)
    backfill      INTEGER NOT NULL,         -- 0 awaits the user's choice (X), 1 pending, 2 done
    x_history     TEXT,                     -- X: JSON of how much history to read
    x_limit_cents INTEGER                   -- X: monthly limit in US cents, 0 none
) STRICT;
-- A second connection to the same account never makes a second row.
CREATE UNIQUE INDEX account_remote ON account (platform, remote_id);

CREATE TABLE x_spend (
    account     INTEGER NOT NULL REFERENCES account (id) ON DELETE CASCADE,
    month       INTEGER NOT NULL,           -- calendar months since 1970-01, UTC
    millicents  INTEGER NOT NULL,           -- spent in it, thousandths of a US cent
    PRIMARY KEY (account, month)
) STRICT, WITHOUT ROWID;

-- Counters of one account, kept by the triggers on conversation. Reading a badge is one row, never a sum.
CREATE TABLE counter (
    account       INTEGER PRIMARY KEY REFERENCES account (id) ON DELETE CASCADE,
    conversations INTEGER NOT NULL DEFAULT 0, -- held
    messages      INTEGER NOT NULL DEFAULT 0, -- held
    unread        INTEGER NOT NULL DEFAULT 0, -- open conversations with unread messages
    unanswered    INTEGER NOT NULL DEFAULT 0, -- open conversations waiting for an answer
    oldest_at     INTEGER                     -- the oldest message ever held
) STRICT;

-- The same over all accounts: exactly one row.
CREATE TABLE badge (
    id          INTEGER PRIMARY KEY CHECK (id = 1),
    unread      INTEGER NOT NULL,           -- open conversations with unread messages
    unanswered  INTEGER NOT NULL            -- open conversations waiting for an answer
) STRICT;
INSERT INTO badge (id, unread, unanswered) VALUES (1, 0, 0);

CREATE TABLE participant (
    id           INTEGER PRIMARY KEY,
    account      INTEGER NOT NULL REFERENCES account (id) ON DELETE CASCADE,
    remote_id    TEXT    NOT NULL,          -- the platform's id of the person
    name         TEXT,                      -- cleaned; NULL: the platform gave none
    username     TEXT,                      -- @handle without the @, cleaned
    avatar_url   TEXT,                      -- where the platform keeps the picture; never loaded by the web view
    avatar_state INTEGER NOT NULL DEFAULT 0, -- as attachment.state
    avatar_path  TEXT                       -- path behind the media: scheme, once in the cache
) STRICT;
CREATE UNIQUE INDEX participant_remote ON participant (account, remote_id);
CREATE INDEX participant_avatar_waiting ON participant (id) WHERE avatar_state = 1;

-- One row holds all that a line of the list shows: the list is one index walk without a join.
CREATE TABLE conversation (
    id              INTEGER PRIMARY KEY,    -- ConversationId
    account         INTEGER NOT NULL REFERENCES account (id) ON DELETE CASCADE,
    state           INTEGER NOT NULL,       -- 0 open, 1 snoozed, 2 done
    unread          INTEGER NOT NULL DEFAULT 0, -- inbound messages after the marks below
    messages        INTEGER NOT NULL DEFAULT 0, -- held
    last_at         INTEGER,                -- newest message; NULL: listed without messages
    last_tie        INTEGER,                -- its rank among equal instants
    last_id         INTEGER,                -- its row
    last_direction  INTEGER,                -- as message.direction
    last_kind       INTEGER,                -- as message.kind
    last_send_state INTEGER,                -- as message.send_state, NULL once accepted
    last_text       TEXT,                   -- its beginning, at most 200 characters
    name            TEXT,                   -- of the participant, repeated
    username        TEXT,                   -- of the participant, repeated
    person          TEXT,                   -- remote id of the participant, repeated
    avatar          TEXT,                   -- cache path of the participant's picture, repeated
    draft           TEXT,                   -- beginning of the draft, at most 200 characters
    waiting_since   INTEGER,                -- first inbound message after our last answer; NULL: answered
    window_until    INTEGER,                -- end of the free reply window; NULL: none (X) or nobody wrote
    inbound_at      INTEGER,                -- newest message of the customer that is not taken back
    gap_after       INTEGER NOT NULL DEFAULT 0, -- 1: messages may be missing after inbound_at
    refused_at      INTEGER,                -- the platform last refused a message because the window was closed
    reminded_to     INTEGER,                -- reminders of its closing window were given up to this instant
    unlisted        INTEGER NOT NULL DEFAULT 1, -- 1: what is missing in it is not counted yet
    read_up_to      INTEGER,                -- the other side has read everything up to then; only moves forward
    archived        INTEGER NOT NULL DEFAULT 0, -- 1: archived at the provider
    snoozed_until   INTEGER,                -- only while state = 1; our clock
    by_rule         INTEGER NOT NULL,       -- 1: state was set by the rule of the first back-fill and may still follow it
    marked_unread   INTEGER NOT NULL DEFAULT 0, -- 1: the user marked it unread
    read_mark       INTEGER,                -- the user has read up to then
    history_mark    INTEGER,                -- history that the rule took as read, up to then
    elsewhere_at    INTEGER,                -- newest own message typed elsewhere: what came before it was read there
    answer_at       INTEGER,                -- newest answer of ours, automatic and failed ones aside
    participant     INTEGER REFERENCES participant (id), -- NULL: not told yet
    page_digest     INTEGER,                -- digest of the newest page of messages, to skip an unchanged one
    list_digest     INTEGER,                -- digest of its entry in the list of conversations, likewise
    listed_to       INTEGER,                -- newest reading of its messages that was judged for absences
    remote_id       TEXT    NOT NULL,       -- the platform's id
    link            TEXT,                   -- where it is in the provider's own inbox, as the provider said it
    former_of       INTEGER                 -- account.switched_at for which its messages got flag 64
) STRICT;
CREATE UNIQUE INDEX conversation_remote ON conversation (account, remote_id);
-- account and unread at the end: filters are decided inside the index.
CREATE INDEX conversation_newest ON conversation (state, last_at, id, account, unread);
CREATE INDEX conversation_waiting ON conversation (state, waiting_since, id, account) WHERE waiting_since IS NOT NULL;
CREATE INDEX conversation_closing ON conversation (state, window_until, id, account) WHERE window_until IS NOT NULL;
CREATE INDEX conversation_snoozed ON conversation (snoozed_until) WHERE snoozed_until IS NOT NULL;
CREATE INDEX conversation_participant ON conversation (participant);
-- Those that only a download told.
CREATE INDEX conversation_imported ON conversation (account, name) WHERE remote_id >= 'import:' AND remote_id < 'import;';
CREATE INDEX conversation_unlisted ON conversation (account, last_at, id) WHERE unlisted = 1;

CREATE TRIGGER conversation_counted AFTER INSERT ON conversation BEGIN
    UPDATE counter SET
        conversations = conversations + 1,
        messages = messages + NEW.messages,
        unread = unread + (NEW.state = 0 AND NEW.unread > 0),
        unanswered = unanswered + (NEW.state = 0 AND NEW.waiting_since IS NOT NULL)
    WHERE account = NEW.account;
    UPDATE badge SET
        unread = unread + (NEW.state = 0 AND NEW.unread > 0),
        unanswered = unanswered + (NEW.state = 0 AND NEW.waiting_since IS NOT NULL);
END;
CREATE TRIGGER conversation_held AFTER UPDATE OF messages ON conversation WHEN OLD.messages <> NEW.messages BEGIN
    UPDATE counter SET messages = messages + NEW.messages - OLD.messages WHERE account = NEW.account;
END;
CREATE TRIGGER conversation_recounted AFTER UPDATE OF state, unread, waiting_since ON conversation
WHEN (OLD.state = 0 AND OLD.unread > 0) <> (NEW.state = 0 AND NEW.unread > 0)
    OR (OLD.state = 0 AND OLD.waiting_since IS NOT NULL) <> (NEW.state = 0 AND NEW.waiting_since IS NOT NULL)
BEGIN
    UPDATE counter SET
        unread = unread + (NEW.state = 0 AND NEW.unread > 0) - (OLD.state = 0 AND OLD.unread > 0),
        unanswered = unanswered + (NEW.state = 0 AND NEW.waiting_since IS NOT NULL)
            - (OLD.state = 0 AND OLD.waiting_since IS NOT NULL)
    WHERE account = NEW.account;
    UPDATE badge SET
        unread = unread + (NEW.state = 0 AND NEW.unread > 0) - (OLD.state = 0 AND OLD.unread > 0),
        unanswered = unanswered + (NEW.state = 0 AND NEW.waiting_since IS NOT NULL)
            - (OLD.state = 0 AND OLD.waiting_since IS NOT NULL);
END;
CREATE TRIGGER conversation_uncounted AFTER DELETE ON conversation BEGIN
    UPDATE counter SET
        conversations = conversations - 1,
        messages = messages - OLD.messages,
        unread = unread - (OLD.state = 0 AND OLD.unread > 0),
        unanswered = unanswered - (OLD.state = 0 AND OLD.waiting_since IS NOT NULL)
    WHERE account = OLD.account;
    UPDATE badge SET
        unread = unread - (OLD.state = 0 AND OLD.unread > 0),
        unanswered = unanswered - (OLD.state = 0 AND OLD.waiting_since IS NOT NULL);
END;

CREATE TABLE message (
    id           INTEGER PRIMARY KEY,       -- MessageId: about the seconds since 2010; also the rowid of the index
    conversation INTEGER NOT NULL REFERENCES conversation (id) ON DELETE CASCADE,
    at           INTEGER NOT NULL,          -- the thread sorts by (at, tie, id)
    tie          INTEGER NOT NULL,          -- rank among equal instants in the provider's listing, the largest seen
    direction    INTEGER NOT NULL,          -- 0 the customer's, 1 ours
    kind         INTEGER NOT NULL,          -- 0 text, 1 image, 2 video, 3 audio, 4 file, 5 sticker, 6 share, 7 unsent, 8 unknown,
                                            -- 9 story reply, 10 story mention, 11 reel, 12 product, 13 template
    origin       INTEGER NOT NULL,          -- 0 remote, 1 Backscroll, 2 elsewhere, 3 automatic
    flags        INTEGER NOT NULL,          -- 1 has attachments, 2 has reactions, 4 has a raw payload, 8 absent from the last reading,
                                            -- 16 quotes another one, 32 known from a webhook alone,
                                            -- 64 known from the provider before alone, 128 told by a webhook,
                                            -- 256 known from a download alone
    reply_to     TEXT,                      -- the platform's id of the message that it quotes
    send_state   INTEGER,                   -- of the part that it is: SendState in order; NULL: not sent by us
    announce     INTEGER,                   -- 1 to be announced, 2 announced or withdrawn; NULL: never
    text         TEXT,                      -- byte for byte; NULL: none
    remote_id    TEXT,                      -- the platform's id; NULL until a send is accepted, and for imports
    account      INTEGER NOT NULL,          -- of the conversation, for the two keys below
    digest       INTEGER NOT NULL,          -- of the fields as last seen, to skip an unchanged one
    remote_hash  INTEGER,                   -- id_hash(remote_id), 32 bits (src/ids.rs)
    import_key   BLOB                       -- imports: conversation, hash of time, sender, text, ordinal
) STRICT;
CREATE INDEX message_thread ON message (conversation, at, tie);
-- By hash: with the ids themselves, of 70 bytes, it would be the third of the tables in size. Two ids may share one: whoever
-- looks for an id compares its text too, and whoever gives one to a row looks first, so that (account, remote_id) is unique.
CREATE INDEX message_remote ON message (account, remote_hash) WHERE remote_hash IS NOT NULL;
CREATE UNIQUE INDEX message_import ON message (account, import_key) WHERE import_key IS NOT NULL;
CREATE INDEX message_announce ON message (id) WHERE announce = 1;
CREATE INDEX message_media ON message (conversation, at, tie) WHERE flags & 1;

-- Taken back before the message itself was seen: whichever comes first, a tombstone is what stays.
CREATE TABLE unsent (
    account     INTEGER NOT NULL REFERENCES account (id) ON DELETE CASCADE,
    remote_id   TEXT    NOT NULL,           -- of the message
    unsent_at   INTEGER NOT NULL,           -- when we were told; our clock, corrected; forgotten after 30 days
    PRIMARY KEY (account, remote_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX unsent_age ON unsent (unsent_at);

-- The text, cut into terms and their prefixes by src/segment.rs. Contentless: the text is stored once, in message.
-- rowid = message.id.
CREATE VIRTUAL TABLE message_search USING fts5 (
    text,
    content = '',
    contentless_delete = 1,
    tokenize = "ascii tokenchars '$+<=>^`|~'"
);
-- Each commit adds a segment, and sixteen of a level become one when nobody waits (Store::merge_index): fewer would be
-- written again more often. A write merges by itself from 64 on, which is 32,000 messages without a pause, and in small
-- steps, so that the limit at which all of a level are merged at once is not met.
INSERT INTO message_search (message_search, rank) VALUES ('usermerge', 16), ('automerge', 64), ('crisismerge', 256);

CREATE TABLE attachment (
    id          INTEGER PRIMARY KEY,        -- AttachmentId
    message     INTEGER NOT NULL REFERENCES message (id) ON DELETE CASCADE,
    ordinal     INTEGER NOT NULL,           -- order within the message
    kind        INTEGER NOT NULL,           -- as message.kind
    type_name   TEXT,                       -- the provider's word where it is not one that we know
    url         TEXT,                       -- where the platform keeps it, signed and short-lived; of a card its link
    name        TEXT,                       -- of the file, or title of the card; cleaned
    detail      TEXT,                       -- second line of a card, cleaned
    mime        TEXT,                       -- of the copy once there is one, else as told
    told_size   INTEGER,                    -- bytes as told
    state       INTEGER NOT NULL,           -- 0 link, 1 waiting, 2 ready, 3 gone, 4 too large, 5 unreadable, 6 refused,
                                            -- 7 evicted
    path        TEXT,                       -- of the copy, behind the media: scheme
    size        INTEGER,                    -- of the copy, bytes
    sha256      BLOB,                       -- of the copy
    width       INTEGER,                    -- pixels, once known
    height      INTEGER,                    -- pixels, once known
    blur        TEXT                        -- ThumbHash in base64, of pictures that were sent from here
) STRICT;
CREATE UNIQUE INDEX attachment_message ON attachment (message, ordinal);
CREATE INDEX attachment_waiting ON attachment (message) WHERE state = 1;
CREATE INDEX attachment_kept ON attachment (message) WHERE state = 2;
CREATE INDEX attachment_path ON attachment (path, size) WHERE state = 2;

CREATE TABLE reaction (
    message     INTEGER NOT NULL REFERENCES message (id) ON DELETE CASCADE,
    by          TEXT    NOT NULL,           -- the platform's id of who reacted; may be neither side
    emoji       TEXT    NOT NULL,
    at          INTEGER,                    -- when, by the platform's clock; untold: when a reading first showed it, by
                                            -- ours; NULL: it was there when the message came
    told        INTEGER NOT NULL DEFAULT 0, -- 1: the platform told when
    PRIMARY KEY (message, by, emoji)
) STRICT, WITHOUT ROWID;

-- What the provider said, whole (src/raw.rs). Never touched by a list or a thread.
CREATE TABLE raw (
    id          INTEGER PRIMARY KEY REFERENCES message (id) ON DELETE CASCADE, -- of the message
    codec       INTEGER NOT NULL,           -- 0 as is, 1 words cut out, then zstd
    dictionary  INTEGER NOT NULL,           -- 0 none, else number of a dictionary in src/raw/
    bytes       BLOB    NOT NULL,
    own_id      TEXT                        -- message.remote_id that was cut out, where the message has another one now
) STRICT;
CREATE TRIGGER raw_renamed AFTER UPDATE OF remote_id ON message
WHEN OLD.remote_id IS NOT NULL AND OLD.remote_id IS NOT NEW.remote_id BEGIN
    UPDATE raw SET own_id = OLD.remote_id WHERE id = OLD.id AND own_id IS NULL;
END;

-- What is cut out of the payloads of a conversation beside that (src/raw/words.rs). Never changed.
CREATE TABLE raw_word (
    conversation INTEGER NOT NULL REFERENCES conversation (id) ON DELETE CASCADE,
    number       INTEGER NOT NULL,          -- by which payloads refer to it
    word         TEXT    NOT NULL,          -- id, name or address of one of its sides, spelt as in the payloads
    PRIMARY KEY (conversation, number)
) STRICT, WITHOUT ROWID;

-- Coverage: within a stretch nothing is missing (src/gaps.rs). What lies between stretches is a gap, so a gap needs no
-- row of its own.
CREATE TABLE stretch (
    id           INTEGER PRIMARY KEY,
    conversation INTEGER NOT NULL REFERENCES conversation (id) ON DELETE CASCADE,
    from_at      INTEGER,                   -- oldest instant covered; NULL: back to the very first message
    to_at        INTEGER NOT NULL           -- newest instant covered
) STRICT;
CREATE INDEX stretch_conversation ON stretch (conversation, to_at);

-- The same of listings of ids: each message in it is held, or a placeholder.
CREATE TABLE listed (
    id           INTEGER PRIMARY KEY,
    conversation INTEGER NOT NULL REFERENCES conversation (id) ON DELETE CASCADE,
    from_at      INTEGER,
    to_at        INTEGER NOT NULL
) STRICT;
CREATE INDEX listed_conversation ON listed (conversation, to_at);

-- Messages of which the provider tells no more than that they exist. One goes for good when its message comes.
CREATE TABLE placeholder (
    account      INTEGER NOT NULL REFERENCES account (id) ON DELETE CASCADE,
    remote_id    TEXT    NOT NULL,          -- of the message
    conversation INTEGER NOT NULL REFERENCES conversation (id) ON DELETE CASCADE,
    at           INTEGER NOT NULL,
    PRIMARY KEY (account, remote_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX placeholder_conversation ON placeholder (conversation, at);

-- What webhooks said about a message beside the message itself. It waits here until the message comes, and stays for 30
-- days to tell what is older (src/parked.rs).
CREATE TABLE parked (
    account      INTEGER NOT NULL REFERENCES account (id) ON DELETE CASCADE,
    message      TEXT    NOT NULL,          -- the platform's id
    what         INTEGER NOT NULL,          -- 0 edited, 1 reacted, 2 read by the other side
    by           TEXT    NOT NULL,          -- of a reaction: whose; else empty
    number       INTEGER NOT NULL,          -- how often edited, or when: the larger one counts
    text         TEXT,                      -- the text until it is applied; the emoji, NULL: taken back
    parked_at    INTEGER NOT NULL,          -- our clock, corrected
    PRIMARY KEY (account, message, what, by)
) STRICT, WITHOUT ROWID;
CREATE INDEX parked_age ON parked (parked_at);

-- Ids of messages that were taken away one by one: none is given again (src/ids.rs).
CREATE TABLE spent_id (
    id      INTEGER PRIMARY KEY,
    account INTEGER NOT NULL REFERENCES account (id) ON DELETE CASCADE
) STRICT;

-- Another id of a message: of webhooks where reads know it by another one, or of the provider before
-- (src/apply/webhook.rs, src/apply/stitch.rs).
CREATE TABLE alias (
    account      INTEGER NOT NULL REFERENCES account (id) ON DELETE CASCADE,
    remote_id    TEXT    NOT NULL,
    message      INTEGER NOT NULL REFERENCES message (id) ON DELETE CASCADE,
    PRIMARY KEY (account, remote_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX alias_message ON alias (message);

-- Which conversation a thread of a download is (src/import.rs).
CREATE TABLE import_thread (
    account      INTEGER NOT NULL REFERENCES account (id) ON DELETE CASCADE,
    key          TEXT    NOT NULL,          -- what the download calls it, or 'id:' and an id that the platform may give it
    conversation INTEGER NOT NULL REFERENCES conversation (id) ON DELETE CASCADE,
    PRIMARY KEY (account, key)
) STRICT, WITHOUT ROWID;
CREATE INDEX import_thread_conversation ON import_thread (conversation);

CREATE TABLE cursor (
    account     INTEGER NOT NULL REFERENCES account (id) ON DELETE CASCADE,
    name        TEXT    NOT NULL,           -- what it is a place in
    value       TEXT    NOT NULL,           -- opaque
    PRIMARY KEY (account, name)
) STRICT, WITHOUT ROWID;

CREATE TABLE intent (
    id           INTEGER PRIMARY KEY AUTOINCREMENT, -- IntentId; order of ids is order of sending, so never reused
    account      INTEGER NOT NULL REFERENCES account (id) ON DELETE CASCADE,
    conversation INTEGER NOT NULL REFERENCES conversation (id) ON DELETE CASCADE,
    created_at   INTEGER NOT NULL,          -- when the user pressed Send; our clock, corrected
    hold_until   INTEGER,                   -- hold before sending; NULL: none
    send_at      INTEGER                    -- for later, by itself; NULL: now, or the user took it into his own hands
) STRICT;
CREATE INDEX intent_conversation ON intent (conversation);
CREATE INDEX intent_account ON intent (account);

CREATE TABLE part (
    id           INTEGER PRIMARY KEY,
    intent       INTEGER NOT NULL REFERENCES intent (id) ON DELETE CASCADE,
    ordinal      INTEGER NOT NULL,          -- order within the intent
    account      INTEGER NOT NULL,          -- of the intent
    conversation INTEGER NOT NULL,          -- of the intent
    message      INTEGER UNIQUE REFERENCES message (id) ON DELETE SET NULL, -- its row; NULL once discarded
    state        INTEGER NOT NULL,          -- SendState in order: 0 queued, 1 uploading, 2 sending, 3 accepted, 4 failed,
                                            -- 5 unknown, 6 needs review, 7 settled
    reason       TEXT,                      -- JSON of SendReason
    since        INTEGER NOT NULL,          -- when the state was entered; our clock, corrected
    wanted_at    INTEGER NOT NULL,          -- when the user last asked for it: sent, tried again, confirmed
    next_at      INTEGER,                   -- when something happens by itself next
    client_ref   TEXT    NOT NULL,          -- what we plant in the request, where the provider returns it
    fresh_reads  INTEGER NOT NULL DEFAULT 0, -- reads since unknown that would have shown it
    read_at      INTEGER,                   -- provider's clock of the last of them: a cached answer counts once
    released     INTEGER NOT NULL DEFAULT 0 -- 1: the user let the messages behind it go
) STRICT;
CREATE INDEX part_intent ON part (intent, ordinal);
CREATE INDEX part_unfinished ON part (account, conversation, intent, ordinal) WHERE state NOT IN (3, 4);

CREATE TABLE attempt (
    id          INTEGER PRIMARY KEY,
    part        INTEGER NOT NULL REFERENCES part (id) ON DELETE CASCADE,
    started_at  INTEGER NOT NULL,           -- before the first byte leaves; our clock, corrected
    ended_at    INTEGER,                    -- NULL: never known
    outcome     INTEGER,                    -- 0 accepted, 1 not sent, 2 refused, 3 ambiguous; NULL: running or died
    http_status INTEGER,
    body_hash   INTEGER NOT NULL,           -- of the request's body
    detail      TEXT                        -- the provider's code and text; never a secret
) STRICT;
CREATE INDEX attempt_part ON attempt (part);

-- Files that were attached: to a draft, then to the part that carries them (src/outgoing.rs).
CREATE TABLE outgoing_file (
    id           INTEGER PRIMARY KEY AUTOINCREMENT, -- OutgoingFileId; the page may still know a removed one
    conversation INTEGER NOT NULL REFERENCES conversation (id) ON DELETE CASCADE,
    part         INTEGER REFERENCES part (id) ON DELETE CASCADE, -- that carries it; NULL: it is in the draft
    ordinal      INTEGER NOT NULL,          -- order within the draft, then within the part
    state        INTEGER NOT NULL,          -- 0 preparing, 1 ready, 2 refused
    refusal      TEXT,                      -- JSON of FileRefusal
    name         TEXT    NOT NULL,          -- cleaned
    kind         INTEGER,                   -- as message.kind: 1 image, 2 video, 3 audio, 4 file; NULL until it is known
    mime         TEXT,                      -- as it will be sent, told by its bytes
    sha256       BLOB,                      -- of what will be sent; its file is outgoing/ and this in hex
    bytes        INTEGER,
    width        INTEGER,                   -- pixels as it will be sent
    height       INTEGER,
    duration_ms  INTEGER,
    blur         TEXT,                      -- ThumbHash in base64
    changes      TEXT    NOT NULL,          -- JSON list of FileChange
    thumbnail    TEXT,                      -- path behind the media: scheme
    copy         TEXT                       -- JSON of the copy that its message will show
) STRICT;
CREATE INDEX outgoing_file_draft ON outgoing_file (conversation, ordinal) WHERE part IS NULL;
CREATE INDEX outgoing_file_part ON outgoing_file (part, ordinal) WHERE part IS NOT NULL;

-- What a provider has of our files, so that no file is uploaded twice.
CREATE TABLE upload (
    connection   INTEGER NOT NULL REFERENCES connection (id) ON DELETE CASCADE,
    platform     TEXT    NOT NULL,
    sha256       BLOB    NOT NULL,          -- of the file
    reference    TEXT    NOT NULL,          -- Graph's attachment id, Ayrshare's public address
    expires_at   INTEGER,                   -- our clock; NULL: not said
    PRIMARY KEY (connection, platform, sha256)
) STRICT, WITHOUT ROWID;

CREATE TABLE draft (
    conversation INTEGER PRIMARY KEY REFERENCES conversation (id) ON DELETE CASCADE,
    text         TEXT    NOT NULL,          -- may be empty beside a quote
    reply_to     INTEGER REFERENCES message (id) ON DELETE SET NULL, -- the message that the answer quotes
    changed_at   INTEGER NOT NULL           -- our clock
) STRICT;
CREATE INDEX draft_quote ON draft (reply_to) WHERE reply_to IS NOT NULL;

-- Answers written once and used often. AUTOINCREMENT: a reply that was deleted is put back under a new id, never as another's.
CREATE TABLE canned_reply (
    id          INTEGER PRIMARY KEY AUTOINCREMENT, -- CannedReplyId
    position    INTEGER NOT NULL,           -- in lists, the user's own order
    title       TEXT    NOT NULL,           -- cleaned
    word        TEXT    UNIQUE,             -- typed after '/', lower case; NULL: none
    text        TEXT    NOT NULL
) STRICT;

-- Webhooks that came, the newest of them (src/delivery.rs): never what they said.
CREATE TABLE delivery (
    id          INTEGER PRIMARY KEY,
    at          INTEGER NOT NULL,           -- our clock
    connection  INTEGER REFERENCES connection (id) ON DELETE SET NULL, -- to whose address; NULL: to none
    account     INTEGER REFERENCES account (id) ON DELETE SET NULL, -- of several the first
    what        TEXT,                       -- DeliveryKind, of several the first; NULL: it was not read
    items       INTEGER NOT NULL,           -- how many things it told
    outcome     TEXT    NOT NULL,           -- DeliveryOutcome
    took_ms     INTEGER NOT NULL
) STRICT;

CREATE TABLE delivery_count (
    outcome     TEXT PRIMARY KEY,           -- DeliveryOutcome
    count       INTEGER NOT NULL,           -- ever
    last_at     INTEGER NOT NULL            -- our clock
) STRICT, WITHOUT ROWID;

-- Digests of what came, so that it is known when it comes again.
CREATE TABLE delivery_seen (
    digest      BLOB PRIMARY KEY,           -- 16 bytes of SHA-256
    at          INTEGER NOT NULL            -- our clock
) STRICT, WITHOUT ROWID;
CREATE INDEX delivery_seen_age ON delivery_seen (at);

-- What webhooks told of people whose conversation is not known yet (src/delivery/waiting.rs).
CREATE TABLE delivery_waiting (
    id          INTEGER PRIMARY KEY,
    account     INTEGER NOT NULL REFERENCES account (id) ON DELETE CASCADE,
    person      TEXT    NOT NULL,           -- the platform's id
    at          INTEGER NOT NULL,           -- our clock
    events      TEXT    NOT NULL            -- JSON
) STRICT;
CREATE INDEX delivery_waiting_person ON delivery_waiting (account, person);

CREATE TABLE setting (
    name        TEXT PRIMARY KEY,           -- 'settings' and what else must survive a restart
    value       TEXT NOT NULL               -- JSON
) STRICT, WITHOUT ROWID;

CREATE TABLE backfill (
    account       INTEGER PRIMARY KEY REFERENCES account (id) ON DELETE CASCADE,
    conversations INTEGER                   -- how many are known to exist; NULL: not known yet
) STRICT;
