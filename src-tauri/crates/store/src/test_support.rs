//! What the tests share: an empty database in memory, an account, a few pages, a canonical dump, and a query's plan.
#![expect(clippy::unwrap_used, reason = "tests")]

use backscroll_model::{
    AccountId, Backfill, ConversationEvents, ConversationId, Direction, Event, Listing, MessageKind, MessageSeen, Page,
    Platform, Provider, RemoteId, Timestamp,
};
use rusqlite::{Connection, types::ValueRef};

use crate::{ApplyContext, Arrival, NewAccount, account, gaps, gaps::standing, open, raw, schema};

/// The instant at which tests take place.
pub(crate) const NOW: Timestamp = Timestamp(1_795_000_000_000);

pub(crate) fn memory() -> Connection {
    let mut connection = Connection::open_in_memory().unwrap();
    open::configure(&connection).unwrap();
    schema::migrate(&mut connection).unwrap();
    connection
}

/// A database with one account; its id is not 1, so that a mix-up of ids shows.
pub(crate) fn with_account(platform: Platform) -> (Connection, AccountId) {
    let connection = memory();
    let id = add_account(&connection, platform, "9001");
    (connection, id)
}

pub(crate) fn add_account(connection: &Connection, platform: Platform, remote_id: &str) -> AccountId {
    connection.execute("INSERT OR IGNORE INTO sqlite_sequence (name, seq) VALUES ('intent', 700)", []).unwrap();
    let link =
        account::add_connection(connection, Provider::Ayrshare, "Bakery", "https://api.test", None, NOW).unwrap();
    let business = account::add_business(connection, "Corner Bakery").unwrap();
    let new = NewAccount {
        business,
        platform,
        remote_id: remote_id.into(),
        name: "Corner Bakery".into(),
        username: None,
        connection: link,
        backfill: Backfill::Pending,
    };
    account::upsert_account(connection, &new, NOW).unwrap().id
}

pub(crate) fn live() -> ApplyContext {
    ApplyContext { now: NOW, arrival: Arrival::Live, auto_response: None }
}

pub(crate) fn backfill() -> ApplyContext {
    ApplyContext { arrival: Arrival::Backfill, ..live() }
}

pub(crate) fn seen(remote_id: &str, direction: Direction, at: Timestamp, text: &str) -> MessageSeen {
    MessageSeen {
        reply_to: None,
        remote_id: remote_id.into(),
        direction,
        at,
        tie: 0,
        kind: MessageKind::Text,
        text: (!text.is_empty()).then(|| text.to_owned()),
        attachments: Vec::new(),
        reactions: None,
        client_ref: None,
        raw: format!("{{\"id\":\"{remote_id}\",\"message\":\"{text}\"}}"),
    }
}

pub(crate) fn inbound(remote_id: &str, at: Timestamp, text: &str) -> Event {
    Event::Message(Box::new(seen(remote_id, Direction::In, at, text)))
}

pub(crate) fn outbound(remote_id: &str, at: Timestamp, text: &str) -> Event {
    Event::Message(Box::new(seen(remote_id, Direction::Out, at, text)))
}

/// A page about one conversation.
pub(crate) fn page(conversation: &str, events: Vec<Event>, listing: Option<Listing>) -> Page {
    Page {
        conversations: vec![ConversationEvents {
            remote_id: conversation.into(),
            events,
            listing,
            ..ConversationEvents::default()
        }],
        ..Page::default()
    }
}

pub(crate) fn remote(id: &str) -> RemoteId {
    id.into()
}

