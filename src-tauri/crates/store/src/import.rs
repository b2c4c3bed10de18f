//! Downloads become history: which account and which conversation they belong to, and where their reading stands.
//!
//! A thread of a download is, in this order: the conversation that it was before; the one of the same id, where the
//! download tells one; a conversation of the account whose person has the same name, if messages of both say that it is
//! the same, or if there is only one of that name on either side. Else it becomes a conversation of its own, with an id of
//! ours, until a provider tells of that conversation ([`adopt`]).
//!
//! Promises (`architecture.md`, invariants 1, 3, 5, 8): messages go through [`apply`](crate::apply) like all others, so
//! bringing in the same download twice, or two in another order, or before or after the provider's history, ends in the
//! same rows; a conversation that is only known from a download is never asked of a provider.

use std::collections::{BTreeMap, HashMap, HashSet};

use backscroll_model::{
    AccountId, AttachmentId, Backfill, ConversationEvents, Event, IMPORTED_ME, IMPORTED_THEM, ImportedPage,
    MessageSeen, Page, Platform, RemoteId, SECOND, Timestamp, text::clean_line,
};
use rusqlite::{Connection, OptionalExtension};

use crate::{Applied, ApplyContext, Result, apply, codes};

/// Names of people are cut here, as everywhere.
const NAME_CHARS: usize = 80;
/// So many messages of a page are looked for to prove that two threads are one.
const EVIDENCE: usize = 20;
/// Clocks of downloads and providers differ by at most this, in ms.
const NEAR: i64 = 2 * SECOND;

/// The account that a download is of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImportAccount {
    /// Where its people talk.
    pub platform: Platform,
    /// The platform's id of the business, or one of ours where the download tells none.
    pub remote_id: RemoteId,
    /// Raw.
    pub name: String,
    /// `@handle` without the `@`.
    pub username: Option<String>,
}

