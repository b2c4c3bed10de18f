//! What waits in a backup may have been sent since: nothing of it is sent by itself.

use std::path::Path;

use backscroll_model::*;
use backscroll_store::{
    Access, Arrival, Store, StoreError, backup,
    outbox::{self, Answer, Outcome, Start, begin_attempt, decide, enqueue_text, finish_attempt, progress},
};

use crate::filled::*;

/// A message in each state that a backup can hold.
struct Sent {
    account: AccountId,
    queued: MessageId,
    held: MessageId,
    scheduled: MessageId,
    sending: MessageId,
    failed: MessageId,
    unknown: MessageId,
    accepted: MessageId,
}

fn conversation(store: &Store, chat: usize) -> ConversationId {
    run(store.read(move |c| {
        Ok(c.query_row("SELECT id FROM conversation WHERE remote_id = ?1", [format!("chat-{chat}")], |row| row.get(0))
            .map(ConversationId)?)
    }))
    .unwrap()
}

fn enqueue(store: &Store, chat: usize, text: &'static str, start: Start) -> MessageId {
    let id = conversation(store, chat);
    run(store.write_durable(move |tx| enqueue_text(tx, id, text, &format!("ref {text}"), NOW, start))).unwrap().message
}

fn attempt(store: &Store, message: MessageId, outcome: Option<Outcome>) {
    run(store.write_durable(move |tx| {
        let (attempt, _) = begin_attempt(tx, message, 1, NOW)?;
        if let Some(outcome) = &outcome {
            finish_attempt(tx, message, attempt, outcome, &Answer::default(), NOW)?;
        }
        Ok(())
    }))
    .unwrap();
}

fn send_all(store: &Store) -> Sent {
    let account = fill(store);
    let sent = Sent {
        account,
        queued: enqueue(store, 0, "queued", Start::Now),
        held: enqueue(store, 1, "held", Start::Held(NOW.plus(3 * SECOND))),
        scheduled: enqueue(store, 2, "scheduled", Start::At(NOW.plus(2 * DAY))),
        sending: enqueue(store, 3, "sending", Start::Now),
        failed: enqueue(store, 4, "failed", Start::Now),
        unknown: enqueue(store, 5, "unknown", Start::Now),
        accepted: enqueue(store, 6, "accepted", Start::Now),
    };
    attempt(store, sent.sending, None);
    attempt(store, sent.failed, Some(Outcome::Refused { reason: SendReason::Recipient }));
    attempt(store, sent.unknown, Some(Outcome::Ambiguous { reason: SendReason::NoAnswer, next_at: None }));
    attempt(store, sent.accepted, Some(Outcome::Accepted { remote_id: "sent-already".into() }));
    sent
}

fn state(store: &Store, message: MessageId) -> (SendState, Option<SendReason>) {
    let progress = run(store.read(move |c| progress(c, message))).unwrap().unwrap();
    (progress.state, progress.reason)
}

fn restored(folder: &Path, later: Timestamp) -> Store {
    let made = back_up(folder, NOW).unwrap();
    backup::restore(folder, &made.path, later).unwrap();
    Store::open(folder, Access::Write, later).unwrap()
}

#[test]
fn nothing_of_a_backup_is_sent_by_itself_however_long_one_waits() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    let sent = send_all(&store);
    let made = back_up(folder.path(), NOW).unwrap();
    // Since then all of it was sent.
    for message in [sent.queued, sent.held] {
        run(store.write_durable(move |tx| {
            tx.execute("UPDATE part SET reason = NULL, next_at = NULL WHERE message = ?1", [message.0])?;
            Ok(())
        }))
        .unwrap();
        attempt(&store, message, Some(Outcome::Accepted { remote_id: format!("r {message}").as_str().into() }));
    }
    let later = NOW.plus(HOUR);
    let told = backup::restore(folder.path(), &made.path, later).unwrap();
    assert_eq!(told.unsure, 6);
    close(store);
    let store = Store::open(folder.path(), Access::Write, later).unwrap();
    for message in [sent.queued, sent.held, sent.scheduled, sent.sending, sent.failed] {
        assert_eq!(state(&store, message), (SendState::Unknown, Some(SendReason::Restored)), "{message}");
    }
    assert_eq!(state(&store, sent.unknown).0, SendState::Unknown);
    assert_eq!(state(&store, sent.accepted).0, SendState::Accepted);
    let account = sent.account;
    for at in [later, later.plus(HOUR), later.plus(3 * DAY), later.plus(400 * DAY)] {
        let turn = run(store.write_durable(move |tx| {
            outbox::hold_back_old(tx, account, at)?;
            outbox::sending_found_at_start(tx, at, at.plus(5 * MINUTE))?;
            outbox::set_waiting(tx, account, None, None)?;
            outbox::next_sendable(tx, account, at)
        }))
        .unwrap();
        assert_eq!(turn, outbox::Turn::default());
    }
    // Nor by a button that promises to be safe.
    for message in [sent.queued, sent.held, sent.scheduled, sent.sending, sent.failed, sent.unknown] {
        for decision in [SendDecision::Retry, SendDecision::SendNow, SendDecision::SendAgain] {
            let refused = run(store.write_durable(move |tx| decide(tx, message, decision, later)));
            assert!(matches!(refused, Err(StoreError::Transition { .. })), "{message} {decision:?}");
        }
    }
    close(store);
    assert_sound(folder.path());
}

#[test]
fn what_was_sent_since_is_recognised_when_it_is_read_and_the_rest_is_asked() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    let sent = send_all(&store);
    let later = NOW.plus(HOUR);
    close(store);
    let store = restored(folder.path(), later);
    let account = sent.account;
    // Sent ten minutes after the backup was made.
    let echo = |chat, text| page(chat, vec![seen(&format!("e-{chat}"), Direction::Out, NOW.plus(10 * MINUTE), text)]);
    let pages = vec![echo(0, "queued"), echo(3, "sending"), echo(4, "failed")];
    run(store.apply(account, pages, ApplyAt(later).into(), |_| {})).unwrap();
    for message in [sent.queued, sent.sending, sent.failed] {
        assert_eq!(state(&store, message).0, SendState::Accepted, "{message}");
    }
    for n in 1..=2 {
        let at = later.plus(n * 5 * MINUTE);
        run(store.write_user(move |tx| outbox::fresh_read(tx, account, None, at, at))).unwrap();
    }
    for message in [sent.held, sent.scheduled, sent.unknown] {
        assert_eq!(state(&store, message), (SendState::NeedsReview, Some(SendReason::NotFound)), "{message}");
    }
    close(store);
}

struct ApplyAt(Timestamp);

impl From<ApplyAt> for backscroll_store::ApplyContext {
    fn from(at: ApplyAt) -> Self {
        Self { now: at.0, ..context(Arrival::Live) }
    }
}

#[test]
fn the_backup_that_takes_the_place_of_a_damaged_history_sends_nothing_either() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    let sent = send_all(&store);
    back_up(folder.path(), NOW).unwrap();
    close(store);
    std::fs::write(folder.path().join(backscroll_store::DATABASE_FILE), [0x55; 9_000]).unwrap();
    let store = Store::open(folder.path(), Access::Write, NOW.plus(HOUR)).unwrap();
    assert_eq!(store.restored().unwrap().unsure, 6);
    assert_eq!(state(&store, sent.queued), (SendState::Unknown, Some(SendReason::Restored)));
    let account = sent.account;
    let turn = run(store.read(move |c| outbox::next_sendable(c, account, NOW.plus(3 * DAY)))).unwrap();
    assert_eq!(turn, outbox::Turn::default());
    close(store);
}