/// Each row of the history as text, without local ids and without the digests, which only save work; sorted.
pub(crate) fn dump(connection: &Connection) -> Vec<String> {
    let queries = [
        "SELECT 'conversation', c.remote_id, c.state, c.snoozed_until, c.by_rule, c.unread, c.messages, c.last_at,
            c.last_tie, c.last_direction, c.last_kind, c.last_send_state, c.last_text, c.name, c.username, c.person,
            c.waiting_since, c.window_until, c.inbound_at, c.gap_after, c.refused_at, c.read_up_to, c.archived, c.read_mark,
            c.history_mark, c.elsewhere_at, c.answer_at, c.unlisted, c.link,
            (SELECT remote_id FROM message WHERE id = c.last_id) FROM conversation c",
        "SELECT 'participant', remote_id, name, username, avatar_url, avatar_state FROM participant",
        "SELECT 'message', c.remote_id, m.remote_id, m.at, m.tie, m.direction, m.kind, m.origin, m.flags, m.send_state,
            m.announce, m.text, m.reply_to FROM message m JOIN conversation c ON c.id = m.conversation",
        "SELECT 'attachment', m.remote_id, a.ordinal, a.kind, a.type_name, a.url, a.state
            FROM attachment a JOIN message m ON m.id = a.message",
        "SELECT 'reaction', m.remote_id, r.by, r.emoji FROM reaction r JOIN message m ON m.id = r.message",
        "SELECT 'stretch', c.remote_id, s.from_at, s.to_at FROM stretch s JOIN conversation c ON c.id = s.conversation",
        "SELECT 'listed', c.remote_id, s.from_at, s.to_at FROM listed s JOIN conversation c ON c.id = s.conversation",
        "SELECT 'placeholder', p.remote_id, c.remote_id, p.at
            FROM placeholder p JOIN conversation c ON c.id = p.conversation",
        "SELECT 'unsent', remote_id FROM unsent",
        "SELECT 'cursor', name, value FROM cursor",
        "SELECT 'counter', conversations, messages, unread, unanswered, oldest_at FROM counter",
        "SELECT 'badge', unread, unanswered FROM badge",
    ];
    let mut lines = Vec::new();
    for query in queries {
        let mut statement = connection.prepare(query).unwrap();
        let columns = statement.column_count();
        let mut rows = statement.query([]).unwrap();
        while let Some(row) = rows.next().unwrap() {
            let values: Vec<String> = (0..columns)
                .map(|i| match row.get_ref(i).unwrap() {
                    ValueRef::Null => "-".to_owned(),
                    ValueRef::Integer(value) => value.to_string(),
                    ValueRef::Text(value) => format!("{:?}", String::from_utf8_lossy(value)),
                    other => format!("{other:?}"),
                })
                .collect();
            lines.push(values.join(" "));
        }
    }
    // As it came: how it is packed hangs on what came before.
    let mut statement = connection.prepare("SELECT id, remote_id FROM message WHERE flags & 4").unwrap();
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
    for (id, remote_id) in rows.collect::<Result<Vec<(i64, Option<String>)>, _>>().unwrap() {
        lines.push(format!("raw {remote_id:?} {:?}", raw::get(connection, id).unwrap()));
    }
    lines.sort();
    lines
}

/// What must be true after anything: the database is whole, the index has exactly the messages, the counters are sums,
/// and what the conversation rows repeat is what their messages say.
pub(crate) fn check(connection: &Connection) {
    let one = |sql: &str| connection.query_row(sql, [], |row| row.get::<_, String>(0)).unwrap();
    assert_eq!(one("PRAGMA integrity_check"), "ok");
    assert!(connection.prepare("PRAGMA foreign_key_check").unwrap().query([]).unwrap().next().unwrap().is_none());
    connection.execute("INSERT INTO message_search (message_search) VALUES ('integrity-check')", []).unwrap();
    assert_eq!(index_of(connection), fresh_index_of(connection), "the index has exactly the messages");
    let wrong = one("SELECT group_concat(what) FROM (
            SELECT 'counter ' || c.account AS what FROM counter c WHERE
                conversations <> (SELECT count(*) FROM conversation WHERE account = c.account)
                OR messages <> (SELECT count(*) FROM message WHERE account = c.account)
                OR unread <> (SELECT count(*) FROM conversation WHERE account = c.account AND state = 0 AND unread > 0)
                OR unanswered <> (SELECT count(*) FROM conversation
                    WHERE account = c.account AND state = 0 AND waiting_since IS NOT NULL)
            UNION ALL SELECT 'badge' FROM badge b WHERE
                b.unread <> (SELECT count(*) FROM conversation WHERE state = 0 AND unread > 0)
                OR b.unanswered <> (SELECT count(*) FROM conversation WHERE state = 0 AND waiting_since IS NOT NULL)
            UNION ALL SELECT 'messages of ' || id FROM conversation c
                WHERE messages <> (SELECT count(*) FROM message WHERE conversation = c.id)
            UNION ALL SELECT 'last of ' || id FROM conversation c WHERE last_id IS NOT (
                SELECT id FROM message WHERE conversation = c.id ORDER BY at DESC, tie DESC, id DESC LIMIT 1)
            UNION ALL SELECT 'answer of ' || id FROM conversation c WHERE answer_at IS NOT (
                SELECT max(at) FROM message WHERE conversation = c.id AND direction = 1 AND origin <> 3
                    AND ifnull(send_state, 3) <> 4)
            UNION ALL SELECT 'elsewhere of ' || id FROM conversation c WHERE elsewhere_at IS NOT (
                SELECT max(at) FROM message WHERE conversation = c.id AND direction = 1 AND origin = 2)
            UNION ALL SELECT 'inbound of ' || id FROM conversation c WHERE inbound_at IS NOT (
                SELECT max(at) FROM message WHERE conversation = c.id AND direction = 0 AND kind <> 7)
            UNION ALL SELECT 'waiting of ' || id FROM conversation c WHERE waiting_since IS NOT (
                SELECT min(at) FROM message WHERE conversation = c.id AND direction = 0 AND kind <> 7
                    AND at > ifnull(c.answer_at, -9e18))
            UNION ALL SELECT 'unread of ' || id FROM conversation c WHERE unread <> max(marked_unread, (
                SELECT count(*) FROM message WHERE conversation = c.id AND direction = 0 AND kind <> 7
                    AND flags & 256 = 0
                    AND at > max(ifnull(read_mark, -9e18), ifnull(history_mark, -9e18), ifnull(elsewhere_at, -9e18))))
            UNION ALL SELECT 'placeholder of a message that is here' FROM placeholder p JOIN message m
                ON m.account = p.account AND m.remote_id = p.remote_id
            UNION ALL SELECT 'hash of ' || id FROM message WHERE remote_hash IS NOT id_hash(remote_id)
            UNION ALL SELECT 'twice ' || remote_id FROM message WHERE remote_id IS NOT NULL
                GROUP BY account, remote_id HAVING count(*) > 1
            UNION ALL SELECT 'quote of ' || id FROM message WHERE (flags & 16 > 0) <> (reply_to IS NOT NULL)
            UNION ALL SELECT 'state of part ' || p.id FROM part p JOIN message m ON m.id = p.message
                WHERE m.send_state IS NOT p.state OR (p.state = 3) <> (m.remote_id IS NOT NULL)
            UNION ALL SELECT 'flags of ' || id FROM message m WHERE
                (flags & 1 > 0) <> EXISTS (SELECT 1 FROM attachment WHERE message = m.id)
                OR (flags & 2 > 0) <> EXISTS (SELECT 1 FROM reaction WHERE message = m.id)
                OR (flags & 4 > 0) <> EXISTS (SELECT 1 FROM raw WHERE id = m.id)
            UNION ALL SELECT '')");
    assert_eq!(wrong, "");
    let mut statement =
        connection.prepare("SELECT id, inbound_at, gap_after, unlisted FROM conversation ORDER BY id").unwrap();
    let mut rows = statement.query([]).unwrap();
    while let Some(row) = rows.next().unwrap() {
        let id: i64 = row.get(0).unwrap();
        let inbound_at: Option<i64> = row.get(1).unwrap();
        let standing = standing(connection, id, inbound_at).unwrap();
        assert_eq!((row.get(2).unwrap(), row.get(3).unwrap()), (standing.gap_after, standing.unlisted), "gaps of {id}");
        let shown = gaps(connection, ConversationId(id)).unwrap();
        let after = inbound_at.is_some_and(|at| shown.iter().any(|gap| gap.to.is_some_and(|to| to.0 > at)));
        assert_eq!(standing.gap_after, after, "gap after {id}");
    }
    let mut accounts = connection.prepare("SELECT id FROM account ORDER BY id").unwrap();
    for account in accounts.query_map([], |row| Ok(AccountId(row.get(0)?))).unwrap().map(Result::unwrap) {
        let listed = gaps::gaps_of_account(connection, account).unwrap();
        assert_eq!(gaps::count(connection, account).unwrap() as usize, listed.len(), "gaps of {account:?}");
    }
}

