//! One attempt to send one message: committed, sent, classified, committed.
//!
//! Promises: the attempt is on the disk before the first byte leaves; its outcome is written until it is written.

use std::sync::Arc;

use backscroll_adapters::{AdapterError, Content, Kind, Outgoing, SendOutcome, UploadRef};
use backscroll_model::{Change, ConnectionId, ErrorCode, MINUTE, Platform, ReplyWindow, SendReason, Timestamp};
use backscroll_store::{
    self as db,
    outbox::{Answer, AttemptId, Outcome, Sendable},
};
use sha2::{Digest as _, Sha256};
use tokio_util::sync::CancellationToken;

use super::{Ended, FIRST_LOOK, READ_BACK, WRITE_AGAIN};
use crate::{
    SendPoint,
    account_task::look_again,
    errors::{health_after, store_error},
    inner::{Inner, Result},
    link::Link,
    live::Live,
    outgoing, pace,
    quiet::Busy,
    round::x,
};

/// What the user must mend at the provider is tried again this rarely.
const MENDED_ELSEWHERE: i64 = 10 * MINUTE;

/// One attempt: committed, sent, classified, committed.
pub(super) async fn send(
    inner: Arc<Inner>,
    live: Arc<Live>,
    link: Arc<Link>,
    connection: Option<ConnectionId>,
    sendable: Sendable,
    busy: Busy,
) -> Ended {
    let conversation = sendable.conversation;
    inner.clock.reached(SendPoint::Taken);
    let began = begin(&inner, &link, &sendable).await;
    let attempt = match began {
        Ok(attempt) => attempt,
        // Somebody was faster (a discard, an echo), or the disk refuses: nothing has left.
        Err(error) => {
            tracing::warn!(code = ?error.code, detail = error.detail, "an attempt to send could not begin");
            let is_taken = matches!(error.code, ErrorCode::TooLate | ErrorCode::NotFound);
            let not_before = (!is_taken).then(|| inner.now().plus(WRITE_AGAIN));
            return Ended { not_before, ..Ended::of(conversation, busy) };
        }
    };
    inner.clock.reached(SendPoint::Committed);
    link.record(sendable.platform, inner.now());
    let outcome = link
        .adapter
        .send(&Outgoing {
            platform: sendable.platform,
            conversation: sendable.conversation_remote.clone(),
            recipient: sendable.recipient.clone(),
            content: content(&sendable),
            reply_to: sendable.reply_to.clone(),
            client_ref: sendable.client_ref.clone(),
            human_agent: matches!(sendable.window, ReplyWindow::HumanOnly { .. }),
        })
        .await;
    inner.clock.reached(SendPoint::Answered);
    if let (SendOutcome::Refused(AdapterError { kind: Kind::Rejected | Kind::UploadGone, .. }), Some(connection)) =
        (&outcome, connection)
    {
        forget_uploads(&inner, connection, &sendable).await;
    }
    let (outcome, answer) = conclude(&inner, &live, &link, &sendable, outcome).await;
    if !matches!(outcome, Outcome::FilesGone | Outcome::OneByOne { .. } | Outcome::NotSent { .. }) {
        inner.outgoing.settled(sendable.message);
    }
    let look_at = matches!(outcome, Outcome::Ambiguous { .. }).then(|| inner.now().plus(FIRST_LOOK));
    let is_lost = !finish(&inner, &link, &sendable, attempt, outcome, answer).await;
    inner.clock.reached(SendPoint::Written);
    Ended { look_at, is_lost, ..Ended::of(conversation, busy) }
}

fn content(sendable: &Sendable) -> Content {
    match sendable.files.first() {
        None => Content::Text(sendable.text.clone().unwrap_or_default()),
        Some(first) => Content::Files {
            refs: sendable.files.iter().filter_map(|file| file.reference.clone()).map(UploadRef).collect(),
            kind: first.kind,
            text: sendable.text.clone(),
        },
    }
}

/// A refusal that names nothing else (window, person, permission) may mean that the provider knows the file no more:
/// trying again uploads it again.
async fn forget_uploads(inner: &Inner, connection: ConnectionId, sendable: &Sendable) {
    if sendable.files.is_empty() {
        return;
    }
    let (platform, files) = (sendable.platform, sendable.files.clone());
    let forgotten = inner.store.write_user(move |tx| {
        let mut named = files.iter().filter_map(|file| Some((file.sha256, file.reference.as_deref()?)));
        named.try_for_each(|(sha256, known)| db::outgoing::forget_upload(tx, connection, platform, sha256, known))
    });
    if let Err(error) = forgotten.await {
        tracing::warn!(%error, "uploads could not be forgotten");
    }
}

