//! `/__control/…`: the control API over HTTP for tests in other languages. A thin layer; exists only with the feature
//! `control`, never in a release of the app.

mod faults;

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::State as Shared;
use axum::response::Response;
use axum::routing::{get, post};
use bytes::Bytes;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::acts::Inbound;
use crate::knobs::{AccessUrl, SendAnswer};
use crate::net::Network;
use crate::platform::Platform;
use crate::record::LedgerEntry;
use crate::server::answer;
use crate::state::{Chat, Core, SimError, State};
use crate::world::{Direction, Origin, ProfileId};

pub(crate) fn router() -> Router<Arc<Core>> {
    Router::new()
        .route("/chats", get(chats))
        .route("/inbound", post(inbound))
        .route("/react", post(react))
        .route("/read", post(read))
        .route("/unsend", post(unsend))
        .route("/advance", post(advance))
        .route("/network", post(network))
        .route("/flags", post(flags))
        .route("/revoke-key", post(revoke_key))
        .route("/script", post(script))
        .route("/ledger", get(ledger))
        .route("/delivered", get(delivered))
        .route("/knobs", post(knobs))
        .route("/requests", get(requests))
        .route("/webhooks", get(webhooks))
        .merge(faults::router())
        .merge(crate::webhooks::remote::router())
        .merge(crate::graph::hooks::remote::router())
}

/// Names a conversation: the profile by number (default 0), the person by id, name or user name.
#[derive(Deserialize)]
struct Who {
    #[serde(default)]
    profile: usize,
    platform: String,
    person: String,
}

impl Who {
    fn chat(&self, state: &State) -> Result<Chat, SimError> {
        let platform = Platform::parse(&self.platform).ok_or(SimError::NoChat)?;
        state.find_chat(ProfileId(self.profile), platform, &self.person)
    }
}

fn parse<'a, T: Deserialize<'a>>(body: &'a Bytes) -> Result<T, Box<Response>> {
    serde_json::from_slice(body).map_err(|e| Box::new(answer::bad(&e.to_string())))
}

/// Runs a control call on the named conversation, at the present instant.
fn on_chat<T>(
    core: &Core,
    who: &Who,
    call: impl FnOnce(&mut State, i64, &Chat) -> Result<T, SimError>,
) -> Result<T, Box<Response>> {
    core.act(|state, now| who.chat(state).and_then(|chat| call(state, now, &chat)))
        .map_err(|e| Box::new(answer::flat(404, 404, "control", &e.to_string())))
}

fn done(result: Result<Value, Box<Response>>) -> Response {
    result.map_or_else(|refusal| *refusal, |value| answer::ok(&value))
}

#[derive(Deserialize)]
struct InboundCall {
    #[serde(flatten)]
    who: Who,
    text: Option<String>,
    #[serde(default)]
    attachments: Vec<(String, String)>,
    at_ms: Option<i64>,
}

async fn inbound(Shared(core): Shared<Arc<Core>>, body: Bytes) -> Response {
    done(parse(&body).and_then(|call: InboundCall| {
        let message =
            Inbound { text: call.text, attachments: call.attachments, at_ms: call.at_ms, ..Inbound::default() };
        on_chat(&core, &call.who, |state, now, chat| state.receive(now, chat, message)).map(|id| json!({ "id": id }))
    }))
}

#[derive(Deserialize)]
struct ReactCall {
    #[serde(flatten)]
    who: Who,
    message: String,
    /// Absent: the reaction is taken back.
    emoji: Option<String>,
}

async fn react(Shared(core): Shared<Arc<Core>>, body: Bytes) -> Response {
    done(parse(&body).and_then(|call: ReactCall| {
        let react =
            |state: &mut State, now, chat: &Chat| state.react(now, chat, &call.message, None, call.emoji.as_deref());
        on_chat(&core, &call.who, react).map(|()| json!({}))
    }))
}

#[derive(Deserialize)]
struct ReadCall {
    #[serde(flatten)]
    who: Who,
    /// Absent: now.
    at_ms: Option<i64>,
}

async fn read(Shared(core): Shared<Arc<Core>>, body: Bytes) -> Response {
    done(parse(&body).and_then(|call: ReadCall| {
        on_chat(&core, &call.who, |state, now, chat| state.read(now, chat, call.at_ms.unwrap_or(now)))
            .map(|()| json!({}))
    }))
}

