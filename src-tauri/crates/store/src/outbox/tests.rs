//! The outbox of a store in memory. Random lives of messages are in `traces`.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

mod doubts;
mod echoes;
mod files;
mod ledger;
mod life;
mod machine;
mod turns;

use backscroll_model::{
    AttachmentSeen, DAY, Direction, Event, HOUR, IntentId, IntentParts, Listing, MINUTE, MessageKind, MessageSeen,
    Origin, OutgoingKind, Platform, SECOND, SendDecision, StaleCause, ThreadPosition,
};

use super::*;
use crate::{
    apply::apply,
    gaps::gaps,
    message_details,
    outgoing::{self, tests::ready_file},
    test_support::{NOW, check, inbound, live, outbound, page, remote, seen, with_account},
    thread_page,
};

struct Desk {
    connection: Connection,
    account: AccountId,
}

impl Desk {
    fn new(conversations: usize) -> Self {
        let (connection, account) = with_account(Platform::Instagram);
        for n in 0..conversations {
            let hello = page(&format!("t{n}"), vec![inbound(&format!("hello{n}"), at(-HOUR), "Hello?")], None);
            apply(&connection, account, &[hello], &live()).unwrap();
        }
        Self { connection, account }
    }

    fn conversation(&self, n: usize) -> ConversationId {
        crate::conversation_of(&self.connection, self.account, &remote(&format!("t{n}"))).unwrap().unwrap()
    }

    fn enqueue(&self, n: usize, text: &str, now: Timestamp) -> MessageId {
        enqueue_text(&self.connection, self.conversation(n), text, &format!("ref{}", now.0), now, Start::Now)
            .unwrap()
            .message
    }

    /// Text with a file in a message of its own before it.
    fn enqueue_with_file(&self, n: usize, text: &str, now: Timestamp) -> Enqueued {
        self.enqueue_at(n, text, now, Start::Now)
    }

    fn enqueue_at(&self, n: usize, text: &str, now: Timestamp, start: Start) -> Enqueued {
        let conversation = self.conversation(n);
        let file = ready_file(&self.connection, conversation, 1);
        let part = |text: Option<&str>, files, kind| NewPart {
            text: text.map(str::to_owned),
            files,
            kind,
            client_ref: format!("ref{}{}", now.0, text.is_some()),
        };
        let parts = [part(None, vec![file], Some(OutgoingKind::Image)), part(Some(text), Vec::new(), None)];
        enqueue(&self.connection, conversation, &parts, None, now, start).unwrap()
    }

    fn reason(&self, message: MessageId) -> Option<SendReason> {
        progress(&self.connection, message).unwrap().unwrap().reason
    }

    fn begin(&self, message: MessageId, now: Timestamp) -> AttemptId {
        begin_attempt(&self.connection, message, 7, now).unwrap().0
    }

    fn finish(&self, message: MessageId, attempt: AttemptId, outcome: &Outcome, now: Timestamp) -> Vec<Change> {
        finish_attempt(&self.connection, message, attempt, outcome, &Answer::default(), now).unwrap()
    }

    fn state(&self, message: MessageId) -> SendState {
        progress(&self.connection, message).unwrap().unwrap().state
    }

    fn ready(&self, now: Timestamp) -> Vec<MessageId> {
        next_sendable(&self.connection, self.account, now).unwrap().ready.into_iter().map(|s| s.message).collect()
    }

    fn echo(&self, n: usize, name: &str, at: Timestamp, text: &str) {
        self.echo_of(n, name, at, Some(text));
    }

    /// Without a text it is a picture.
    fn echo_of(&self, n: usize, name: &str, at: Timestamp, text: Option<&str>) {
        let event = match text {
            Some(text) => outbound(name, at, text),
            None => without_text(name, at, MessageKind::Image),
        };
        let echo = page(&format!("t{n}"), vec![event], None);
        apply(&self.connection, self.account, &[echo], &live()).unwrap();
    }

    fn decide(&self, message: MessageId, decision: SendDecision, now: Timestamp) -> Result<Decided> {
        decide(&self.connection, message, decision, now)
    }

    fn remote_id(&self, message: MessageId) -> Option<String> {
        message_details(&self.connection, message).unwrap().message.remote_id.map(|id| id.0)
    }

    fn messages(&self, n: usize) -> usize {
        thread_page(&self.connection, self.conversation(n), &ThreadPosition::Newest, 100).unwrap().messages.len()
    }
}

fn without_text(name: &str, at: Timestamp, kind: MessageKind) -> Event {
    let url = Some("https://cdn.example.org/1".to_owned());
    let attachments = vec![AttachmentSeen { kind, url, ..AttachmentSeen::default() }];
    Event::Message(Box::new(MessageSeen { text: None, kind, attachments, ..seen(name, Direction::Out, at, "") }))
}

fn at(ms: i64) -> Timestamp {
    NOW.plus(ms)
}

fn accepted(name: &str) -> Outcome {
    Outcome::Accepted { remote_id: remote(name) }
}

fn ambiguous() -> Outcome {
    Outcome::Ambiguous { reason: SendReason::NoAnswer, next_at: Some(at(5 * MINUTE)) }
}

/// Sent without an answer, looked for in vain, sent again by the user.
fn sent_again(desk: &Desk) -> MessageId {
    let message = desk.enqueue(0, "one", NOW);
    let attempt = desk.begin(message, NOW);
    desk.finish(message, attempt, &ambiguous(), at(SECOND));
    for fresh in [3, 6] {
        fresh_read(&desk.connection, desk.account, None, at(fresh * MINUTE), at(fresh * MINUTE)).unwrap();
    }
    desk.decide(message, SendDecision::SendAgain, at(HOUR)).unwrap();
    message
}
