//! Reads: one call, or a walk by conversation when the mixed list passes the cap (`reliability.md`, network).
//!
//! A walk may need more calls than the rate limit leaves. It then stops as `unfinished` and the next read of the same
//! list goes on where it stopped, instead of downloading the oversized list again.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Mutex;

use backscroll_model::{ConversationEvents, Page, Platform, Quota, RemoteId, Skipped};
use serde::Deserialize;
use tokio::sync::mpsc;

use super::body::{self, Body, Broken};
use super::client::{As, Ayrshare, path_word, status_word};
use super::cursor::Cursor;
use super::normalize::{self, Asked};
use super::refusal::Refusal;
use super::wire;
use crate::http::Facts;
use crate::loose::{self, Raw};
use crate::{AdapterError, Kind, Read, ReadDone};

/// A walk stops when this share of the period is used, so that sending is never locked out.
const WALK_PERCENT: u64 = 80;

/// Conversations that a walk has still to read, by list.
#[derive(Debug, Default)]
pub(super) struct Walks(Mutex<BTreeMap<(Platform, bool), VecDeque<RemoteId>>>);

impl Walks {
    fn take(&self, list: (Platform, bool)) -> Option<VecDeque<RemoteId>> {
        self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner).remove(&list)
    }

    fn keep(&self, list: (Platform, bool), rest: VecDeque<RemoteId>) {
        if !rest.is_empty() {
            self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner).insert(list, rest);
        }
    }
}

/// One read of messages.
#[derive(Debug, Clone, Copy)]
struct Question<'a> {
    platform: Platform,
    archived: bool,
    conversation: Option<&'a RemoteId>,
    limit: Option<u32>,
    next: Option<&'a str>,
}

/// What was read, before it is cut into pages.
struct Listed {
    conversations: Vec<ConversationEvents>,
    skipped: Vec<Skipped>,
    done: ReadDone,
}

impl Ayrshare {
    pub(super) async fn read_pages(&self, read: &Read, out: mpsc::Sender<Page>) -> Result<ReadDone, AdapterError> {
        match read {
            Read::Conversations { platform, archived } => {
                let listed = self.list_conversations(*platform, *archived).await?;
                Ok(self.emit(listed, true, &out).await.0)
            }
            Read::Messages { platform, archived, conversation, limit, next } => {
                let is_x = *platform == Platform::X;
                let question = Question {
                    platform: *platform,
                    archived: *archived,
                    conversation: conversation.as_ref(),
                    // Only X knows them (quirk 25).
                    limit: limit.filter(|_| is_x).map(|limit| limit.clamp(1, 100)),
                    next: next.as_deref().filter(|_| is_x),
                };
                self.read_messages(question, out).await
            }
            Read::Recent { .. } | Read::Person { .. } | Read::Ids { .. } | Read::Profile { .. } => {
                Err(AdapterError::unsupported())
            }
        }
    }

    async fn read_messages(&self, question: Question<'_>, out: mpsc::Sender<Page>) -> Result<ReadDone, AdapterError> {
        let list = (question.platform, question.archived);
        let mixed = question.conversation.is_none() && question.limit.is_none() && question.next.is_none();
        if mixed && let Some(rest) = self.walks.take(list) {
            return self.walk(list, rest, ReadDone::default(), &out).await;
        }
        match self.list_messages(question).await {
            Ok(listed) => Ok(self.emit(listed, mixed, &out).await.0),
            Err(error) if mixed && error.kind == Kind::TooLarge => {
                tracing::info!(platform = list.0.as_str(), "the mixed list is too large: reading by conversation");
                let listed = self.list_conversations(list.0, list.1).await?;
                let rest = listed.conversations.iter().map(|c| c.remote_id.clone()).collect();
                let (mut done, _) = self.emit(listed, true, &out).await;
                done.calls += 1;
                // How fresh the messages are is said by each conversation's own answer.
                (done.fresh_at, done.next_update) = (None, None);
                self.walk(list, rest, done, &out).await
            }
            Err(error) => Err(error),
        }
    }

    /// Reads conversation after conversation.
    async fn walk(
        &self,
        list: (Platform, bool),
        mut rest: VecDeque<RemoteId>,
        mut done: ReadDone,
        out: &mpsc::Sender<Page>,
    ) -> Result<ReadDone, AdapterError> {
        while let Some(conversation) = rest.front() {
            if done.calls > 1 && done.quota.is_some_and(is_mostly_used) {
                self.walks.keep(list, rest);
                // What was not read is not fresh.
                return Ok(ReadDone { fresh_at: None, next_update: None, unfinished: true, ..done });
            }
            let question = Question {
                platform: list.0,
                archived: list.1,
                conversation: Some(conversation),
                limit: None,
                next: None,
            };
            let listed = match self.list_messages(question).await {
                Ok(listed) => listed,
                Err(error) if matches!(error.kind, Kind::TooLarge | Kind::NotFound | Kind::Rejected) => {
                    let why = format!("could not be read on its own: {:?}", error.kind);
                    let skipped = vec![Skipped { what: "conversation".to_owned(), why }];
                    let done = ReadDone { calls: 1, server_time: error.server_time, ..ReadDone::default() };
                    Listed { conversations: Vec::new(), skipped, done }
                }
                Err(error) => {
                    self.walks.keep(list, rest);
                    return Err(error);
                }
            };
            let (step, heard) = self.emit(listed, false, out).await;
            done = joined(done, step);
            if !heard {
                self.walks.keep(list, rest);
                return Ok(done);
            }
            rest.pop_front();
        }
        Ok(done)
    }

