//! After another provider took over an account, what it brings is stitched to what is held (`architecture.md`,
//! invariant 3): the providers may know the same conversations and messages by other ids.
//!
//! - **Conversations** by their id, else by the person, if the present provider has not named the held one yet.
//! - **Messages** by their id, else by direction, text and ± 2 s, one to one in order of time. The row takes the new id,
//!   and the old one is kept beside it, so that it is the same message if that provider comes back.
//! - **Listed ids**, of which nothing but the time is told, by ± 2 s where the list is complete. The id is kept beside the
//!   row, so that nothing is counted as missing that is held. The same holds for what is known from a webhook alone.
//!
//! Only rows that the present provider has not named can be taken ([`flag::FORMER`]), and none whose own id stands on the
//! same page. So two messages of one provider never become one, and where the ids are the same nothing is guessed.
//!
//! The flag is set conversation by conversation, when the first page about it comes, because a switch must not rewrite a
//! whole history at once.

use std::collections::HashSet;

use backscroll_model::{ConversationEvents, Event, MessageSeen, Platform, RemoteId, Timestamp};
use rusqlite::{Connection, OptionalExtension};

use super::{
    Facts, Work,
    held::{HeldMessages, is_held},
    webhook::{NEAR, also_known_as},
};
use crate::{Result, codes, codes::flag, gaps::Proof, placeholder};

