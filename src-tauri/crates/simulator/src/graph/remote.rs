//! `/__control/graph/…`: what tests in other languages and other processes do with the Graph view. A thin layer over
//! [`super::control`]; exists only with the feature `control`, never in a release of the app.

use std::sync::Arc;

use axum::Router;
use axum::extract::State as Shared;
use axum::response::Response;
use axum::routing::{get, post};
use bytes::Bytes;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::acts::Inbound;
use crate::fault::Fault;
use crate::graph::content::Content;
use crate::graph::control::Graph;
use crate::graph::error::GraphError;
use crate::graph::state::{Meter, PersonFlags, TokenState};
use crate::platform::Platform;
use crate::server::{answer, control};
use crate::state::{Chat, Core, SimError};
use crate::world::ProfileId;

pub(crate) fn router() -> Router<Arc<Core>> {
    Router::new()
        .route("/secrets", get(secrets))
        .route("/chats", get(chats))
        .route("/receive", post(receive))
        .route("/typed", post(typed))
        .route("/open", post(open))
        .route("/truth", post(truth))
        .route("/flags", post(flags))
        .route("/token", post(token))
        .route("/page", post(page))
        .route("/usage", post(usage))
        .route("/knobs", post(knobs))
        .route("/fail", post(fail))
        .route("/calls", get(calls))
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
    fn chat(&self, graph: Graph<'_>) -> Result<Chat, SimError> {
        let platform = Platform::parse(&self.platform).ok_or(SimError::NoChat)?;
        graph.chat(ProfileId(self.profile), platform, &self.person)
    }
}

type Outcome = Result<Value, Box<Response>>;

fn parse<'a, T: Deserialize<'a>>(body: &'a Bytes) -> Result<T, Box<Response>> {
    serde_json::from_slice(body).map_err(|e| Box::new(answer::bad(&e.to_string())))
}

fn missing(error: SimError) -> Box<Response> {
    Box::new(answer::flat(404, 404, "control", &error.to_string()))
}

fn done(outcome: Outcome) -> Response {
    outcome.map_or_else(|refusal| *refusal, |value| answer::ok(&value))
}

#[derive(Deserialize)]
struct MessageCall {
    #[serde(flatten)]
    who: Who,
    text: Option<String>,
    /// Names of [`Content`], as Rust spells them: `"Image"`, `"StoryReply"`, …
    #[serde(default)]
    content: Vec<String>,
    reply_to: Option<String>,
    #[serde(default)]
    unsupported: bool,
    at_ms: Option<i64>,
}

impl MessageCall {
    fn message(self) -> Result<(Who, Inbound), Box<Response>> {
        let mut message = Inbound {
            text: self.text,
            at_ms: self.at_ms,
            reply_to: self.reply_to,
            unsupported: self.unsupported,
            ..Inbound::default()
        };
        for name in self.content {
            let found = Content::ALL.into_iter().find(|c| format!("{c:?}") == name);
            message.content.push(found.ok_or_else(|| Box::new(answer::bad("no such content")))?);
        }
        Ok((self.who, message))
    }
}

async fn secrets(Shared(core): Shared<Arc<Core>>) -> Response {
    answer::ok(&Graph::new(&core).announcement())
}

async fn receive(Shared(core): Shared<Arc<Core>>, body: Bytes) -> Response {
    done(parse(&body).and_then(MessageCall::message).and_then(|(who, message)| {
        let graph = Graph::new(&core);
        who.chat(graph).and_then(|chat| graph.receive(&chat, message)).map(|id| json!({ "id": id })).map_err(missing)
    }))
}

async fn typed(Shared(core): Shared<Arc<Core>>, body: Bytes) -> Response {
    done(parse(&body).and_then(MessageCall::message).and_then(|(who, message)| {
        let graph = Graph::new(&core);
        let typed = who.chat(graph).and_then(|chat| graph.typed_in_inbox(&chat, message));
        typed.map(|id| json!({ "id": id })).map_err(missing)
    }))
}

async fn open(Shared(core): Shared<Arc<Core>>, body: Bytes) -> Response {
    done(parse(&body).and_then(|who: Who| {
        let graph = Graph::new(&core);
        who.chat(graph).and_then(|chat| graph.open_in_inbox(&chat)).map(|()| json!({})).map_err(missing)
    }))
}

