//! Readings outside of the rounds, of one conversation: a send whose answer was lost looks for its message, and a webhook
//! has told that something happened.
//!
//! Promises: one reading of an account at a time, these and its rounds alike; what is read is applied and announced as a
//! round's would be. A failure is no trouble of the account: the next round meets it, and says so.

use std::sync::Arc;

use backscroll_adapters::{Read, ReadDone};
use backscroll_model::{Platform, RemoteId};
use backscroll_store::Arrival;

use super::{Round, Stop, Tally, open, turn};
use crate::{inner::Inner, live::Live};

/// Reads one conversation, to find out whether a message of ours is in it. `None`: it could not be read now.
pub(crate) async fn read_back(
    inner: &Arc<Inner>,
    live: &Arc<Live>,
    conversation: &RemoteId,
    archived: bool,
) -> Option<ReadDone> {
    let _one_at_a_time = turn(inner, live).await;
    let account = inner.account(live.id).await.ok()?;
    let link = open(inner, &account, false).await.ok()??;
    let mut round = Round { inner, live, link, account, arrival: Arrival::Live, tally: Tally::default() };
    if round.link.meta().is_none() {
        round.ask_for_auto_response().await.ok()?;
    }
    let read = round.read_conversation(conversation.clone(), archived).await;
    let calls = round.tally.calls;
    live.state().calls += calls;
    match read {
        Ok(done) => Some(done),
        Err(Stop::Adapter(error)) => {
            tracing::info!(kind = ?error.kind, "reading back failed");
            None
        }
        Err(_) => None,
    }
}

/// Reads what a webhook is about, at Graph: the conversation, or that of a person whose conversation is not known yet.
/// Returns whether it could be read now.
pub(crate) async fn read_told(inner: &Arc<Inner>, live: &Arc<Live>, told: Told) -> bool {
    let _one_at_a_time = turn(inner, live).await;
    let Ok(account) = inner.account(live.id).await else { return false };
    let Ok(Some(link)) = open(inner, &account, false).await else { return false };
    if link.meta().is_none() {
        return false;
    }
    let mut round = Round { inner, live, link, account, arrival: Arrival::Live, tally: Tally::default() };
    let read = match told {
        Told::Conversation(conversation) => round.read_newest(conversation).await.map(drop),
        Told::Person(person) => round.read_person(person).await,
    };
    live.state().calls += round.tally.calls;
    if let Err(Stop::Adapter(error)) = &read {
        tracing::info!(kind = ?error.kind, "what a webhook told could not be read");
    }
    read.is_ok()
}

/// Whom a webhook is about.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Told {
    /// A conversation that is held.
    Conversation(RemoteId),
    /// Somebody whose conversation is not known.
    Person(RemoteId),
}

impl Round<'_> {
    async fn read_conversation(&mut self, conversation: RemoteId, archived: bool) -> Result<ReadDone, Stop> {
        let platform = self.account.platform;
        if platform == Platform::X {
            return self.read_x_conversation(conversation).await;
        }
        if self.link.meta().is_some() {
            return self.read_newest(conversation).await;
        }
        let read = Read::Messages { platform, archived, conversation: Some(conversation), limit: None, next: None };
        self.read(&read).await
    }
}
