//! A small history, and what the tests do to it.

use std::{fs, path::Path};

use backscroll_model::*;
use backscroll_store::{
    Access, ApplyContext, Arrival, DATABASE_FILE, NewAccount, Store, add_business, add_connection,
    backup::{self, Backup, Book, Place},
    conversations, thread_page, upsert_account,
};

pub const NOW: Timestamp = Timestamp(1_795_000_000_000);

/// Conversations of [`fill`], and messages in each.
pub const CHATS: usize = 8;
pub const MESSAGES: usize = 30;

pub fn run<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(work)
}

pub fn open(folder: &Path) -> Store {
    Store::open(folder, Access::Write, NOW).unwrap()
}

pub fn close(store: Store) {
    run(store.close()).unwrap();
}

pub fn message(chat: usize, n: usize) -> Event {
    let remote_id = format!("m-{chat}-{n}");
    let text = format!("message {n} of chat {chat}: {}", "the bread was good ".repeat(1 + (n * 7 + chat) % 9));
    let direction = if n.is_multiple_of(3) { Direction::Out } else { Direction::In };
    let minutes = i64::try_from((MESSAGES - n) * 10 + chat).unwrap();
    seen(&remote_id, direction, NOW.plus(-minutes * MINUTE), &text)
}

pub fn seen(remote_id: &str, direction: Direction, at: Timestamp, text: &str) -> Event {
    Event::Message(Box::new(MessageSeen {
        reply_to: None,
        remote_id: remote_id.into(),
        direction,
        at,
        tie: 0,
        kind: MessageKind::Text,
        text: Some(text.to_owned()),
        attachments: Vec::new(),
        reactions: None,
        client_ref: None,
        raw: format!("{{\"id\":\"{remote_id}\",\"message\":\"{text}\"}}"),
    }))
}

pub fn page(chat: usize, events: Vec<Event>) -> Page {
    let conversation = ConversationEvents {
        remote_id: format!("chat-{chat}").as_str().into(),
        events,
        ..ConversationEvents::default()
    };
    Page { conversations: vec![conversation], ..Page::default() }
}

pub fn context(arrival: Arrival) -> ApplyContext {
    ApplyContext { now: NOW, arrival, auto_response: None }
}

/// One account, some conversations.
pub fn fill(store: &Store) -> AccountId {
    run(async {
        let account = store
            .write_user(|tx| {
                let link = add_connection(tx, Provider::Meta, "Bakery", "https://api.test", None, NOW)?;
                let business = add_business(tx, "Corner Bakery")?;
                let new = NewAccount {
                    business,
                    platform: Platform::Messenger,
                    remote_id: "9001".into(),
                    name: "Corner Bakery".into(),
                    username: None,
                    connection: link,
                    backfill: Backfill::Pending,
                };
                Ok(upsert_account(tx, &new, NOW)?.id)
            })
            .await
            .unwrap();
        let pages = (0..CHATS).map(|chat| page(chat, (0..MESSAGES).map(|n| message(chat, n)).collect())).collect();
        store.apply(account, pages, context(Arrival::Backfill), |_| {}).await.unwrap();
        account
    })
}

/// Everything that the app would read, so that damage below is met.
pub fn read_all(store: &Store) -> backscroll_store::Result<usize> {
    run(store.read(|c| {
        let mut messages = 0;
        let rows = conversations(c, &ConversationQuery::default(), None, 500, NOW)?.rows;
        for row in rows {
            let page = thread_page(c, row.id, &ThreadPosition::Newest, 500)?;
            messages += page.messages.len();
        }
        Ok(messages)
    }))
}

/// Conversations with their texts, by the platform's ids, for comparing histories.
pub fn texts(store: &Store) -> Vec<String> {
    run(store.read(|c| {
        let mut statement = c.prepare(
            "SELECT c.remote_id || ' ' || ifnull(m.remote_id, '-') || ' ' || ifnull(m.text, '-')
             FROM message m JOIN conversation c ON c.id = m.conversation ORDER BY 1",
        )?;
        let rows = statement.query_map([], |row| row.get(0))?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }))
    .unwrap()
}

/// A whole database, its index included.
pub fn assert_sound(folder: &Path) {
    let db = rusqlite::Connection::open(folder.join(DATABASE_FILE)).unwrap();
    let word = |sql: &str| db.query_row(sql, [], |row| row.get::<_, String>(0)).unwrap();
    assert_eq!(word("PRAGMA integrity_check"), "ok");
    assert!(db.prepare("PRAGMA foreign_key_check").unwrap().query([]).unwrap().next().unwrap().is_none());
    let number = |sql: &str| db.query_row(sql, [], |row| row.get::<_, i64>(0)).unwrap();
    let texts = number("SELECT count(*) FROM message WHERE text IS NOT NULL");
    assert_eq!(number("SELECT count(*) FROM message_search_docsize"), texts);
    assert_eq!(number("SELECT ifnull(sum(messages), 0) FROM counter"), number("SELECT count(*) FROM message"));
    assert_eq!(number("SELECT count(*) FROM badge"), 1);
}

pub fn back_up(folder: &Path, at: Timestamp) -> backscroll_store::Result<Backup> {
    let (origin, place) = (Book::origin(folder, at)?, Book::read(folder).place());
    backup::make(folder, &place, origin, at, &mut |_| true)
}

pub fn choose(folder: &Path, chosen: &Path) {
    Book::update(folder, |book| book.folder = Some(chosen.to_owned())).unwrap();
    assert_eq!(Book::read(folder).place(), Place::Chosen(chosen.to_owned()));
}

/// Names of the files of a folder that begin so.
pub fn names(folder: &Path, beginning: &str) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(folder)
        .map(|entries| entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect())
        .unwrap_or_default();
    names.retain(|name: &String| name.starts_with(beginning));
    names.sort();
    names
}