async fn unsend(Shared(core): Shared<Arc<Core>>, body: Bytes) -> Response {
    done(parse(&body).and_then(|call: ReactCall| {
        on_chat(&core, &call.who, |state, now, chat| state.unsend(now, chat, &call.message)).map(|()| json!({}))
    }))
}

#[derive(Deserialize)]
struct AdvanceCall {
    ms: u64,
}

async fn advance(Shared(core): Shared<Arc<Core>>, body: Bytes) -> Response {
    match parse::<AdvanceCall>(&body) {
        Ok(call) => {
            core.advance(Duration::from_millis(call.ms)).await;
            answer::ok(&json!({ "now_ms": core.clock.now_ms() }))
        }
        Err(refusal) => *refusal,
    }
}

#[derive(Deserialize)]
struct NetworkCall {
    state: String,
    /// The control surface is on the same port: after so many milliseconds the network comes back by itself.
    for_ms: u64,
}

async fn network(Shared(core): Shared<Arc<Core>>, body: Bytes) -> Response {
    done(parse(&body).and_then(|call: NetworkCall| {
        let state = match call.state.as_str() {
            "refused" => Network::Refused,
            "silent" => Network::Silent,
            _ => return Err(Box::new(answer::bad("state must be refused or silent."))),
        };
        tokio::spawn(async move {
            // The answer of this very call must leave first.
            tokio::time::sleep(Duration::from_millis(50)).await;
            let down = core.net.set(state);
            tokio::time::sleep(Duration::from_millis(call.for_ms)).await;
            if let Err(error) = down.and_then(|()| core.net.set(Network::Up)) {
                tracing::warn!(%error, "the network could not be switched");
            }
        });
        Ok(json!({}))
    }))
}

#[derive(Deserialize)]
struct FlagsCall {
    #[serde(default)]
    profile: usize,
    platform: Option<String>,
    messaging_enabled: Option<bool>,
    messaging_active: Option<bool>,
    linked: Option<bool>,
    suspended: Option<bool>,
    /// A message that arrives is in the very next answer, not after the cache of a minute.
    inbound_drops_cache: Option<bool>,
}

async fn flags(Shared(core): Shared<Arc<Core>>, body: Bytes) -> Response {
    done(parse(&body).and_then(|call: FlagsCall| {
        let mut state = core.lock();
        state.knobs.inbound_drops_cache = call.inbound_drops_cache.unwrap_or(state.knobs.inbound_drops_cache);
        let missing = || Box::new(answer::flat(404, 404, "control", "no such profile"));
        let profile = state.world.profiles.get_mut(call.profile).ok_or_else(missing)?;
        profile.messaging_enabled = call.messaging_enabled.unwrap_or(profile.messaging_enabled);
        profile.suspended = call.suspended.unwrap_or(profile.suspended);
        let account = call.platform.as_deref().and_then(Platform::parse).and_then(|p| profile.accounts.get_mut(&p));
        if let Some(account) = account {
            account.messaging_active = call.messaging_active.unwrap_or(account.messaging_active);
            account.linked = call.linked.unwrap_or(account.linked);
        }
        Ok(json!({}))
    }))
}

async fn revoke_key(Shared(core): Shared<Arc<Core>>) -> Response {
    let mut state = core.lock();
    state.world.key_generation += 1;
    answer::ok(&json!({ "api_key": state.world.api_key() }))
}

async fn script(Shared(core): Shared<Arc<Core>>) -> Response {
    let scenes = core.act(State::demo_script);
    let rows: Vec<Value> =
        scenes.iter().map(|s| json!({ "after_ms": s.after.as_millis(), "beat": format!("{:?}", s.beat) })).collect();
    answer::ok(&rows)
}

async fn chats(Shared(core): Shared<Arc<Core>>) -> Response {
    let state = core.lock();
    let rows: Vec<Value> = state
        .chats(None, None)
        .iter()
        .map(|chat| {
            let name = state.conversation(chat).ok().and_then(|c| c.person.name.clone());
            json!({
                "profile": chat.profile.index(), "platform": chat.platform.wire(), "conversation": chat.conversation,
                "person": chat.person, "name": name,
            })
        })
        .collect();
    answer::ok(&rows)
}

