//! `GET /messages/:platform` and `PUT /messages/:platform/:conversationId` (reference 2, 4), and the checks before any
//! route of messages ([`channel`]). How an answer looks is in [`wire`].

mod wire;

use std::sync::Arc;

use axum::extract::{Extension, Path, RawQuery, State as Shared};
use axum::http::HeaderMap;
use axum::response::Response;
use bytes::Bytes;
use serde_json::{Value, json};

use crate::clock::iso_ms;
use crate::cursor;
use crate::platform::Platform;
use crate::server::answer::{self, boolean, object, pairs, query};
use crate::server::gate::Caller;
use crate::state::{Chat, Core, State};
use crate::world::{Conversation, Message, ProfileId, Shelf};
use wire::{ConversationsOut, MessagesOut, conversation_out, message_out, with_nulls};

/// The checks before any message route, in the order of the reference's section 11.1.
pub(crate) fn channel(
    state: &State,
    headers: &HeaderMap,
    caller: Caller,
    platform: &str,
) -> Result<Platform, Box<Response>> {
    let fail = |http, code, action: &str, message: &str| Err(Box::new(answer::flat(http, code, action, message)));
    if platform == Platform::Twitter.wire() {
        let header = |name: &str| headers.get(name).and_then(|v| v.to_str().ok()).filter(|v| !v.is_empty());
        let (known_key, known_secret) = state.world.x_keys();
        match (header("x-twitter-oauth1-api-key"), header("x-twitter-oauth1-api-secret")) {
            (None, None) => {
                let status = state.knobs.x_keys_status;
                return fail(status, 419, "x_credentials_required", "X requires your own API key and secret.");
            }
            (Some(_), None) => {
                return fail(400, 400, "x_credentials_required", "The header X-Twitter-OAuth1-Api-Secret is missing.");
            }
            (None, Some(_)) => {
                return fail(400, 400, "x_credentials_required", "The header X-Twitter-OAuth1-Api-Key is missing.");
            }
            (Some(key), Some(secret)) if (key, secret) != (known_key.as_str(), known_secret.as_str()) => {
                return fail(400, 272, "x_authorization", "X did not accept the API key and secret.");
            }
            (Some(_), Some(_)) => {}
        }
    }
    let Some(platform) = Platform::parse(platform) else {
        return fail(400, 101, "request", "The platform must be facebook, instagram or twitter.");
    };
    let profile = state.world.profiles.get(caller.profile.0);
    let account = profile.and_then(|p| p.accounts.get(&platform)).filter(|a| a.linked);
    let Some(account) = account else {
        return fail(400, 156, "request", &format!("{} is not linked to this profile.", platform.wire()));
    };
    if !profile.is_some_and(|p| p.messaging_enabled) {
        return fail(400, 361, "messaging", "Messaging is not enabled for this profile.");
    }
    if !account.messaging_active {
        return fail(400, 362, "messaging", &format!("Unlink and re-link {} to allow messaging.", platform.wire()));
    }
    Ok(platform)
}

struct Wanted<'a> {
    shelf: Shelf,
    conversation: Option<&'a str>,
    list: bool,
    page: Option<(usize, Option<(i64, u64)>)>,
    cache_key: String,
}

fn wanted<'a>(state: &State, platform: Platform, pairs: &'a [(String, String)]) -> Result<Wanted<'a>, Box<Response>> {
    let bad = |message| Box::new(answer::bad(message));
    let shelf = match query(pairs, "status") {
        None | Some("") => Shelf::Active,
        Some(text) => Shelf::parse(text).ok_or_else(|| bad("status must be active or archived."))?,
    };
    let list = boolean(query(pairs, "conversationsOnly"))?;
    let conversation = query(pairs, "conversationId").filter(|c| !c.is_empty() && !list);
    let (limit, next) = (query(pairs, "limit"), query(pairs, "next").filter(|n| !n.is_empty()));
    // X only; elsewhere ignored (reference 10, quirk 25).
    let page = if platform == Platform::Twitter && !list {
        match (limit, next) {
            (None, None) => None,
            (None, Some(_)) => return Err(bad("next is used together with limit.")),
            (Some(limit), next) => {
                let limit = limit.parse().ok().filter(|n| (1..=100).contains(n));
                let limit = limit.ok_or_else(|| bad("limit must be between 1 and 100."))?;
                let from = match next {
                    Some(next) => Some(
                        cursor::decode(next, state.world.seed, state.cursor_epoch)
                            .ok_or_else(|| bad("next is not a valid cursor."))?,
                    ),
                    None => None,
                };
                Some((limit, from))
            }
        }
    } else {
        None
    };
    let cache_key = format!(
        "{}|{list}|{}|{}",
        shelf.wire(),
        conversation.unwrap_or_default(),
        page.map(|(n, from)| format!("{n}/{from:?}")).unwrap_or_default()
    );
    Ok(Wanted { shelf, conversation, list, page, cache_key })
}