/// Brings the files of a message to the provider; its turn to be sent comes after that.
pub(super) async fn upload(
    inner: Arc<Inner>,
    live: Arc<Live>,
    link: Arc<Link>,
    connection: ConnectionId,
    sendable: Sendable,
    cancel: CancellationToken,
    busy: Busy,
) -> Ended {
    let (conversation, message) = (sendable.conversation, sendable.message);
    let now = link.corrected(inner.now());
    let began = inner.store.write_durable(move |tx| db::outbox::begin_upload(tx, message, now)).await;
    match began {
        Ok(changes) => inner.publish(changes),
        Err(db::StoreError::Transition { .. } | db::StoreError::NotFound(_)) => return Ended::of(conversation, busy),
        Err(error) => {
            tracing::warn!(%error, "an upload could not begin");
            let not_before = Some(inner.now().plus(WRITE_AGAIN));
            return Ended { not_before, ..Ended::of(conversation, busy) };
        }
    }
    inner.clock.reached(SendPoint::Uploading);
    let came = outgoing::upload(&inner, &link, connection, &sendable, cancel).await;
    let outcome = came.outcome(
        inner.now().plus(WRITE_AGAIN),
        |error| outgoing::said(&inner, &sendable, error),
        |error, failures| {
            let now = inner.now();
            let until = link.heard_error(sendable.platform, now, error);
            not_sent(&inner, &live, error, until, failures, now)
        },
    );
    let now = link.corrected(inner.now());
    let written = inner.store.write_durable(move |tx| db::outbox::finish_upload(tx, message, &outcome, now)).await;
    let mut ended = Ended::of(conversation, busy);
    match written {
        Ok(changes) => inner.publish(changes),
        // The user took it away meanwhile.
        Err(db::StoreError::Transition { .. } | db::StoreError::NotFound(_)) => {}
        Err(error) => {
            tracing::error!(%error, "what came of an upload could not be written");
            (ended.is_lost, ended.not_before) = (true, Some(inner.now().plus(WRITE_AGAIN)));
        }
    }
    ended
}

async fn begin(inner: &Inner, link: &Link, sendable: &Sendable) -> Result<AttemptId> {
    let now = link.corrected(inner.now());
    let message = sendable.message;
    let hash = body_hash(sendable);
    let (attempt, changes) = inner
        .store
        .write_durable(move |tx| db::outbox::begin_attempt(tx, message, hash, now))
        .await
        .map_err(|e| store_error(&e))?;
    inner.publish(changes);
    Ok(attempt)
}

/// Identifies what was sent without keeping it a second time.
fn body_hash(sendable: &Sendable) -> u64 {
    let recipient = sendable.recipient.as_ref().map_or("", |r| r.as_str());
    let digest = Sha256::new()
        .chain_update(recipient)
        .chain_update([0])
        .chain_update(sendable.conversation_remote.as_str())
        .chain_update([0])
        .chain_update(sendable.text.as_deref().unwrap_or_default());
    let digest = sendable.files.iter().fold(digest, |digest, file| digest.chain_update(file.sha256)).finalize();
    digest.iter().take(8).fold(0, |hash, byte| hash << 8 | u64::from(*byte))
}