/// Finds the account of a download: the one of the same id, else the only one of the platform with the same name or
/// handle; else makes one without a connection. Answers whether it was made.
pub fn import_account(connection: &Connection, new: &ImportAccount, now: Timestamp) -> Result<(AccountId, bool)> {
    let name = clean_line(&new.name, NAME_CHARS).unwrap_or_default();
    let held: Option<i64> = connection
        .prepare_cached("SELECT id FROM account WHERE platform = ?1 AND remote_id = ?2")?
        .query_row((new.platform.as_str(), new.remote_id.as_str()), |row| row.get(0))
        .optional()?;
    if let Some(id) = held {
        return Ok((AccountId(id), false));
    }
    let alike: Vec<i64> = connection
        .prepare_cached("SELECT id FROM account WHERE platform = ?1 AND (name = ?2 OR username = ?3) ORDER BY id")?
        .query_map((new.platform.as_str(), &name, &new.username), |row| row.get(0))?
        .collect::<rusqlite::Result<_>>()?;
    if let ([only], true) = (alike.as_slice(), new.remote_id.is_imported()) {
        return Ok((AccountId(*only), false));
    }
    let business = crate::add_business(connection, &name)?;
    connection
        .prepare_cached(
            "INSERT INTO account (business, platform, remote_id, name, username, created_at, backfill)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        )?
        .execute((
            business.0,
            new.platform.as_str(),
            new.remote_id.as_str(),
            &name,
            &new.username,
            now.0,
            codes::backfill(Backfill::Done),
        ))?;
    let id = connection.last_insert_rowid();
    connection.prepare_cached("INSERT INTO counter (account) VALUES (?1)")?.execute([id])?;
    Ok((AccountId(id), true))
}

/// One import into one account: what it remembers from batch to batch.
#[derive(Debug)]
pub struct Importer {
    account: AccountId,
    /// Conversations of the account by the name of their person.
    names: HashMap<String, Vec<i64>>,
    /// Newest conversation that was looked at for that.
    looked: i64,
}

impl Importer {
    /// Nothing is known yet.
    pub fn new(account: AccountId) -> Self {
        Self { account, names: HashMap::new(), looked: 0 }
    }

    /// Takes in one batch of a download, with the cursor that stands behind it. Call it inside a transaction.
    pub fn import(
        &mut self,
        connection: &Connection,
        pages: Vec<ImportedPage>,
        cursor: (String, Option<String>),
        context: &ApplyContext,
    ) -> Result<Applied> {
        let me: String = connection
            .prepare_cached("SELECT remote_id FROM account WHERE id = ?1")?
            .query_row([self.account.0], |row| row.get(0))?;
        let mut chosen: BTreeMap<String, Chosen> = BTreeMap::new();
        let mut taken: HashSet<i64> = HashSet::new();
        let mut all = Page { cursors: vec![cursor], ..Page::default() };
        for page in pages {
            let key = page.thread.key.clone();
            if !chosen.contains_key(&key) {
                let found = self.choose(connection, &page, &taken)?;
                taken.extend(found.id);
                chosen.insert(key.clone(), found);
            }
            if let Some(found) = chosen.get_mut(&key) {
                found.aka.extend(page.thread.conversations.iter().chain(&page.thread.people).cloned());
                all.conversations.push(found.rewritten(page, &me));
            }
        }
        let applied = apply::apply(connection, self.account, &[all], context)?;
        for (key, found) in chosen.into_iter().filter(|(_, found)| found.is_new) {
            self.remember(connection, &key, &found)?;
        }
        Ok(applied)
    }

    /// Which conversation a thread is.
    fn choose(&mut self, connection: &Connection, page: &ImportedPage, taken: &HashSet<i64>) -> Result<Chosen> {
        let thread = &page.thread;
        let known: Option<i64> = connection
            .prepare_cached("SELECT conversation FROM import_thread WHERE account = ?1 AND key = ?2")?
            .query_row((self.account.0, &thread.key), |row| row.get(0))
            .optional()?;
        if let Some(id) = known {
            return Chosen::held(connection, id, false);
        }
        let mut by_id = Vec::new();
        for id in &thread.conversations {
            by_id.extend(ids(connection, BY_CONVERSATION, (self.account.0, id.as_str()))?);
        }
        for id in &thread.people {
            by_id.extend(ids(connection, BY_PERSON, (self.account.0, id.as_str()))?);
        }
        if let Some(id) = by_id.first() {
            return Chosen::held(connection, *id, true);
        }
        let name = thread.name.as_deref().and_then(|name| clean_line(name, NAME_CHARS));
        if let Some(name) = name {
            self.look(connection)?;
            let alike: Vec<i64> = self.names.get(&name).cloned().unwrap_or_default();
            let free = |id: &&i64| !taken.contains(*id);
            let messages = messages(&page.events);
            for id in alike.iter().filter(free) {
                if is_same(connection, *id, &messages)? {
                    return Chosen::held(connection, *id, true);
                }
            }
            if let ([only], true) = (alike.as_slice(), thread.name_is_unique)
                && !taken.contains(only)
                && !is_bound(connection, *only)?
            {
                return Chosen::held(connection, *only, true);
            }
        }
        Ok(Chosen { id: None, remote_id: page.events.remote_id.clone(), person: None, is_new: true, aka: Vec::new() })
    }

    /// Learns the names of conversations that are new since it last did.
    fn look(&mut self, connection: &Connection) -> Result<()> {
        let mut statement = connection.prepare_cached(NAMES)?;
        let mut rows = statement.query((self.account.0, self.looked))?;
        while let Some(row) = rows.next()? {
            let id: i64 = row.get(0)?;
            self.looked = self.looked.max(id);
            let names: [Option<String>; 2] = [row.get(1)?, row.get(2)?];
            let mut before = None;
            for name in names.into_iter().flatten() {
                if before.as_ref() != Some(&name) {
                    self.names.entry(name.clone()).or_default().push(id);
                }
                before = Some(name);
            }
        }
        Ok(())
    }

    fn remember(&self, connection: &Connection, key: &str, found: &Chosen) -> Result<()> {
        let id: Option<i64> = connection
            .prepare_cached(BY_CONVERSATION)?
            .query_row((self.account.0, found.remote_id.as_str()), |row| row.get(0))
            .optional()?;
        // A thread without a message is no conversation.
        let Some(id) = id else { return Ok(()) };
        let mut insert = connection.prepare_cached(
            "INSERT INTO import_thread (account, key, conversation) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING",
        )?;
        insert.execute((self.account.0, key, id))?;
        for other in &found.aka {
            insert.execute((self.account.0, format!("id:{other}"), id))?;
        }
        Ok(())
    }
}

/// A file of a message of a download that has no copy yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ImportedFile {
    /// The attachment.
    pub id: AttachmentId,
    /// When its message was.
    pub at: Timestamp,
}