async fn truth(Shared(core): Shared<Arc<Core>>, body: Bytes) -> Response {
    done(parse(&body).and_then(|who: Who| {
        let graph = Graph::new(&core);
        let all = who.chat(graph).and_then(|chat| graph.truth(&chat)).map_err(missing)?;
        Ok(json!(all.iter().map(control::row).collect::<Vec<_>>()))
    }))
}

#[derive(Deserialize)]
#[expect(clippy::struct_excessive_bools, reason = "the reference's flags, each on its own")]
struct FlagsCall {
    #[serde(flatten)]
    who: Who,
    #[serde(default)]
    profile_denied: bool,
    #[serde(default)]
    no_consent: bool,
    #[serde(default)]
    phone_account: bool,
    #[serde(default)]
    no_picture: bool,
    #[serde(default)]
    unreachable: bool,
    #[serde(default)]
    hidden_block: bool,
}

async fn flags(Shared(core): Shared<Arc<Core>>, body: Bytes) -> Response {
    done(parse(&body).and_then(|call: FlagsCall| {
        let graph = Graph::new(&core);
        let flags = PersonFlags {
            profile_denied: call.profile_denied,
            no_consent: call.no_consent,
            phone_account: call.phone_account,
            no_picture: call.no_picture,
            unreachable: call.unreachable,
            hidden_block: call.hidden_block,
        };
        let set = call.who.chat(graph).and_then(|chat| graph.set_flags(&chat, flags));
        set.map(|()| json!({})).map_err(missing)
    }))
}

/// Absent `token`: the Page token of `profile`.
#[derive(Deserialize)]
struct TokenCall {
    token: Option<String>,
    #[serde(default)]
    profile: usize,
    state: Option<String>,
    scopes: Option<Vec<String>>,
    /// It ends so many milliseconds from now, and with it the access to data.
    expires_in_ms: Option<i64>,
}

async fn token(Shared(core): Shared<Arc<Core>>, body: Bytes) -> Response {
    done(parse(&body).and_then(|call: TokenCall| {
        let graph = Graph::new(&core);
        let token = call.token.unwrap_or_else(|| graph.page_token(ProfileId(call.profile)));
        if let Some(word) = call.state {
            let state = match word.as_str() {
                "valid" => TokenState::Valid,
                "expired" => TokenState::Expired { since_ms: core.clock.now_ms() },
                "revoked" => TokenState::Revoked,
                "password_changed" => TokenState::PasswordChanged,
                "no_role" => TokenState::NoRole,
                "checkpoint" => TokenState::Checkpoint,
                "garbage" => TokenState::Garbage,
                _ => return Err(Box::new(answer::bad("no such token state"))),
            };
            graph.set_token_state(&token, state).map_err(missing)?;
        }
        if let Some(scopes) = call.scopes {
            let scopes: Vec<&str> = scopes.iter().map(String::as_str).collect();
            graph.set_scopes(&token, &scopes).map_err(missing)?;
        }
        if let Some(left) = call.expires_in_ms {
            let end = core.clock.now_ms() + left;
            graph.set_token_ends(&token, Some(end), end).map_err(missing)?;
        }
        Ok(json!({}))
    }))
}

/// What a Page and the person behind its token have; what is absent stays.
#[derive(Deserialize)]
struct PageCall {
    #[serde(default)]
    profile: usize,
    /// An Instagram account is linked.
    instagram: Option<bool>,
    /// "Allow access to messages".
    instagram_access: Option<bool>,
    /// The person may answer messages there.
    messaging: Option<bool>,
}

async fn page(Shared(core): Shared<Arc<Core>>, body: Bytes) -> Response {
    done(parse(&body).and_then(|call: PageCall| {
        let (graph, profile) = (Graph::new(&core), ProfileId(call.profile));
        let instagram = call.instagram.map(|linked| graph.link_instagram(profile, linked));
        let access = call.instagram_access.map(|on| graph.set_instagram_access(profile, on));
        let tasks: &[&str] = if call.messaging == Some(false) { &["ANALYZE"] } else { &["MESSAGING", "MODERATE"] };
        let messaging = call.messaging.map(|_| graph.set_tasks(profile, tasks));
        let all: Result<Vec<()>, SimError> = [instagram, access, messaging].into_iter().flatten().collect();
        all.map(|_| json!({})).map_err(missing)
    }))
}

