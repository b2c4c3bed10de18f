//! Reactions of the business itself, shown before the platform has them.

use backscroll_model::{AccountId, Change, ConversationId, MessageId, RemoteId, Timestamp};
use rusqlite::{Connection, OptionalExtension};

use crate::{Result, StoreError, codes::flag};

/// What a reaction is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reacting {
    /// The account.
    pub account: AccountId,
    /// The platform's id of the conversation.
    pub conversation: RemoteId,
    /// The platform's id of the person, where known.
    pub person: Option<RemoteId>,
    /// The platform's id of the message; `None`: it has none yet.
    pub message: Option<RemoteId>,
    /// Our reaction until now.
    pub before: Option<String>,
    /// What to read again.
    pub changes: Vec<Change>,
}

/// The account of a message.
pub fn account_of_message(connection: &Connection, message: MessageId) -> Result<AccountId> {
    connection
        .prepare_cached("SELECT account FROM message WHERE id = ?1")?
        .query_row([message.0], |row| row.get(0).map(AccountId))
        .optional()?
        .ok_or(StoreError::NotFound("message"))
}

/// Puts our reaction to a message, or takes it away.
pub fn set_own_reaction(
    connection: &Connection,
    message: MessageId,
    emoji: Option<&str>,
    now: Timestamp,
) -> Result<Reacting> {
    let (mut found, own, conversation) = connection
        .prepare_cached(
            "SELECT m.account, c.remote_id, c.person, m.remote_id, r.emoji, a.remote_id, m.conversation
             FROM message m JOIN conversation c ON c.id = m.conversation JOIN account a ON a.id = m.account
             LEFT JOIN reaction r ON r.message = m.id AND r.by = a.remote_id WHERE m.id = ?1",
        )?
        .query_row([message.0], |row| {
            let found = Reacting {
                account: AccountId(row.get(0)?),
                conversation: RemoteId(row.get(1)?),
                person: row.get::<_, Option<String>>(2)?.map(RemoteId),
                message: row.get::<_, Option<String>>(3)?.map(RemoteId),
                before: row.get(4)?,
                changes: Vec::new(),
            };
            Ok((found, row.get::<_, String>(5)?, ConversationId(row.get(6)?)))
        })
        .optional()?
        .ok_or(StoreError::NotFound("message"))?;
    connection.prepare_cached("DELETE FROM reaction WHERE message = ?1 AND by = ?2")?.execute((message.0, &own))?;
    if let Some(emoji) = emoji {
        connection
            .prepare_cached("INSERT INTO reaction (message, by, emoji, at, told) VALUES (?1, ?2, ?3, ?4, 1)")?
            .execute((message.0, &own, emoji, now.0))?;
    }
    connection
        .prepare_cached(
            "UPDATE message SET flags = iif(EXISTS (SELECT 1 FROM reaction WHERE message = ?1), flags | ?2, flags & ~?2)
             WHERE id = ?1",
        )?
        .execute((message.0, flag::REACTIONS))?;
    found.changes = vec![Change::Messages { conversation, ids: vec![message], added: false }];
    Ok(found)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use backscroll_model::{Direction, Event, Platform, ReactionSeen};

    use super::*;
    use crate::{
        ApplyContext, Arrival,
        apply::apply,
        message_of, messages_by_ids,
        test_support::{NOW, check, inbound, live, page, remote, seen, with_account},
    };

    #[test]
    fn a_reaction_has_the_time_that_was_told_or_that_of_the_reading_that_first_showed_it() {
        let (connection, account) = with_account(Platform::Messenger);
        let minute = |minutes: i64| NOW.plus(minutes * 60_000);
        let reading = |at: Timestamp, given: &[&str]| {
            let reactions = given.iter().map(|by| ReactionSeen { by: remote(by), emoji: "❤".to_owned() }).collect();
            let said = seen("m1", Direction::In, NOW, "Hello?");
            let event = Event::Message(Box::new(backscroll_model::MessageSeen { reactions: Some(reactions), ..said }));
            let context = ApplyContext { now: at, ..live() };
            apply(&connection, account, &[page("t0", vec![event], None)], &context).unwrap();
        };
        let shown = || {
            let message = message_of(&connection, account, &remote("m1")).unwrap().unwrap();
            let all = messages_by_ids(&connection, &[message]).unwrap().pop().unwrap().reactions;
            all.into_iter().map(|r| (r.by.0, r.at, r.told)).collect::<Vec<_>>()
        };
        reading(minute(0), &["ada"]);
        reading(minute(5), &["ada", "ben"]);
        let told =
            Event::Reacted { message: remote("m1"), by: remote("cy"), emoji: Some("❤".to_owned()), at: minute(6) };
        let webhook = ApplyContext { now: minute(7), arrival: Arrival::Webhook, ..live() };
        apply(&connection, account, &[page("t0", vec![told], None)], &webhook).unwrap();
        // What is held keeps its time.
        reading(minute(8), &["ada", "ben", "cy"]);
        let of = |by: &str, at: Option<i64>, told: bool| (by.to_owned(), at.map(minute), told);
        assert_eq!(shown(), [of("ada", None, false), of("ben", Some(5), false), of("cy", Some(6), true)]);
        check(&connection);
    }

    #[test]
    fn our_reaction_is_one_and_can_be_taken_back() {
        let (connection, account) = with_account(Platform::Messenger);
        apply(&connection, account, &[page("t0", vec![inbound("m1", NOW, "Hello?")], None)], &live()).unwrap();
        let message = message_of(&connection, account, &remote("m1")).unwrap().unwrap();
        let shown = || {
            let all = messages_by_ids(&connection, &[message]).unwrap().pop().unwrap().reactions;
            all.into_iter().map(|r| (r.mine, r.emoji, r.at)).collect::<Vec<_>>()
        };
        let first = set_own_reaction(&connection, message, Some("❤"), NOW).unwrap();
        assert_eq!((first.before, first.message), (None, Some(remote("m1"))));
        let second = set_own_reaction(&connection, message, Some("👍"), NOW.plus(5)).unwrap();
        assert_eq!(second.before.as_deref(), Some("❤"));
        assert_eq!(shown(), [(true, "👍".to_owned(), Some(NOW.plus(5)))]);
        set_own_reaction(&connection, message, None, NOW).unwrap();
        assert!(shown().is_empty());
        assert!(set_own_reaction(&connection, MessageId(999), None, NOW).is_err());
        check(&connection);
    }
}