/// The attachment of a message of a download, if it waits for its copy: `thread` and `message` as the download names them.
pub fn imported_file(
    connection: &Connection,
    account: AccountId,
    thread: &str,
    message: &RemoteId,
    ordinal: usize,
) -> Result<Option<ImportedFile>> {
    let ordinal = i64::try_from(ordinal).unwrap_or(i64::MAX);
    let file = |row: &rusqlite::Row<'_>| Ok(ImportedFile { id: AttachmentId(row.get(0)?), at: Timestamp(row.get(1)?) });
    if !message.is_imported() {
        let by_id = (account.0, message.as_str(), ordinal);
        return Ok(connection.prepare_cached(FILE_BY_ID)?.query_row(by_id, file).optional()?);
    }
    let conversation: Option<i64> = connection
        .prepare_cached("SELECT conversation FROM import_thread WHERE account = ?1 AND key = ?2")?
        .query_row((account.0, thread), |row| row.get(0))
        .optional()?;
    let Some(key) = conversation.and_then(|id| apply::import_key(id, message)) else { return Ok(None) };
    Ok(connection.prepare_cached(FILE_BY_KEY)?.query_row((account.0, key, ordinal), file).optional()?)
}

pub(crate) const FILE_BY_KEY: &str = "SELECT a.id, m.at FROM message m INDEXED BY message_import
    JOIN attachment a ON a.message = m.id WHERE m.account = ?1 AND m.import_key = ?2 AND a.ordinal = ?3
        AND a.state IN (0, 7) AND a.url IS NULL";
pub(crate) const FILE_BY_ID: &str = "SELECT a.id, m.at FROM message m INDEXED BY message_remote
    JOIN attachment a ON a.message = m.id
    WHERE m.account = ?1 AND m.remote_hash = id_hash(?2) AND m.remote_id = ?2 AND a.ordinal = ?3
        AND a.state IN (0, 7) AND a.url IS NULL";

/// Names beyond the ones that were seen: by row, so that nothing else is looked at.
pub(crate) const NAMES: &str =
    "SELECT id, name, username FROM conversation NOT INDEXED WHERE id > ?2 AND account = ?1 ORDER BY id";
pub(crate) const BY_CONVERSATION: &str = "SELECT id FROM conversation WHERE account = ?1 AND remote_id = ?2";
pub(crate) const BY_PERSON: &str = "SELECT c.id FROM participant p
    JOIN conversation c INDEXED BY conversation_participant ON c.participant = p.id
    WHERE p.account = ?1 AND p.remote_id = ?2 ORDER BY c.id";

