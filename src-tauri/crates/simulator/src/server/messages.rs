//! `GET /messages/:platform`, `PUT /messages/:platform/:conversationId`, `/messages/autoresponse` (reference 2, 4, 5).

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::{Extension, Path, RawQuery, State as Shared};
use axum::http::HeaderMap;
use axum::response::Response;
use bytes::Bytes;
use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::clock::iso_ms;
use crate::cursor;
use crate::platform::Platform;
use crate::server::answer::{self, boolean, object, pairs, query};
use crate::server::gate::Caller;
use crate::state::{AutoResponse, Chat, Core, State};
use crate::world::{Account, Conversation, Direction, Message, ProfileId, Shelf};

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct MessageOut<'a> {
    id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    conversation_id: Option<&'a str>,
    platform: &'static str,
    action: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<&'a str>,
    created: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    updated: Option<String>,
    sender_id: &'a str,
    recipient_id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    sender_details: Option<Details<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    recipient_details: Option<Details<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    attachments: Vec<AttachmentOut<'a>>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    reactions: &'a BTreeMap<String, String>,
}

#[derive(Serialize, Default)]
#[serde(rename_all = "camelCase")]
struct Details<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    profile_image: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    picture: Option<String>,
}

#[derive(Serialize)]
struct AttachmentOut<'a> {
    #[serde(rename = "type")]
    kind: &'a str,
    url: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct MessagesOut<'a> {
    status: &'static str,
    messages: Vec<MessageOut<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    messages_count: Option<usize>,
    last_updated: String,
    next_update: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    meta: Option<Value>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ConversationsOut<'a> {
    status: &'static str,
    conversation_ids: Vec<&'a str>,
    /// The misspelling is in the real answer.
    converstations_details: Vec<ConversationOut<'a>>,
    last_updated: String,
    next_update: String,
}

#[derive(Serialize)]
struct ConversationOut<'a> {
    id: &'a str,
    participant: Details<'a>,
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    watermark: Option<i64>,
}

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

fn message_out<'a>(
    state: &State,
    account: &'a Account,
    conversation: &'a Conversation,
    message: &'a Message,
    filtered: bool,
) -> MessageOut<'a> {
    let person = &conversation.person;
    let picture = || person.picture.as_deref().map(|p| state.media.own(p));
    let shows_conversation = filtered || account.platform != Platform::Twitter || state.knobs.x_mixed_conversation_id;
    let (action, sender, recipient, sender_details, recipient_details) = match message.direction {
        Direction::Sent => {
            let them = Details {
                name: person.name.as_deref(),
                id: Some(&person.id),
                picture: picture(),
                ..Details::default()
            };
            let us = Details { name: Some(&account.name), ..Details::default() };
            ("sent", &account.id, &person.id, us, Some(them))
        }
        Direction::Received => {
            let them = Details { name: person.name.as_deref(), profile_image: picture(), ..Details::default() };
            ("received", &person.id, &account.id, them, None)
        }
    };
    // Without name and picture there is nothing to tell, except on X, where the official tests require the object.
    let nameless = sender_details.name.is_none() && sender_details.profile_image.is_none();
    let updated = message.updated.or((!message.attachments.is_empty()).then_some(message.at));
    MessageOut {
        id: &message.id,
        conversation_id: shows_conversation.then_some(conversation.id.as_str()),
        platform: account.platform.wire(),
        action,
        message: message.text.as_deref(),
        created: iso_ms(message.at),
        updated: updated.map(iso_ms),
        sender_id: sender,
        recipient_id: recipient,
        sender_details: (!nameless || account.platform == Platform::Twitter).then_some(sender_details),
        recipient_details,
        attachments: message
            .attachments
            .iter()
            .map(|a| AttachmentOut { kind: &a.kind, url: state.media.address(&a.file) })
            .collect(),
        reactions: &message.reactions,
    }
}

fn conversation_out<'a>(state: &State, conversation: &'a Conversation) -> ConversationOut<'a> {
    let person = &conversation.person;
    let picture = person.picture.as_deref().map(|p| state.media.own(p));
    ConversationOut {
        id: &conversation.id,
        participant: Details { name: person.name.as_deref(), id: Some(&person.id), picture, ..Details::default() },
        status: conversation.shelf.wire(),
        watermark: conversation.watermark,
    }
}

fn with_nulls(out: &MessagesOut<'_>) -> serde_json::Result<Vec<u8>> {
    const OPTIONAL: [&str; 6] = ["message", "updated", "senderDetails", "recipientDetails", "attachments", "reactions"];
    let mut value = serde_json::to_value(out)?;
    for message in value.get_mut("messages").and_then(Value::as_array_mut).into_iter().flatten() {
        if let Some(fields) = message.as_object_mut() {
            for name in OPTIONAL {
                fields.entry(name).or_insert(Value::Null);
            }
        }
    }
    serde_json::to_vec(&value)
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

pub(crate) async fn auto_response(Shared(core): Shared<Arc<Core>>, Extension(caller): Extension<Caller>) -> Response {
    let state = core.lock();
    let mut out = Map::from_iter([("status".to_owned(), json!("success"))]);
    if let Some(auto) = state.auto.get(&caller.profile) {
        out.extend(settings(auto));
    }
    answer::ok(&out)
}

pub(crate) async fn set_auto_response(
    Shared(core): Shared<Arc<Core>>,
    Extension(caller): Extension<Caller>,
    body: Bytes,
) -> Response {
    let fields = match object(&body) {
        Ok(fields) => fields,
        Err(refusal) => return *refusal,
    };
    let mut state = core.lock();
    let mut auto = state.auto.get(&caller.profile).cloned().unwrap_or_default();
    let mut known = false;
    for (name, value) in &fields {
        let taken = match (name.as_str(), value) {
            ("autoResponseActive", Value::Bool(active)) => {
                auto.active = *active;
                true
            }
            ("autoResponseWaitSeconds", Value::Number(wait)) => {
                let Some(wait) = wait.as_i64().filter(|w| *w >= 0) else {
                    return answer::bad("autoResponseWaitSeconds must not be negative.");
                };
                auto.wait_s = wait;
                true
            }
            ("autoResponseMessage", Value::String(text)) => {
                auto.text = Some(text.clone()).filter(|t| !t.is_empty());
                true
            }
            ("autoResponseActive" | "autoResponseWaitSeconds" | "autoResponseMessage", _) => {
                return answer::bad(&format!("{name} has the wrong type."));
            }
            _ => false,
        };
        known |= taken;
    }
    if !known {
        return answer::bad("At least one auto response setting is required.");
    }
    let updated = settings(&auto);
    state.auto.insert(caller.profile, auto);
    answer::ok(&json!({ "status": "success", "updated": updated }))
}

fn settings(auto: &AutoResponse) -> Map<String, Value> {
    Map::from_iter([
        ("autoResponseActive".to_owned(), json!(auto.active)),
        ("autoResponseMessage".to_owned(), json!(auto.text())),
        ("autoResponseWaitSeconds".to_owned(), json!(auto.wait_s)),
    ])
}