pub(crate) async fn list(
    Shared(core): Shared<Arc<Core>>,
    Extension(caller): Extension<Caller>,
    Path(platform): Path<String>,
    RawQuery(raw): RawQuery,
    headers: HeaderMap,
) -> Response {
    let now = core.clock.now_ms();
    let mut state = core.lock();
    read(&mut state, now, caller, &platform, &pairs(raw.as_deref()), &headers).unwrap_or_else(|refusal| *refusal)
}

fn read(
    state: &mut State,
    now: i64,
    caller: Caller,
    platform: &str,
    pairs: &[(String, String)],
    headers: &HeaderMap,
) -> Result<Response, Box<Response>> {
    let platform = channel(state, headers, caller, platform)?;
    let wanted = wanted(state, platform, pairs)?;
    if let Some(body) = state.cache.get(caller.profile, platform, &wanted.cache_key, now) {
        return Ok(answer::raw(200, body));
    }
    let body = fill(state, now, caller.profile, platform, &wanted);
    state.cache.put(caller.profile, platform, wanted.cache_key, now, body.clone());
    Ok(answer::raw(200, body))
}

fn fill(state: &State, now: i64, profile: ProfileId, platform: Platform, wanted: &Wanted<'_>) -> Bytes {
    let Some(account) = state.world.account(profile, platform) else { return Bytes::new() };
    let told = now + state.skew_ms;
    let (last_updated, next_update) = (iso_ms(told), iso_ms(told + platform.cache_ms()));
    let conversations = account.conversations.iter().filter(|c| !c.graph_only && c.shelf == wanted.shelf);
    let body = if wanted.list {
        let mut rows: Vec<_> = conversations
            .map(|c| (c.visible(platform, state.knobs.history_cap, now).last().map(|m| (m.at, m.seq)), c))
            .collect();
        rows.sort_by(|(a, _), (b, _)| b.cmp(a));
        serde_json::to_vec(&ConversationsOut {
            status: "success",
            conversation_ids: rows.iter().map(|(_, c)| c.id.as_str()).collect(),
            converstations_details: rows.iter().map(|(_, c)| conversation_out(state, c)).collect(),
            last_updated,
            next_update,
        })
    } else {
        let mut rows: Vec<(&Message, &Conversation)> = conversations
            .filter(|c| wanted.conversation.is_none_or(|id| id == c.id))
            .flat_map(|c| c.visible(platform, state.knobs.history_cap, now).map(move |m| (m, c)))
            .collect();
        rows.sort_by_key(|(m, _)| std::cmp::Reverse((m.at, m.seq)));
        let meta = wanted.page.and_then(|(limit, from)| cut_page(state, &mut rows, limit, from));
        let messages: Vec<_> =
            rows.iter().map(|(m, c)| message_out(state, account, c, m, wanted.conversation.is_some())).collect();
        // Seen on Instagram and X, not in Facebook's sample.
        let counted = platform != Platform::Facebook && !messages.is_empty();
        let messages_count = counted.then_some(messages.len());
        let out = MessagesOut { status: "success", messages, messages_count, last_updated, next_update, meta };
        if state.knobs.nulls { with_nulls(&out) } else { serde_json::to_vec(&out) }
    };
    body.unwrap_or_default().into()
}

/// Keeps one page of X and says where the next begins.
fn cut_page(
    state: &State,
    rows: &mut Vec<(&Message, &Conversation)>,
    limit: usize,
    from: Option<(i64, u64)>,
) -> Option<Value> {
    if let Some(from) = from {
        rows.retain(|(m, _)| (m.at, m.seq) < from);
    }
    let more = rows.len() > limit;
    rows.truncate(limit);
    let next =
        rows.last().filter(|_| more).map(|(m, _)| cursor::encode(m.at, m.seq, state.world.seed, state.cursor_epoch));
    match next {
        Some(next) => Some(json!({ "pagination": { "next": next, "hasMore": true } })),
        None if state.knobs.last_page_null => Some(json!({ "pagination": { "next": null, "hasMore": false } })),
        None => None,
    }
}

pub(crate) async fn shelve(
    Shared(core): Shared<Arc<Core>>,
    Extension(caller): Extension<Caller>,
    Path((platform, conversation)): Path<(String, String)>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let mut state = core.lock();
    let done = channel(&state, &headers, caller, &platform).and_then(|platform| {
        let shelf = object(&body)?.get("status").and_then(Value::as_str).and_then(Shelf::parse);
        let shelf = shelf.ok_or_else(|| Box::new(answer::bad("status must be active or archived.")))?;
        let chat = Chat { profile: caller.profile, platform, conversation, person: String::new() };
        state.shelve(&chat, shelf).map_err(|_| Box::new(answer::flat(404, 101, "request", "Conversation not found.")))
    });
    match done {
        Ok(()) => answer::ok(&json!({ "status": "success" })),
        Err(refusal) => *refusal,
    }
}