fn ids(connection: &Connection, sql: &'static str, of: (i64, &str)) -> Result<Vec<i64>> {
    let mut statement = connection.prepare_cached(sql)?;
    let rows = statement.query_map(of, |row| row.get(0))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// The conversation that a thread is.
struct Chosen {
    /// Its row; `None`: it has none yet.
    id: Option<i64>,
    remote_id: RemoteId,
    /// The platform's id of the person.
    person: Option<String>,
    /// It is not known yet that it is.
    is_new: bool,
    /// Ids that the platform may know it by.
    aka: Vec<RemoteId>,
}

impl Chosen {
    fn held(connection: &Connection, id: i64, is_new: bool) -> Result<Self> {
        let (remote_id, person) = connection
            .prepare_cached("SELECT remote_id, person FROM conversation WHERE id = ?1")?
            .query_row([id], |row| Ok((RemoteId(row.get(0)?), row.get(1)?)))?;
        Ok(Self { id: Some(id), remote_id, person, is_new, aka: Vec::new() })
    }

    /// The page as one of that conversation. Who is on the other side, a provider knows better.
    fn rewritten(&self, page: ImportedPage, me: &str) -> ConversationEvents {
        let mut events = page.events;
        let is_own = self.id.is_none() || self.remote_id == events.remote_id;
        let mut them = self.person.clone();
        for event in &events.events {
            if let (Event::Participant(person), None) = (event, &them) {
                them = Some(person.remote_id.0.clone());
            }
        }
        events.remote_id = self.remote_id.clone();
        events.events.retain(|event| is_own || !matches!(event, Event::Participant(_)));
        for event in &mut events.events {
            let Event::Message(seen) = event else { continue };
            for reaction in seen.reactions.iter_mut().flatten() {
                match (reaction.by.as_str(), &them) {
                    (IMPORTED_ME, _) => reaction.by = me.into(),
                    (IMPORTED_THEM, Some(them)) => reaction.by = them.as_str().into(),
                    _ => {}
                }
            }
        }
        events
    }
}

/// The messages of a page by which it is known: with a text, the newest ones.
fn messages(page: &ConversationEvents) -> Vec<&MessageSeen> {
    let messages = page.events.iter().filter_map(|event| match event {
        Event::Message(seen) if seen.text.is_some() => Some(&**seen),
        _ => None,
    });
    messages.take(EVIDENCE).collect()
}

/// Whether the conversation holds one of these.
fn is_same(connection: &Connection, conversation: i64, messages: &[&MessageSeen]) -> Result<bool> {
    let mut statement = connection.prepare_cached(SAME)?;
    for seen in messages {
        let at = seen.at.0;
        if statement.exists((conversation, at - NEAR, at + NEAR, codes::direction(seen.direction), &seen.text))? {
            return Ok(true);
        }
    }
    Ok(false)
}

pub(crate) const SAME: &str = "SELECT 1 FROM message INDEXED BY message_thread
    WHERE conversation = ?1 AND at BETWEEN ?2 AND ?3 AND direction = ?4 AND trim(text) = trim(?5)";

/// Whether a thread of a download is known to be this conversation.
fn is_bound(connection: &Connection, conversation: i64) -> Result<bool> {
    Ok(connection
        .prepare_cached("SELECT 1 FROM import_thread INDEXED BY import_thread_conversation WHERE conversation = ?1")?
        .exists([conversation])?)
}

/// Finds the conversation that a provider's page is about among those that only a download told, and gives it the
/// provider's id. Call it before its row is loaded.
pub(crate) fn adopt(connection: &Connection, account: i64, page: &ConversationEvents) -> Result<()> {
    let is_known = connection.prepare_cached(BY_CONVERSATION)?.exists((account, page.remote_id.as_str()))?;
    let person = page.events.iter().find_map(|event| match event {
        Event::Participant(person) => Some(person),
        _ => None,
    });
    if is_known {
        return Ok(());
    }
    let mut found: Option<i64> = None;
    for id in [Some(&page.remote_id), person.map(|person| &person.remote_id)].into_iter().flatten() {
        found = found.or(connection
            .prepare_cached(BY_KEY)?
            .query_row((account, format!("id:{id}")), |row| row.get(0))
            .optional()?);
    }
    if found.is_none() {
        let messages = messages(page);
        let mut alike = Vec::new();
        for name in person.into_iter().flat_map(|person| [&person.name, &person.username]).flatten() {
            if let Some(name) = clean_line(name, NAME_CHARS) {
                alike.extend(ids(connection, BY_NAME, (account, &name))?);
            }
        }
        alike.dedup();
        for id in &alike {
            if found.is_none() && is_same(connection, *id, &messages)? {
                found = Some(*id);
            }
        }
        if let (None, [only]) = (found, alike.as_slice()) {
            found = Some(*only);
        }
    }
    let Some(id) = found else { return Ok(()) };
    let before: Option<(i64, String)> = connection
        .prepare_cached(
            "SELECT p.id, p.remote_id FROM conversation c JOIN participant p ON p.id = c.participant WHERE c.id = ?1",
        )?
        .query_row([id], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    connection
        .prepare_cached(
            "UPDATE conversation SET remote_id = ?2, page_digest = NULL, list_digest = NULL, listed_to = NULL WHERE id = ?1",
        )?
        .execute((id, page.remote_id.as_str()))?;
    if let (Some((row, before)), Some(person)) = (before, person)
        && before != person.remote_id.as_str()
    {
        connection.prepare_cached(REACTED)?.execute((id, &before, person.remote_id.as_str()))?;
        connection
            .prepare_cached("UPDATE conversation SET participant = NULL, person = NULL WHERE id = ?1")?
            .execute([id])?;
        connection
            .prepare_cached(
                "DELETE FROM participant WHERE id = ?1 AND remote_id GLOB 'import:*'
                    AND NOT EXISTS (SELECT 1 FROM conversation WHERE participant = ?1)",
            )?
            .execute([row])?;
    }
    Ok(())
}

/// Of the conversations that only a download told.
pub(crate) const BY_KEY: &str =
    "SELECT t.conversation FROM import_thread t JOIN conversation c ON c.id = t.conversation
    WHERE t.account = ?1 AND t.key = ?2 AND c.remote_id >= 'import:' AND c.remote_id < 'import;'";
pub(crate) const BY_NAME: &str = "SELECT id FROM conversation INDEXED BY conversation_imported
    WHERE account = ?1 AND name = ?2 AND remote_id >= 'import:' AND remote_id < 'import;' ORDER BY id";
pub(crate) const REACTED: &str = "UPDATE OR REPLACE reaction SET by = ?3 WHERE by = ?2 AND message IN (
    SELECT id FROM message INDEXED BY message_thread WHERE conversation = ?1 AND flags & 2)";

#[cfg(test)]
#[path = "import_tests.rs"]
mod tests;
