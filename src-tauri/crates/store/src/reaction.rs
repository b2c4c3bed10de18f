//! Reactions of the business itself, shown before the platform has them.

use backscroll_model::{AccountId, Change, ConversationId, MessageId, RemoteId};
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
pub fn set_own_reaction(connection: &Connection, message: MessageId, emoji: Option<&str>) -> Result<Reacting> {
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
            .prepare_cached("INSERT INTO reaction (message, by, emoji) VALUES (?1, ?2, ?3)")?
            .execute((message.0, &own, emoji))?;
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
    use backscroll_model::Platform;

    use super::*;
    use crate::{
        apply::apply,
        message_of, messages_by_ids,
        test_support::{NOW, check, inbound, live, page, remote, with_account},
    };

    #[test]
    fn our_reaction_is_one_and_can_be_taken_back() {
        let (connection, account) = with_account(Platform::Messenger);
        apply(&connection, account, &[page("t0", vec![inbound("m1", NOW, "Hello?")], None)], &live()).unwrap();
        let message = message_of(&connection, account, &remote("m1")).unwrap().unwrap();
        let shown = || {
            let all = messages_by_ids(&connection, &[message]).unwrap().pop().unwrap().reactions;
            all.into_iter().map(|r| (r.mine, r.emoji)).collect::<Vec<_>>()
        };
        let first = set_own_reaction(&connection, message, Some("❤")).unwrap();
        assert_eq!((first.before, first.message), (None, Some(remote("m1"))));
        let second = set_own_reaction(&connection, message, Some("👍")).unwrap();
        assert_eq!(second.before.as_deref(), Some("❤"));
        assert_eq!(shown(), [(true, "👍".to_owned())]);
        set_own_reaction(&connection, message, None).unwrap();
        assert!(shown().is_empty());
        assert!(set_own_reaction(&connection, MessageId(999), None).is_err());
        check(&connection);
    }
}
