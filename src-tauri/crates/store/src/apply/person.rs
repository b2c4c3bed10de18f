//! The person on the other side. What a read does not know never erases what is held; names are cleaned on the way in
//! (`reliability.md`, web view).

use std::collections::HashMap;

use backscroll_model::{ParticipantSeen, text};
use rusqlite::{Connection, OptionalExtension};

use super::{Facts, Work, digest::file_name};
use crate::{Result, codes};

/// Names longer than this help nobody.
const NAME_CHARS: usize = 80;

/// People met in this batch, so that one who is named on every message is looked up once.
#[derive(Debug, Default)]
pub(super) struct People {
    known: HashMap<String, Person>,
}

#[derive(Debug, Clone, PartialEq)]
struct Person {
    id: i64,
    name: Option<String>,
    username: Option<String>,
    avatar_url: Option<String>,
    avatar_state: i64,
    avatar_path: Option<String>,
}

impl People {
    /// Takes in what was seen of the person of `work`.
    pub(super) fn seen(
        &mut self,
        connection: &Connection,
        facts: &Facts,
        work: &mut Work,
        seen: &ParticipantSeen,
    ) -> Result<()> {
        let held = match self.known.remove(seen.remote_id.as_str()) {
            Some(person) => Some(person),
            None => find(connection, facts, seen.remote_id.as_str())?,
        };
        let is_new = held.is_none();
        let before = held.unwrap_or(Person {
            id: 0,
            name: None,
            username: None,
            avatar_url: None,
            avatar_state: codes::MEDIA_LINK,
            avatar_path: None,
        });
        let mut person = merged(&before, seen);
        if is_new {
            person.id = insert(connection, facts, seen.remote_id.as_str(), &person)?;
        } else if person != before {
            update(connection, &person, work.row.id)?;
        }
        let columns = &mut work.row.now;
        columns.participant = Some(person.id);
        columns.person = Some(seen.remote_id.0.clone());
        columns.name.clone_from(&person.name);
        columns.username.clone_from(&person.username);
        columns.avatar.clone_from(&person.avatar_path);
        self.known.insert(seen.remote_id.0.clone(), person);
        Ok(())
    }
}

fn merged(held: &Person, seen: &ParticipantSeen) -> Person {
    let mut person = held.clone();
    if let Some(name) = seen.name.as_deref().and_then(|name| text::clean_line(name, NAME_CHARS)) {
        person.name = Some(name);
    }
    if let Some(username) = seen.username.as_deref().and_then(|name| text::clean_line(name, NAME_CHARS)) {
        person.username = Some(username);
    }
    if let Some(url) = seen.avatar_url.as_deref() {
        let same_picture = person.avatar_url.as_deref().map(file_name) == Some(file_name(url));
        // A dead link that was signed anew may be alive.
        let revived = person.avatar_state == codes::MEDIA_GONE && person.avatar_url.as_deref() != Some(url);
        if !same_picture || revived {
            person.avatar_url = Some(url.to_owned());
            person.avatar_state = codes::MEDIA_WAITING;
        }
    }
    person
}

fn find(connection: &Connection, facts: &Facts, remote_id: &str) -> Result<Option<Person>> {
    Ok(connection
        .prepare_cached(
            "SELECT id, name, username, avatar_url, avatar_state, avatar_path FROM participant
             WHERE account = ?1 AND remote_id = ?2",
        )?
        .query_row((facts.account, remote_id), |row| {
            Ok(Person {
                id: row.get(0)?,
                name: row.get(1)?,
                username: row.get(2)?,
                avatar_url: row.get(3)?,
                avatar_state: row.get(4)?,
                avatar_path: row.get(5)?,
            })
        })
        .optional()?)
}

fn insert(connection: &Connection, facts: &Facts, remote_id: &str, person: &Person) -> Result<i64> {
    connection
        .prepare_cached(
            "INSERT INTO participant (account, remote_id, name, username, avatar_url, avatar_state)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        )?
        .execute((facts.account, remote_id, &person.name, &person.username, &person.avatar_url, person.avatar_state))?;
    Ok(connection.last_insert_rowid())
}

fn update(connection: &Connection, person: &Person, conversation: i64) -> Result<()> {
    connection
        .prepare_cached(
            "UPDATE participant SET name = ?2, username = ?3, avatar_url = ?4, avatar_state = ?5 WHERE id = ?1",
        )?
        .execute((person.id, &person.name, &person.username, &person.avatar_url, person.avatar_state))?;
    connection
        .prepare_cached(
            "UPDATE conversation SET name = ?2, username = ?3
             WHERE participant = ?1 AND id <> ?4 AND (name IS NOT ?2 OR username IS NOT ?3)",
        )?
        .execute((person.id, &person.name, &person.username, conversation))?;
    Ok(())
}