/// A row of the ledger, the same wherever it is told.
pub(crate) fn row(e: &LedgerEntry) -> Value {
    let (origin, request) = match e.origin {
        Origin::Seed => ("seed", None),
        Origin::Person => ("person", None),
        Origin::Request(number) => ("request", Some(number)),
        Origin::AutoReply => ("auto-reply", None),
        Origin::Elsewhere => ("elsewhere", None),
    };
    let files: Vec<Value> = e
        .files
        .iter()
        .map(|f| {
            json!({
                "kind": f.kind, "url": f.url, "name": f.name, "content_type": f.content_type, "size": f.size,
                "sha256": f.sha256,
            })
        })
        .collect();
    json!({
        "id": e.id, "profile": e.profile.index(), "platform": e.platform.wire(), "conversation": e.conversation,
        "direction": if e.direction == Direction::Sent { "out" } else { "in" }, "text": e.text, "at_ms": e.at_ms,
        "attachments": e.attachments, "files": files, "metadata": e.metadata, "reply_to": e.reply_to,
        "reactions": e.reactions, "origin": origin, "request": request, "unsent": e.unsent, "readable": e.readable,
    })
}

async fn ledger(Shared(core): Shared<Arc<Core>>) -> Response {
    let rows: Vec<Value> = core.ledger(false).iter().map(row).collect();
    answer::ok(&rows)
}

/// What API clients sent, through either face.
async fn delivered(Shared(core): Shared<Arc<Core>>) -> Response {
    let all = core.ledger(true);
    let rows: Vec<Value> = all.iter().filter(|e| matches!(e.origin, Origin::Request(_))).map(row).collect();
    answer::ok(&rows)
}

/// The switches of the send path; what is absent stays.
#[derive(Deserialize)]
struct KnobsCall {
    answer: Option<SendAnswer>,
    access_url: Option<AccessUrl>,
    upload_url_limit: Option<u64>,
    one_message_per_send: Option<bool>,
    instagram_album: Option<bool>,
    instagram_drops_media: Option<bool>,
    media_in_turn: Option<bool>,
    echo_lag_ms: Option<i64>,
    conversation_quota: Option<usize>,
    x_sends: Option<usize>,
    people_answer: Option<bool>,
}

async fn knobs(Shared(core): Shared<Arc<Core>>, body: Bytes) -> Response {
    done(parse(&body).map(|call: KnobsCall| {
        let mut state = core.lock();
        state.people_answer = call.people_answer.unwrap_or(state.people_answer);
        let k = &mut state.knobs;
        k.answer = call.answer.unwrap_or(k.answer);
        k.access_url = call.access_url.unwrap_or(k.access_url);
        k.upload_url_limit = call.upload_url_limit.unwrap_or(k.upload_url_limit);
        k.one_message_per_send = call.one_message_per_send.unwrap_or(k.one_message_per_send);
        k.instagram_album = call.instagram_album.unwrap_or(k.instagram_album);
        k.instagram_drops_media = call.instagram_drops_media.unwrap_or(k.instagram_drops_media);
        k.media_in_turn = call.media_in_turn.unwrap_or(k.media_in_turn);
        k.echo_lag_ms = call.echo_lag_ms.unwrap_or(k.echo_lag_ms);
        k.conversation_quota = call.conversation_quota.or(k.conversation_quota);
        k.x_sends = call.x_sends.or(k.x_sends);
        json!({})
    }))
}

async fn requests(Shared(core): Shared<Arc<Core>>) -> Response {
    let rows: Vec<Value> = core
        .lock()
        .requests
        .iter()
        .map(|r| {
            json!({
                "number": r.number, "method": r.method, "path": r.path, "query": r.query, "at_ms": r.at_ms,
                "status": r.status, "fault": r.fault, "headers": r.headers, "profile": r.profile.map(ProfileId::index),
                "platform": r.platform.map(Platform::wire),
            })
        })
        .collect();
    answer::ok(&rows)
}

async fn webhooks(Shared(core): Shared<Arc<Core>>) -> Response {
    let rows: Vec<Value> = core
        .lock()
        .hooks
        .log
        .iter()
        .map(|w| json!({ "hook_id": w.hook_id, "action": w.action, "url": w.url, "attempt": w.attempt, "status": w.status, "body": w.body }))
        .collect();
    answer::ok(&rows)
}