/// The terms of the index and where they stand.
fn index_of(connection: &Connection) -> Vec<(String, i64, i64)> {
    connection
        .execute_batch(
            "CREATE VIRTUAL TABLE IF NOT EXISTS temp.terms USING fts5vocab('main', 'message_search', 'instance')",
        )
        .unwrap();
    read_terms(connection, "temp.terms")
}

fn read_terms(connection: &Connection, table: &str) -> Vec<(String, i64, i64)> {
    connection
        .prepare(&format!("SELECT term, doc, offset FROM {table} ORDER BY 1, 2, 3"))
        .unwrap()
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
        .unwrap()
        .collect::<Result<_, _>>()
        .unwrap()
}

/// The same of an index that is made anew from the messages.
fn fresh_index_of(connection: &Connection) -> Vec<(String, i64, i64)> {
    let fresh = memory();
    let mut index = crate::search::Index::new(&fresh).unwrap();
    let mut statement = connection.prepare("SELECT id, text FROM message WHERE text IS NOT NULL ORDER BY id").unwrap();
    let mut rows = statement.query([]).unwrap();
    while let Some(row) = rows.next().unwrap() {
        index.add(row.get(0).unwrap(), &row.get::<_, String>(1).unwrap()).unwrap();
    }
    index_of(&fresh)
}

/// The plan of a query, one line a step.
pub(crate) fn plan(connection: &Connection, sql: &str) -> String {
    let mut statement = connection.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap();
    let count = statement.parameter_count();
    let rows =
        statement.query_map(rusqlite::params_from_iter(vec![1_i64; count]), |row| row.get::<_, String>(3)).unwrap();
    rows.collect::<Result<Vec<_>, _>>().unwrap().join("\n")
}

/// Asserts that a query walks `index` and neither scans a table nor sorts.
pub(crate) fn assert_walks(connection: &Connection, sql: &str, index: &str) {
    let plan = plan(connection, sql);
    assert!(plan.contains(index), "{index} is not used:\n{plan}");
    assert!(!plan.contains("TEMP B-TREE"), "sorts:\n{plan}");
    let scans = plan.lines().filter(|line| line.contains("SCAN") && !line.contains("VIRTUAL TABLE"));
    assert_eq!(scans.count(), 0, "scans:\n{plan}");
}