#[derive(Deserialize)]
struct UsageCall {
    #[serde(default)]
    profile: usize,
    /// Absent: the meter of user and app tokens.
    platform: Option<String>,
    percent: u32,
    #[serde(default)]
    regain_minutes: u32,
}

async fn usage(Shared(core): Shared<Arc<Core>>, body: Bytes) -> Response {
    done(parse(&body).map(|call: UsageCall| {
        let graph = Graph::new(&core);
        let meter = Meter { regain_minutes: call.regain_minutes, ..Meter::percent(call.percent) };
        match call.platform.as_deref().and_then(Platform::parse) {
            Some(platform) => graph.set_usage(ProfileId(call.profile), platform, meter),
            None => graph.set_app_usage(meter),
        }
        json!({})
    }))
}

/// The switches that a test in another language needs; the rest is for Rust.
#[derive(Deserialize)]
struct KnobsCall {
    /// 0: as many as you like.
    reads_per_second: Option<usize>,
    empty_pages: Option<u32>,
    repeat_next: Option<bool>,
    instagram_details: Option<usize>,
    latency_ms: Option<u64>,
    require_proof: Option<bool>,
    unknown_fields: Option<Vec<String>>,
}

async fn knobs(Shared(core): Shared<Arc<Core>>, body: Bytes) -> Response {
    done(parse(&body).map(|call: KnobsCall| {
        Graph::new(&core).set_knobs(|knobs| {
            if let Some(reads) = call.reads_per_second {
                knobs.reads_per_second = Some(reads).filter(|n| *n > 0);
            }
            knobs.empty_pages = call.empty_pages.unwrap_or(knobs.empty_pages);
            knobs.repeat_next = call.repeat_next.unwrap_or(knobs.repeat_next);
            knobs.instagram_details = call.instagram_details.unwrap_or(knobs.instagram_details);
            knobs.latency_ms = call.latency_ms.unwrap_or(knobs.latency_ms);
            knobs.require_proof = call.require_proof.unwrap_or(knobs.require_proof);
            if let Some(names) = call.unknown_fields {
                knobs.unknown_fields = names.into_iter().collect();
            }
        });
        json!({})
    }))
}

#[derive(Deserialize)]
struct FailCall {
    #[serde(default)]
    method: String,
    /// Somewhere in the path.
    #[serde(default)]
    part: String,
    #[serde(default = "once")]
    times: u32,
    code: u32,
    subcode: Option<u32>,
    http: Option<u16>,
}

fn once() -> u32 {
    1
}

async fn fail(Shared(core): Shared<Arc<Core>>, body: Bytes) -> Response {
    done(parse(&body).map(|call: FailCall| {
        let error = GraphError::of(call.code, call.subcode);
        let error = GraphError { http: call.http.unwrap_or(error.http), ..error };
        Graph::new(&core).on(&call.method, &call.part).times(call.times).fail(Fault::Graph(error));
        json!({})
    }))
}

async fn calls(Shared(core): Shared<Arc<Core>>) -> Response {
    let rows: Vec<Value> = Graph::new(&core)
        .calls()
        .into_iter()
        .map(|((profile, platform), calls)| {
            json!({ "profile": profile.index(), "platform": platform.map(Platform::wire), "calls": calls })
        })
        .collect();
    answer::ok(&rows)
}

async fn chats(Shared(core): Shared<Arc<Core>>) -> Response {
    let graph = Graph::new(&core);
    let pages: Vec<ProfileId> = core.lock().graph.pages.iter().map(|p| p.profile).collect();
    let mut rows = Vec::new();
    for profile in pages {
        for platform in [Platform::Facebook, Platform::Instagram] {
            for chat in graph.chats(profile, platform) {
                let name = core.lock().conversation(&chat).ok().and_then(|c| c.person.name.clone());
                rows.push(json!({
                    "profile": profile.index(), "platform": platform.wire(), "conversation": chat.conversation,
                    "person": chat.person, "name": name,
                }));
            }
        }
    }
    answer::ok(&rows)
}
