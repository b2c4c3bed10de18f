//! Sending: what is refused before it is queued, and the user's decisions afterwards.

use backscroll_model::{
    AttachRules, ConversationId, ErrorCode, FileState, LedgerEntry, LedgerPage, MarkRead, Message, MessageId,
    OutgoingFileId, OutgoingKind, Place, Provider, ReplyWindow, SendDecision, SendRequest, SplitError, Timestamp,
    UserError, split,
};
use backscroll_store::{
    self as db,
    outbox::{NewPart, Start},
};

use super::Inbox;
use crate::{
    errors::{store_error, user_error},
    inner::Result,
    notify,
    outbox::client_ref,
};

/// The furthest time for which a message can be scheduled: a year.
const LATEST: i64 = 366 * backscroll_model::DAY;

impl Inbox {
    /// Queues a text. Answers the message row as soon as it is committed.
    ///
    /// # Errors
    ///
    /// As [`Self::send`].
    pub async fn send_text(&self, conversation: ConversationId, text: String) -> Result<Message> {
        let sent = self.send(conversation, SendRequest { text, ..SendRequest::default() }).await?;
        sent.into_iter().next().ok_or_else(|| user_error(ErrorCode::Internal, "nothing was queued"))
    }

    /// Queues text and files, as the messages that the platform makes of them. Answers their rows as soon as they are
    /// committed.
    ///
    /// # Errors
    ///
    /// `BadText` if there is neither text nor a file, or the text does not fit the platform, or is needed beside a file;
    /// `BadFile` for files that are not ready, too many, or of a kind that cannot be sent here; `BadInput` for a time that
    /// has passed; `WindowClosed` where the platform is certain to refuse, or something planned would pass a window;
    /// `Disconnected`, `NotFound`, and those of the history.
    pub async fn send(&self, conversation: ConversationId, request: SendRequest) -> Result<Vec<Message>> {
        self.0.may_write()?;
        let SendRequest { text, files, reply_to, send_at } = request;
        let text = Some(text).filter(|text| !text.trim().is_empty());
        if text.is_none() && files.is_empty() {
            return Err(user_error(ErrorCode::BadText, "there is nothing to send"));
        }
        let now = self.0.now();
        let row = self.0.read(move |c| db::conversation(c, conversation, now)).await?;
        let limit = row.platform.text_limit();
        if let Some(text) = text.as_ref().filter(|text| !limit.fits(text)) {
            return Err(user_error(ErrorCode::BadText, format!("{} of {}", limit.size(text), limit.max)));
        }
        let account = self.0.account(row.account).await?;
        // A conversation that only a download told has no address at the provider.
        let Some(connection) = account.connection.filter(|_| !row.remote_id.is_imported()) else {
            return Err(user_error(ErrorCode::Disconnected, "the account has no connection"));
        };
        let corrected = self.0.open_link(connection).map_or(now, |link| link.corrected(now));
        // Windows are the provider's: a computer whose clock is wrong neither opens nor closes one.
        let window = self.0.read(move |c| db::conversation(c, conversation, corrected)).await?.window;
        if let ReplyWindow::Closed { .. } = window {
            return Err(user_error(ErrorCode::WindowClosed, "the reply window is closed"));
        }
        let start = self.start_at(now, corrected, send_at, window)?;
        let mut rules = AttachRules::of(account.provider.unwrap_or(Provider::Ayrshare), row.platform);
        if self.0.live(row.account).is_some_and(|live| live.state().one_by_one) {
            rules.images = rules.images.min(1);
        }
        let reads_it = self.0.settings().mark_read == MarkRead::OnReply && send_at.is_none();
        let queued = self.0.store.write_durable(move |tx| {
            let kinds = match kinds(tx, conversation, &files)? {
                Ok(kinds) => kinds,
                Err(refused) => return Ok(Err(refused)),
            };
            let parts = match split(rules, &kinds, text.is_some()) {
                Ok(parts) => parts,
                Err(error) => return Ok(Err(split_error(error))),
            };
            let parts: Vec<NewPart> = parts
                .into_iter()
                .map(|part| NewPart {
                    text: text.clone().filter(|_| part.text),
                    kind: kinds.get(part.files.start).copied().filter(|_| !part.files.is_empty()),
                    files: files.get(part.files).unwrap_or_default().to_vec(),
                    client_ref: client_ref(),
                })
                .collect();
            let mut queued = db::outbox::enqueue(tx, conversation, &parts, reply_to.as_ref(), corrected, start)?;
            if reads_it {
                queued.changes.extend(db::mark_read(tx, conversation, queued.message)?);
            }
            Ok(Ok((db::messages_by_ids(tx, &queued.messages)?, queued.changes)))
        });
        let (messages, changes) = queued.await.map_err(|e| store_error(&e))??;
        self.0.publish(changes);
        if self.0.is_running()
            && let Some(live) = self.0.live(row.account)
        {
            live.sender.call();
        }
        notify::close_settled(&self.0, &[conversation]).await?;
        Ok(messages)
    }