    /// One call for variant A.
    async fn list_messages(&self, question: Question<'_>) -> Result<Listed, AdapterError> {
        let cursor = question.next.map(Cursor::read);
        let limit = question.limit.map(|limit| limit.to_string());
        let mut query = vec![("status", status_word(question.archived))];
        query.extend(question.conversation.map(|id| ("conversationId", id.as_str())));
        query.extend(limit.as_deref().map(|limit| ("limit", limit)));
        query.extend(cursor.as_ref().map(|cursor| ("next", cursor.next.as_str())));
        let (mut body, mut done) = self.call(question.platform, &query).await?;

        let is_success = text_is(body.status.as_deref(), "success");
        let items = match body.messages.take() {
            Some(items) => items,
            // An inbox without messages may come without the list.
            None if is_success => Vec::new(),
            None => return Err(self.nonsense("no list of messages", &done)),
        };
        let next = next_cursor(body.meta.as_deref());
        let asked = Asked {
            platform: Some(question.platform),
            archived: question.archived,
            conversation: question.conversation.cloned(),
            limited: question.limit.is_some(),
            cursor,
        };
        let (fresh_at, more) = (done.fresh_at, next.is_some());
        // Up to 64 MB of items: not on a thread that others wait for.
        let messages = tokio::task::spawn_blocking(move || normalize::messages(items, &asked, fresh_at, more))
            .await
            .map_err(|_| self.nonsense("the items could not be read", &done))?;
        done.messages = messages.listed;
        done.next = next.map(|next| Cursor { top: messages.top, next }.write());
        Ok(Listed { conversations: messages.conversations, skipped: messages.skipped, done })
    }

    /// One call for variant B.
    async fn list_conversations(&self, platform: Platform, archived: bool) -> Result<Listed, AdapterError> {
        let query = [("status", status_word(archived)), ("conversationsOnly", "true")];
        let (body, done) = self.call(platform, &query).await?;
        if body.conversation_ids.is_none() && body.details.is_none() && !text_is(body.status.as_deref(), "success") {
            return Err(self.nonsense("no list of conversations", &done));
        }
        let ids = body.conversation_ids.unwrap_or_default();
        let details = body.details.unwrap_or_default();
        let (conversations, skipped) = normalize::conversations(&ids, &details, archived);
        Ok(Listed { conversations, skipped, done })
    }

    async fn call(&self, platform: Platform, query: &[(&str, &str)]) -> Result<(Body, ReadDone), AdapterError> {
        let path = format!("/messages/{}", path_word(platform));
        let (response, facts) = self.get(&path, query, Some(platform), As::Connection).await?;
        let body = body::receive(response, self.limits.list_bytes)
            .await
            .map_err(|Broken { kind, said }| self.error(kind, Some(200), &said, facts))?;
        if let Some(refusal) = stated_error(&body) {
            return Err(self.refusal(200, Some(&refusal), "", facts, As::Connection));
        }
        let done = ReadDone {
            calls: 1,
            fresh_at: wire::time(body.last_updated.as_deref()),
            next_update: wire::time(body.next_update.as_deref()),
            quota: facts.quota,
            server_time: facts.server_time,
            ..ReadDone::default()
        };
        Ok((body, done))
    }

    fn nonsense(&self, said: &str, done: &ReadDone) -> AdapterError {
        let facts = Facts { server_time: done.server_time, ..Facts::default() };
        self.error(Kind::Decode, Some(200), said, facts)
    }

    /// Hands the pages over; the first one says how many conversations there are, if this is the `whole` list. `false`:
    /// nobody listens any more.
    async fn emit(&self, listed: Listed, whole: bool, out: &mpsc::Sender<Page>) -> (ReadDone, bool) {
        let mut total = u32::try_from(listed.conversations.len()).ok().filter(|_| whole);
        for mut page in normalize::pages(listed.conversations, listed.skipped, self.limits.page_messages) {
            page.listed = total.take();
            if out.send(page).await.is_err() {
                return (listed.done, false);
            }
        }
        (listed.done, true)
    }
}

/// A 200 that says `error`, or carries errors instead of a list (9.1).
fn stated_error(body: &Body) -> Option<Refusal> {
    let has_list = body.messages.is_some() || body.conversation_ids.is_some() || body.details.is_some();
    let refusal = Refusal::of(&body.refusal_json())?;
    (text_is(body.status.as_deref(), "error") || !has_list).then_some(refusal)
}

fn text_is(raw: Raw<'_>, word: &str) -> bool {
    loose::text(raw).is_some_and(|text| text.eq_ignore_ascii_case(word))
}

/// `meta.pagination.next`; absent, `null` and `""` mean that this was the last page.
fn next_cursor(meta: Raw<'_>) -> Option<String> {
    #[derive(Deserialize)]
    struct Meta<'a> {
        #[serde(borrow, default)]
        pagination: Raw<'a>,
    }
    #[derive(Deserialize)]
    struct Pagination<'a> {
        #[serde(borrow, default)]
        next: Raw<'a>,
    }
    let meta: Meta<'_> = serde_json::from_str(meta?.get()).ok()?;
    let pagination: Pagination<'_> = serde_json::from_str(meta.pagination?.get()).ok()?;
    loose::text(pagination.next)
}

/// A walk is as fresh as its stalest answer.
fn joined(so_far: ReadDone, step: ReadDone) -> ReadDone {
    ReadDone {
        calls: so_far.calls + step.calls,
        fresh_at: so_far.fresh_at.into_iter().chain(step.fresh_at).min(),
        next_update: so_far.next_update.into_iter().chain(step.next_update).max(),
        next: None,
        messages: so_far.messages.saturating_add(step.messages),
        quota: step.quota.or(so_far.quota),
        server_time: step.server_time.or(so_far.server_time),
        unfinished: false,
    }
}

fn is_mostly_used(quota: Quota) -> bool {
    u64::from(quota.used) * 100 >= u64::from(quota.max) * WALK_PERCENT
}
