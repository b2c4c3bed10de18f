//! Reads: one question each. More than one call is made only where Graph turns a question away that can be put more
//! modestly: without a field that it lacks, or for less at once ([`super::fields`]), also where its answer is more than
//! is taken in.

use std::collections::BTreeSet;

use backscroll_model::{ConversationEvents, Event, Page, Platform, RemoteId};
use tokio::sync::mpsc;

use super::client::{Ask, Meta, local};
use super::cursor::Cursor;
use super::fields::{List, Plan};
use super::normalize::{self, Asked, Listed};
use super::refusal::Refusal;
use crate::{AdapterError, Kind, Read, ReadDone};

/// Messages that come with each conversation (2.4). Instagram gives details of the newest 20 only, so all of them;
/// Messenger pages on.
const NESTED_INSTAGRAM: u32 = 20;
const NESTED_MESSENGER: u32 = 10;
/// Messages of one page of a conversation at Messenger, unless the caller says otherwise.
const PAGE: u32 = 50;
/// Ids of one page.
const IDS: u32 = 100;
/// The largest page that public clients have used (2.1, 3).
const LARGEST: u32 = 100;
/// Conversations a page, at most: with 20 messages each they are some 2 MB.
const CONVERSATIONS: u32 = 50;
/// Calls of one read: every field left out, and the page cut down to one, is fewer.
const TRIES: u32 = 40;

/// A question.
struct Question<'a> {
    list: List,
    platform: Platform,
    path: &'a [&'a str],
    /// Beside `fields`, `limit` and `after`.
    query: &'a [(&'a str, &'a str)],
    limit: u32,
    next: Option<&'a str>,
}

impl Meta {
    /// Fields that this version of Graph turned out to lack, or was known to lack: to be given to the next
    /// [`MetaConfig`](super::MetaConfig) of the same version.
    pub fn dropped_fields(&self) -> BTreeSet<String> {
        self.memory.missing()
    }

    pub(super) async fn read_pages(&self, read: &Read, out: &mpsc::Sender<Page>) -> Result<ReadDone, AdapterError> {
        match read {
            Read::Recent { platform, limit, next } => {
                let limit = (*limit).clamp(1, CONVERSATIONS);
                self.conversations(*platform, limit, None, next.as_deref(), out).await
            }
            Read::Person { platform, person } => self.conversations(*platform, 1, Some(person), None, out).await,
            Read::Messages { platform, archived: false, conversation: Some(conversation), limit, next } => {
                let largest = if *platform == Platform::Instagram { NESTED_INSTAGRAM } else { LARGEST };
                let limit = limit.unwrap_or(PAGE).clamp(1, largest);
                self.messages(List::Messages, *platform, conversation, limit, next.as_deref(), out).await
            }
            Read::Ids { platform, conversation, next } => {
                self.messages(List::Ids, *platform, conversation, IDS, next.as_deref(), out).await
            }
            Read::Profile { platform, conversation, person } => self.person(*platform, conversation, person, out).await,
            Read::Messages { .. } | Read::Conversations { .. } => Err(AdapterError::unsupported()),
        }
    }

    /// The ids of the business on `platform`.
    fn ours(&self, platform: Platform) -> Result<Vec<RemoteId>, AdapterError> {
        let page = self.page()?.clone();
        match (platform, &self.config.instagram) {
            (Platform::X, _) => Err(AdapterError::unsupported()),
            (Platform::Messenger, _) => Ok(vec![page]),
            (Platform::Instagram, Some(instagram)) => Ok(vec![page, instagram.clone()]),
            (Platform::Instagram, None) => Err(local(Kind::NotLinked, "no Instagram account is linked to the Page")),
        }
    }

    async fn conversations(
        &self,
        platform: Platform,
        limit: u32,
        person: Option<&RemoteId>,
        next: Option<&str>,
        out: &mpsc::Sender<Page>,
    ) -> Result<ReadDone, AdapterError> {
        self.ours(platform)?;
        let page = self.page()?.as_str();
        let mut query = vec![("platform", platform.as_str())];
        query.extend(person.map(|person| ("user_id", person.as_str())));
        let path = [page, "conversations"];
        let question = Question { list: List::Conversations, platform, path: &path, query: &query, limit, next };
        self.put(question, None, out).await
    }

    async fn person(
        &self,
        platform: Platform,
        conversation: &RemoteId,
        person: &RemoteId,
        out: &mpsc::Sender<Page>,
    ) -> Result<ReadDone, AdapterError> {
        let profile = self.profile(platform, person).await?;
        if let Some(seen) = profile.seen {
            let events = vec![Event::Participant(seen)];
            let remote_id = conversation.clone();
            let conversations = vec![ConversationEvents { remote_id, events, ..ConversationEvents::default() }];
            // A dropped receiver ends the read, which is over anyway.
            let _ = out.send(Page { conversations, ..Page::default() }).await;
        }
        let (quota, server_time) = (profile.facts.quota, profile.facts.server_time);
        Ok(ReadDone { calls: profile.calls, quota, server_time, ..ReadDone::default() })
    }