    /// When it may leave; what is for later must have a window that is open then.
    fn start_at(
        &self,
        now: Timestamp,
        corrected: Timestamp,
        send_at: Option<Timestamp>,
        window: ReplyWindow,
    ) -> Result<Start> {
        let Some(at) = send_at else {
            return Ok(self.0.settings().hold.ms().map_or(Start::Now, |ms| Start::Held(now.plus(ms))));
        };
        check_time(now, at)?;
        if window.is_open_at(at.plus(corrected.since(now))) {
            Ok(Start::At(at))
        } else {
            Err(user_error(ErrorCode::WindowClosed, "the reply window will not be open then"))
        }
    }

    /// Puts what is scheduled, or was missed, to another time.
    ///
    /// # Errors
    ///
    /// `BadInput` for a time that has passed, `TooLate` if it left already, `NotFound`, and those of the history.
    pub async fn reschedule(&self, message: MessageId, send_at: Timestamp) -> Result<()> {
        self.0.may_write()?;
        check_time(self.0.now(), send_at)?;
        let (account, changes) = self
            .0
            .store
            .write_durable(move |tx| {
                let changes = db::outbox::reschedule(tx, message, send_at)?;
                Ok((db::outbox::account_of(tx, message)?, changes))
            })
            .await
            .map_err(|e| store_error(&e))?;
        self.0.publish(changes);
        if let Some(live) = self.0.live(account).filter(|_| self.0.is_running()) {
            live.sender.call();
        }
        Ok(())
    }

    /// Everything that was sent or shall be, newest first, of one conversation or of all; `limit` at most 200.
    ///
    /// # Errors
    ///
    /// `BadInput` for a place that is none, and those of the history.
    pub async fn ledger(
        &self,
        conversation: Option<ConversationId>,
        after: Option<Place>,
        limit: u32,
    ) -> Result<LedgerPage> {
        let limit = limit.clamp(1, 200);
        self.0.read(move |c| db::outbox::ledger(c, conversation, after.as_ref(), limit)).await
    }

    /// What a conversation has for later and what missed its time, soonest first.
    ///
    /// # Errors
    ///
    /// Those of the history.
    pub async fn planned(&self, conversation: ConversationId) -> Result<Vec<LedgerEntry>> {
        self.0.read(move |c| db::outbox::planned(c, conversation)).await
    }

    /// The user's decision about an own message that is stuck.
    ///
    /// # Errors
    ///
    /// `TooLate` if it no longer fits, `NotFound`, and those of the history.
    pub async fn decide(&self, message: MessageId, decision: SendDecision) -> Result<()> {
        self.0.may_write()?;
        let now = self.0.now();
        let (account, conversation) = self
            .0
            .read(move |c| {
                let held = db::messages_by_ids(c, &[message])?.pop().ok_or(db::StoreError::NotFound("message"))?;
                Ok((db::outbox::account_of(c, message)?, held.conversation))
            })
            .await?;
        let live = self.0.live(account);
        let link = live.as_ref().and_then(|l| l.state().connection).and_then(|id| self.0.open_link(id));
        let corrected = link.map_or(now, |link| link.corrected(now));
        let decided = self
            .0
            .store
            .write_durable(move |tx| db::outbox::decide(tx, message, decision, corrected))
            .await
            .map_err(|e| store_error(&e))?;
        if matches!(decision, SendDecision::Discard | SendDecision::Edit) {
            self.0.outgoing.cancel(message);
        }
        self.0.publish(decided.changes);
        if let Some(live) = live.filter(|_| self.0.is_running()) {
            if decision == SendDecision::CheckAgain {
                live.state().check_now.insert(conversation);
            }
            live.sender.call();
        }
        Ok(())
    }
}

fn check_time(now: Timestamp, at: Timestamp) -> Result<()> {
    if at <= now || at.since(now) > LATEST {
        return Err(user_error(ErrorCode::BadInput, "that time has passed, or is too far away"));
    }
    Ok(())
}

/// What the files are, if all of them are ready in the draft.
fn kinds(
    connection: &rusqlite::Connection,
    conversation: ConversationId,
    ids: &[OutgoingFileId],
) -> db::Result<Result<Vec<OutgoingKind>>> {
    let held = db::outgoing::files(connection, conversation)?;
    let mut kinds = Vec::new();
    for (n, id) in ids.iter().enumerate() {
        let file = held.iter().find(|file| file.id == *id && file.state == FileState::Ready);
        match file.and_then(|file| file.kind) {
            Some(kind) if !ids.iter().take(n).any(|earlier| earlier == id) => kinds.push(kind),
            _ => return Ok(Err(user_error(ErrorCode::BadFile, "a file is not ready"))),
        }
    }
    Ok(Ok(kinds))
}

fn split_error(error: SplitError) -> UserError {
    let code = match error {
        SplitError::Empty | SplitError::TextNeeded => ErrorCode::BadText,
        SplitError::TooMany { .. } | SplitError::Kind(_) => ErrorCode::BadFile,
    };
    user_error(code, error.to_string())
}