/// What an outcome means for the row, the link and the account.
async fn conclude(
    inner: &Inner,
    live: &Live,
    link: &Link,
    sendable: &Sendable,
    outcome: SendOutcome,
) -> (Outcome, Answer) {
    let now = inner.now();
    let billed = matches!(outcome, SendOutcome::Accepted { .. } | SendOutcome::Ambiguous(_));
    if billed && sendable.platform == Platform::X {
        let (id, at) = (live.id, link.corrected(now));
        let spent = inner.store.write_user(move |tx| db::add_x_spend(tx, id, at, x::SEND_MILLICENTS)).await;
        if let Err(error) = spent {
            tracing::warn!(%error, "what a send to X cost could not be kept");
        }
    }
    match outcome {
        SendOutcome::Accepted { remote_id, server_time } => {
            link.heard_time(now, server_time);
            (Outcome::Accepted { remote_id }, Answer { http_status: Some(200), detail: None })
        }
        SendOutcome::NotSent(error) => {
            let until = link.heard_error(sendable.platform, now, &error);
            let (reason, next_at) = not_sent(inner, live, &error, until, sendable.attempts, now);
            (Outcome::NotSent { reason, next_at }, answer_of(&error))
        }
        SendOutcome::Refused(error) => {
            link.heard_time(now, error.server_time);
            let outcome = match error.kind {
                Kind::UploadGone if inner.outgoing.uploads_again(sendable) => Outcome::FilesGone,
                Kind::OneByOne => {
                    live.state().one_by_one = true;
                    Outcome::OneByOne { client_refs: sendable.files.iter().skip(1).map(|_| client_ref()).collect() }
                }
                _ => Outcome::Refused { reason: refused(&error) },
            };
            (outcome, answer_of(&error))
        }
        SendOutcome::Ambiguous(error) => {
            link.heard_time(now, error.server_time);
            let reason = match error.kind {
                Kind::Network => SendReason::NoAnswer,
                _ => SendReason::UnclearAnswer,
            };
            (Outcome::Ambiguous { reason, next_at: Some(now.plus(READ_BACK)) }, answer_of(&error))
        }
    }
}

/// Why a message that is proven not sent waits, and until when.
fn not_sent(
    inner: &Inner,
    live: &Live,
    error: &AdapterError,
    until: Option<Timestamp>,
    attempts: u32,
    now: Timestamp,
) -> (SendReason, Option<Timestamp>) {
    let backoff = now.plus(pace::pause(attempts.saturating_add(1), inner.jitter()));
    match &error.kind {
        // The last two are an upload's alone: a send that met them is not known.
        Kind::Connect | Kind::Network | Kind::Server | Kind::Decode => (SendReason::Offline, Some(backoff)),
        Kind::RateLimited { .. } => (SendReason::RateLimited, until.or(Some(backoff))),
        _ => {
            // The account's banner says what to mend; the queue waits for it.
            let mut state = live.state();
            let since = *state.failing_since.get_or_insert(now);
            let health = health_after(error, since, now.plus(MENDED_ELSEWHERE));
            if !health.heals_itself() {
                state.look_again = look_again(&health, now);
                state.health = health;
                drop(state);
                inner.publish(vec![Change::Account { id: live.id }]);
            }
            (SendReason::Paused, Some(now.plus(MENDED_ELSEWHERE)))
        }
    }
}

fn refused(error: &AdapterError) -> SendReason {
    match &error.kind {
        Kind::WindowClosed => SendReason::WindowClosed,
        Kind::Recipient => SendReason::Recipient,
        Kind::Permission { .. } => SendReason::Permission,
        Kind::NotOwner => SendReason::OtherAppsThread,
        Kind::Restricted => SendReason::Restricted,
        _ => SendReason::Rejected { said: error.said.clone() },
    }
}

fn answer_of(error: &AdapterError) -> Answer {
    let detail = match &error.code {
        Some(code) => format!("{code}: {}", error.said),
        None => error.said.clone(),
    };
    Answer { http_status: error.http_status, detail: Some(detail).filter(|d| !d.is_empty()) }
}

/// What is planted in a request, where the provider returns it.
pub(crate) fn client_ref() -> String {
    hex::encode(rand::random::<[u8; 12]>())
}

/// Writes an outcome until it is written: a full disk must not make a sent message unknown. `false`: it cannot be.
async fn finish(
    inner: &Inner,
    link: &Link,
    sendable: &Sendable,
    attempt: AttemptId,
    outcome: Outcome,
    answer: Answer,
) -> bool {
    let message = sendable.message;
    let now = link.corrected(inner.now());
    loop {
        let (outcome, answer) = (outcome.clone(), answer.clone());
        let written = inner
            .store
            .write_durable(move |tx| db::outbox::finish_attempt(tx, message, attempt, &outcome, &answer, now))
            .await;
        match written {
            Ok(changes) => {
                inner.publish(changes);
                return true;
            }
            Err(db::StoreError::Busy | db::StoreError::Full | db::StoreError::ReadOnly | db::StoreError::Io(_)) => {
                tracing::error!("the outcome of a send could not be written yet");
                let _rest = inner.quiet.rest();
                inner.sleep_until(inner.now().plus(WRITE_AGAIN)).await;
            }
            Err(error) => {
                tracing::error!(%error, "the outcome of a send could not be written");
                return false;
            }
        }
    }
}