    async fn messages(
        &self,
        list: List,
        platform: Platform,
        conversation: &RemoteId,
        limit: u32,
        next: Option<&str>,
        out: &mpsc::Sender<Page>,
    ) -> Result<ReadDone, AdapterError> {
        let path = [conversation.as_str(), "messages"];
        let question = Question { list, platform, path: &path, query: &[], limit, next };
        self.put(question, Some(conversation), out).await
    }

    /// Puts a question, more modestly if need be, and hands on what the answer says.
    async fn put(
        &self,
        question: Question<'_>,
        conversation: Option<&RemoteId>,
        out: &mpsc::Sender<Page>,
    ) -> Result<ReadDone, AdapterError> {
        let Question { list, platform, limit, .. } = question;
        let ours = self.ours(platform)?;
        let nested = if platform == Platform::Instagram { NESTED_INSTAGRAM } else { NESTED_MESSENGER };
        let cursor = question.next.map(Cursor::read);
        let mut calls = 0;
        let (answer, plan) = loop {
            let plan = self.memory.plan(list, platform, limit, nested);
            let limit_text = plan.limit.to_string();
            let mut query = question.query.to_vec();
            query.extend([("limit", limit_text.as_str()), ("fields", plan.fields.as_str())]);
            query.extend(cursor.as_ref().map(|cursor| ("after", cursor.after.as_str())));
            calls += 1;
            let refused = match self.call(&Ask::get(question.path, &query)).await {
                Ok(answer) => break (answer, plan),
                Err(refused) => refused,
            };
            let refusal = std::str::from_utf8(&refused.body).ok().and_then(Refusal::of);
            let too_much =
                refused.error.kind == Kind::TooLarge || refusal.as_ref().is_some_and(Refusal::is_too_much_data);
            match refusal {
                _ if too_much && calls < TRIES && self.memory.shrink(list, platform, limit) => {}
                Some(refusal) if calls < TRIES && self.can_do_without(&question, &plan, &refusal) => {}
                // What is older than the newest 20 is no longer given: the list ends here, and proves nothing (4.4).
                Some(refusal) if refusal.is(9_000_001) && cursor.is_some() => {
                    tracing::info!(platform = platform.as_str(), "Graph gives no more of this conversation");
                    let server_time = refused.error.server_time;
                    return Ok(ReadDone { calls, server_time, ..ReadDone::default() });
                }
                Some(_) | None => return Err(refused.error),
            }
        };
        self.memory.went_well(list, platform);
        let facts = answer.facts;
        let asked = Asked {
            platform,
            ours,
            limit: if list == List::Conversations { nested } else { plan.limit },
            lean: plan.lean,
            reactions: plan.reactions,
            server_time: facts.server_time,
            top: cursor.as_ref().map(|cursor| cursor.top),
        };
        let (conversation, body) = (conversation.cloned(), self.without_secrets(answer.body));
        // Up to 16 MB: not on a thread that others wait for.
        let listed = tokio::task::spawn_blocking(move || {
            let body = std::str::from_utf8(&body).ok()?;
            match (list, &conversation) {
                (List::Messages, Some(conversation)) => normalize::messages(body, conversation, &asked),
                (List::Ids, Some(conversation)) => normalize::ids(body, conversation, &asked),
                (List::Conversations | List::Messages | List::Ids, _) => normalize::conversations(body, &asked),
            }
        });
        let listed = listed.await.ok().flatten().ok_or_else(|| self.nonsense("an answer without a list", facts))?;
        let mut done = ReadDone { calls, quota: facts.quota, server_time: facts.server_time, ..ReadDone::default() };
        self.hand_on(listed, cursor.as_ref(), &mut done, out).await;
        if list == List::Messages && platform == Platform::Instagram {
            // Behind the newest 20 are ids only, for which there is a read of its own.
            done.next = None;
        }
        Ok(done)
    }

    /// Whether Graph lacks a field that may be left out.
    fn can_do_without(&self, question: &Question<'_>, plan: &Plan, refusal: &Refusal) -> bool {
        refusal.code == 100
            && refusal.subcode.is_none()
            && self.memory.drop_named(question.list, question.platform, plan.lean, &refusal.message)
    }

    async fn hand_on(
        &self,
        mut listed: Listed,
        cursor: Option<&Cursor>,
        done: &mut ReadDone,
        out: &mpsc::Sender<Page>,
    ) {
        done.messages = listed.messages;
        if let Some(after) = listed.after.take() {
            match Cursor::following(cursor, after, listed.top) {
                Ok(next) => done.next = Some(next.write()),
                Err(why) => listed.skip("page", why),
            }
        }
        for page in normalize::pages(&mut listed, self.config.limits.page_messages) {
            if out.send(page).await.is_err() {
                return;
            }
        }
    }
}
