//! `/__control/graph/…`: webhooks and the acts that they tell of, for tests in other languages and other processes. A thin
//! layer over [`crate::graph::acts`]; exists only with the feature `control`, never in a release of the app.

use std::sync::Arc;

use axum::Router;
use axum::extract::State as Shared;
use axum::response::Response;
use axum::routing::{get, post};
use bytes::Bytes;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::graph::control::Graph;
use crate::graph::hooks::{HookObject, knobs::GraphHookKnobs, wire::Signing};
use crate::platform::Platform;
use crate::server::answer;
use crate::state::{Chat, Core, SimError};
use crate::world::ProfileId;

pub(crate) fn router() -> Router<Arc<Core>> {
    Router::new()
        .route("/graph/webhooks", get(log))
        .route("/graph/webhooks/subscribe", post(subscribe))
        .route("/graph/webhooks/knobs", post(knobs))
        .route("/graph/webhooks/release", post(release))
        .route("/graph/webhooks/redeliver", post(redeliver))
        .route("/graph/webhooks/post", post(forge))
        .route("/graph/act", post(act))
        .route("/graph/send-knobs", post(send_knobs))
        .route("/graph/sender-actions", get(sender_actions))
}

fn parse<'a, T: Deserialize<'a>>(body: &'a Bytes) -> Result<T, Box<Response>> {
    serde_json::from_slice(body).map_err(|e| Box::new(answer::bad(&e.to_string())))
}

fn done(outcome: Result<Value, Box<Response>>) -> Response {
    outcome.map_or_else(|refusal| *refusal, |value| answer::ok(&value))
}

async fn log(Shared(core): Shared<Arc<Core>>) -> Response {
    let rows: Vec<Value> = Graph::new(&core)
        .webhooks()
        .into_iter()
        .map(|w| {
            json!({
                "number": w.number, "object": w.object.wire(), "field": w.field, "url": w.url, "attempt": w.attempt,
                "at_ms": w.at_ms, "status": w.status, "body": String::from_utf8_lossy(&w.body),
            })
        })
        .collect();
    answer::ok(&rows)
}

#[derive(Deserialize)]
struct Subscribe {
    #[serde(default)]
    profile: usize,
    url: String,
}

async fn subscribe(Shared(core): Shared<Arc<Core>>, body: Bytes) -> Response {
    done(parse(&body).map(|call: Subscribe| {
        Graph::new(&core).subscribe_all(ProfileId(call.profile), &call.url);
        json!({})
    }))
}

/// Absent: as it is.
#[derive(Deserialize)]
struct Knobs {
    hold: Option<bool>,
    out_of_order: Option<bool>,
    twice: Option<bool>,
    signing: Option<Signing>,
    seconds: Option<bool>,
    message_lag_ms: Option<i64>,
    instagram_unreact: Option<bool>,
    standby: Option<bool>,
}