/// Finds the conversation that the page is about under its id of before, and marks its messages as those of before. Call
/// it before its row is loaded.
pub(super) fn conversation(connection: &Connection, facts: &Facts, page: &ConversationEvents) -> Result<()> {
    let Some(switched_at) = facts.switched_at else { return Ok(()) };
    let named: Option<(i64, Option<i64>)> = connection
        .prepare_cached("SELECT id, former_of FROM conversation WHERE account = ?1 AND remote_id = ?2")?
        .query_row((facts.account, page.remote_id.as_str()), |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    let id = match named {
        Some((_, former_of)) if former_of == Some(switched_at) => return Ok(()),
        Some((id, _)) => id,
        None => {
            let Some(id) = by_person(connection, facts, switched_at, page)? else { return Ok(()) };
            connection
                .prepare_cached("UPDATE conversation SET remote_id = ?2 WHERE id = ?1")?
                .execute((id, page.remote_id.as_str()))?;
            id
        }
    };
    // Digests are of the other provider's answers.
    connection
        .prepare_cached(
            "UPDATE conversation SET former_of = ?2, page_digest = NULL, list_digest = NULL, listed_to = NULL
             WHERE id = ?1",
        )?
        .execute((id, switched_at))?;
    connection
        .prepare_cached("UPDATE message SET flags = flags | ?2 WHERE conversation = ?1 AND remote_id IS NOT NULL")?
        .execute((id, flag::FORMER))?;
    Ok(())
}

fn by_person(
    connection: &Connection,
    facts: &Facts,
    switched_at: i64,
    page: &ConversationEvents,
) -> Result<Option<i64>> {
    let person = page.events.iter().find_map(|event| match event {
        Event::Participant(person) => Some(&person.remote_id),
        _ => None,
    });
    let Some(person) = person else { return Ok(None) };
    Ok(connection
        .prepare_cached(BY_PERSON)?
        .query_row((facts.account, person.as_str(), switched_at), |row| row.get(0))
        .optional()?)
}

pub(super) const BY_PERSON: &str = "SELECT c.id FROM participant p
    JOIN conversation c INDEXED BY conversation_participant ON c.participant = p.id
    WHERE p.account = ?1 AND p.remote_id = ?2 AND c.former_of IS NOT ?3 ORDER BY c.last_at DESC LIMIT 1";

/// Gives a message that is not held by its id the row that the provider before told of it, if there is one; it can be
/// found by its id afterwards. Call it for the messages of a page oldest first.
pub(super) fn stitched(
    connection: &Connection,
    facts: &Facts,
    seen: &MessageSeen,
    held: &HeldMessages,
    page: &[Event],
) -> Result<bool> {
    if facts.switched_at.is_none() || is_held(connection, facts, &seen.remote_id)? {
        return Ok(false);
    }
    // The provider came back.
    let known: Option<(i64, String)> = connection
        .prepare_cached(
            "SELECT m.id, m.remote_id FROM alias a JOIN message m ON m.id = a.message
             WHERE a.account = ?1 AND a.remote_id = ?2 AND m.flags & ?3",
        )?
        .query_row((facts.account, seen.remote_id.as_str(), flag::FORMER), |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    if let Some((id, other)) = known {
        connection
            .prepare_cached("DELETE FROM alias WHERE account = ?1 AND remote_id = ?2")?
            .execute((facts.account, seen.remote_id.as_str()))?;
        return adopt(connection, facts, seen, id, &other, false);
    }
    let mut near = held.unnamed(flag::FORMER, seen.at.0, page);
    near.sort_unstable();
    for (_, id, other) in near {
        if adopt(connection, facts, seen, id, other, true)? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// The row `id`, known as `other`, takes the new id if it still is one of before and, where that has to be guessed, says
/// the same.
fn adopt(
    connection: &Connection,
    facts: &Facts,
    seen: &MessageSeen,
    id: i64,
    other: &str,
    must_match: bool,
) -> Result<bool> {
    let adopted = connection
        .prepare_cached(
            "UPDATE message SET remote_id = ?2, remote_hash = id_hash(?2), flags = flags & ~?3
             WHERE id = ?1 AND remote_id = ?4 AND flags & ?3 AND (NOT ?5 OR (
                    direction = ?6 AND trim(text) IS trim(?7) AND (text IS NOT NULL OR kind = ?8) AND kind <> 7))",
        )?
        .execute((
            id,
            seen.remote_id.as_str(),
            flag::FORMER,
            other,
            must_match,
            codes::direction(seen.direction),
            &seen.text,
            codes::kind(seen.kind),
        ))?;
    if adopted > 0 {
        also_known_as(connection, facts, other, id)?;
    }
    Ok(adopted > 0)
}

/// Ids that are listed with nothing but their time: those of rows that are known by another id, from the provider before
/// or from a webhook alone, are kept beside these rows. Only where the listing proves that it names every id of that time
/// and does not name the row's own. Answers whether a placeholder went.
pub(super) fn listed(
    connection: &Connection,
    facts: &Facts,
    work: &Work,
    all: &[placeholder::Listed<'_>],
) -> Result<Option<i64>> {
    let former = if facts.switched_at.is_some() { flag::FORMER } else { 0 };
    let webhook = if facts.platform == Platform::Instagram { flag::WEBHOOK } else { 0 };
    if former | webhook == 0 {
        return Ok(None);
    }
    let here = all.iter().filter(|(conversation, ..)| *conversation == work.row.id);
    let mut ids: Vec<(Timestamp, &RemoteId)> = here.map(|(_, message, at)| (*at, *message)).collect();
    ids.sort_unstable();
    let (Some((from, _)), Some((to, _))) = (ids.first(), ids.last()) else { return Ok(None) };
    let proven = |at: i64| {
        work.listings.iter().any(|(proof, listing)| {
            *proof == Proof::Ids && listing.from.is_none_or(|from| from.0 <= at - NEAR) && at + NEAR <= listing.to.0
        })
    };
    let mut rows: Vec<(i64, i64, String)> = connection
        .prepare_cached(UNNAMED)?
        .query_map((work.row.id, from.0 - NEAR, to.0 + NEAR, former | webhook), |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?))
        })?
        .collect::<rusqlite::Result<_>>()?;
    let named: HashSet<&str> = ids.iter().map(|(_, id)| id.as_str()).collect();
    rows.retain(|(at, _, id)| proven(*at) && !named.contains(id.as_str()));
    let mut found = Vec::new();
    for (at, message) in ids {
        let Some(place) = rows.iter().position(|(row_at, ..)| (row_at - at.0).abs() <= NEAR) else { continue };
        if !is_held(connection, facts, message)? && !is_alias(connection, facts, message)? {
            also_known_as(connection, facts, message.as_str(), rows.remove(place).1)?;
            found.push(message);
        }
    }
    Ok(placeholder::came(connection, facts.account, found.into_iter())?.pop())
}

pub(super) const UNNAMED: &str = "SELECT at, id, remote_id FROM message INDEXED BY message_thread
    WHERE conversation = ?1 AND at BETWEEN ?2 AND ?3 AND flags & ?4 AND remote_id IS NOT NULL AND kind <> 7
        AND NOT EXISTS (SELECT 1 FROM alias INDEXED BY alias_message WHERE message = message.id)
    ORDER BY at, tie";

fn is_alias(connection: &Connection, facts: &Facts, remote_id: &RemoteId) -> Result<bool> {
    Ok(connection
        .prepare_cached("SELECT EXISTS (SELECT 1 FROM alias WHERE account = ?1 AND remote_id = ?2)")?
        .query_row((facts.account, remote_id.as_str()), |row| row.get(0))?)
}

#[cfg(test)]
#[path = "stitch_tests.rs"]
mod tests;