async fn knobs(Shared(core): Shared<Arc<Core>>, body: Bytes) -> Response {
    done(parse(&body).map(|call: Knobs| {
        let graph = Graph::new(&core);
        graph.set_hook_knobs(|k: &mut GraphHookKnobs| {
            k.hold = call.hold.unwrap_or(k.hold);
            k.out_of_order = call.out_of_order.unwrap_or(k.out_of_order);
            k.twice = call.twice.unwrap_or(k.twice);
            k.signing = call.signing.unwrap_or(k.signing);
            k.seconds = call.seconds.unwrap_or(k.seconds);
            k.message_lag_ms = call.message_lag_ms.unwrap_or(k.message_lag_ms);
            k.instagram_unreact = call.instagram_unreact.unwrap_or(k.instagram_unreact);
        });
        if let Some(on) = call.standby {
            graph.set_standby(ProfileId::PRIMARY, on);
        }
        json!({})
    }))
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Release {
    newest_first: bool,
}

async fn release(Shared(core): Shared<Arc<Core>>, body: Bytes) -> Response {
    done(parse(&body).map(|call: Release| {
        Graph::new(&core).release_webhooks(call.newest_first);
        json!({})
    }))
}

#[derive(Deserialize)]
struct Redeliver {
    number: u64,
}

async fn redeliver(Shared(core): Shared<Arc<Core>>, body: Bytes) -> Response {
    done(parse(&body).and_then(|call: Redeliver| {
        let graph = Graph::new(&core);
        let sent = graph.webhooks().into_iter().find(|w| w.number == call.number);
        let sent = sent.ok_or_else(|| Box::new(answer::flat(404, 404, "control", "no such webhook")))?;
        graph.redeliver(&sent);
        Ok(json!({}))
    }))
}

#[derive(Deserialize)]
struct Forge {
    object: String,
    body: String,
    signing: Signing,
    /// Filled up with spaces to so many bytes.
    #[serde(default)]
    length: usize,
}

async fn forge(Shared(core): Shared<Arc<Core>>, body: Bytes) -> Response {
    done(parse(&body).and_then(|call: Forge| {
        let object = HookObject::parse(&call.object).ok_or_else(|| Box::new(answer::bad("object")))?;
        let mut bytes = call.body.into_bytes();
        bytes.resize(bytes.len().max(call.length), b' ');
        Ok(json!({ "posted": Graph::new(&core).post_webhook(object, bytes, call.signing) }))
    }))
}

/// What a person does, by name.
#[derive(Deserialize)]
#[serde(tag = "act", rename_all = "kebab-case")]
enum Deed {
    Edit { message: String, text: String },
    React { message: String, emoji: String },
    Unreact { message: String },
    Unsend { message: String },
    Read { at_ms: Option<i64> },
    Delivered { message: String },
    Postback { title: String, payload: String },
    Referral { reference: String },
}

#[derive(Deserialize)]
struct ActCall {
    #[serde(default)]
    profile: usize,
    platform: String,
    person: String,
    #[serde(flatten)]
    deed: Deed,
}

async fn act(Shared(core): Shared<Arc<Core>>, body: Bytes) -> Response {
    done(parse(&body).and_then(|call: ActCall| {
        let platform = Platform::parse(&call.platform).ok_or_else(|| Box::new(answer::bad("platform")))?;
        let found = Graph::new(&core).chat(ProfileId(call.profile), platform, &call.person);
        found
            .and_then(|chat| perform(&core, &chat, &call.deed))
            .map_err(|e| Box::new(answer::flat(404, 404, "control", &e.to_string())))
    }))
}

fn perform(core: &Arc<Core>, chat: &Chat, deed: &Deed) -> Result<Value, SimError> {
    let graph = Graph::new(core);
    match deed {
        Deed::Edit { message, text } => core.act(|state, now| state.edit(now, chat, message, text))?,
        Deed::React { message, emoji } => core.act(|state, now| state.react(now, chat, message, None, Some(emoji)))?,
        Deed::Unreact { message } => core.act(|state, now| state.react(now, chat, message, None, None))?,
        Deed::Unsend { message } => core.act(|state, now| state.unsend(now, chat, message))?,
        Deed::Read { at_ms } => core.act(|state, now| state.read(now, chat, at_ms.unwrap_or(now)))?,
        Deed::Delivered { message } => graph.delivered(chat, message),
        Deed::Postback { title, payload } => {
            let id = graph.postback(chat, title, payload)?;
            return Ok(json!({ "id": id }));
        }
        Deed::Referral { reference } => graph.referral(chat, reference),
    }
    Ok(json!({}))
}

#[derive(Deserialize)]
struct SendKnobs {
    human_agent: Option<bool>,
    many_images: Option<bool>,
    instagram_reactions: Option<bool>,
    per_second: Option<usize>,
    loud_per_second: Option<usize>,
}

async fn send_knobs(Shared(core): Shared<Arc<Core>>, body: Bytes) -> Response {
    done(parse(&body).map(|call: SendKnobs| {
        Graph::new(&core).set_send_knobs(|k| {
            k.human_agent = call.human_agent.unwrap_or(k.human_agent);
            k.many_images = call.many_images.unwrap_or(k.many_images);
            k.instagram_reactions = call.instagram_reactions.unwrap_or(k.instagram_reactions);
            k.per_second = call.per_second.or(k.per_second);
            k.loud_per_second = call.loud_per_second.or(k.loud_per_second);
        });
        json!({})
    }))
}

async fn sender_actions(Shared(core): Shared<Arc<Core>>) -> Response {
    let rows: Vec<Value> = Graph::new(&core)
        .sender_actions()
        .into_iter()
        .map(|a| json!({ "person": a.chat.person, "action": a.action, "at_ms": a.at_ms }))
        .collect();
    answer::ok(&rows)
}
