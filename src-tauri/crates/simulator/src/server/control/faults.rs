//! `/__control/fail` and its neighbours: faults, echoes and sudden changes, by name.
//!
//! `{"method", "path", "within", "query", "skip", "times", "always", "fault": {"kind": …}}`; everything but `fault` may be
//! left out. One shape serves both faces: Ayrshare's paths begin with `/messages` or `/media`, Graph's with `/graph`.

use std::sync::Arc;

use axum::Router;
use axum::extract::State as Shared;
use axum::response::Response;
use axum::routing::post;
use bytes::Bytes;
use serde::Deserialize;
use serde_json::json;

use crate::echo::Echo;
use crate::fault::{Fault, FaultRule};
use crate::graph::error::GraphError;
use crate::graph::state::TokenState;
use crate::meanwhile::Meanwhile;
use crate::net::Cut;
use crate::server::answer;
use crate::server::control::{Who, done, on_chat, parse};
use crate::state::Core;

pub(super) fn router() -> Router<Arc<Core>> {
    Router::new()
        .route("/fail", post(fail))
        .route("/clear-faults", post(clear_faults))
        .route("/echoes", post(echoes))
        .route("/meanwhile", post(meanwhile))
        .route("/close-window", post(close_window))
}

/// The faults that a test in another language or process needs; the rest is for Rust.
#[derive(Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
enum FaultCall {
    Status { http: u16 },
    Error { http: u16, code: u32, message: String },
    Graph { code: u32, subcode: Option<u32>, http: Option<u16> },
    Html { http: u16 },
    Empty,
    Body { http: u16, body: String },
    OkButError,
    RateLimited { retry_after_s: Option<u64> },
    Garbage { bytes: u64 },
    Huge { bytes: u64 },
    Redirect { http: u16, to: String },
    Reset,
    HalfOpen,
    Delay { ms: u64 },
    CutBody { after: u64 },
    CutUpload { after: u64 },
    SlowUpload { bytes_per_second: u64 },
    LostUpload,
    Slow { bytes_per_second: u64 },
    WithoutId,
    Applied { then: Box<Self> },
    Before { what: MeanwhileCall },
    After { what: MeanwhileCall },
    ApplyThenDrop,
    ApplyThenStatus { http: u16 },
    ClockOff { ms: i64 },
    UnknownEnums,
    MissingFields,
}

/// [`Meanwhile`] by name.
#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum MeanwhileCall {
    WindowsClose,
    TokensRevoked,
    TokensGarbage,
    PasswordChanged,
    KeyDies,
    ProfilesSuspended,
}

impl From<MeanwhileCall> for Meanwhile {
    fn from(call: MeanwhileCall) -> Self {
        match call {
            MeanwhileCall::WindowsClose => Self::WindowsClose,
            MeanwhileCall::TokensRevoked => Self::TokensBecome(TokenState::Revoked),
            MeanwhileCall::TokensGarbage => Self::TokensBecome(TokenState::Garbage),
            MeanwhileCall::PasswordChanged => Self::TokensBecome(TokenState::PasswordChanged),
            MeanwhileCall::KeyDies => Self::KeyDies,
            MeanwhileCall::ProfilesSuspended => Self::ProfilesSuspended,
        }
    }
}

impl From<FaultCall> for Fault {
    fn from(call: FaultCall) -> Self {
        match call {
            FaultCall::Status { http } => Self::http(http),
            FaultCall::Error { http, code, message } => Self::Status { http, code, message },
            FaultCall::Graph { code, subcode, http } => {
                let error = GraphError::of(code, subcode);
                let http = http.unwrap_or(error.http);
                Self::Graph(error.http(http))
            }
            FaultCall::Html { http } => Self::Html { http },
            FaultCall::Empty => Self::Empty,
            FaultCall::Body { http, body } => Self::Body { http, body },
            FaultCall::OkButError => Self::OkButError,
            FaultCall::RateLimited { retry_after_s } => Self::RateLimited { retry_after_s },
            FaultCall::Garbage { bytes } => Self::Garbage { bytes },
            FaultCall::Huge { bytes } => Self::Huge { bytes },
            FaultCall::Redirect { http, to } => Self::Redirect { http, to },
            FaultCall::Reset => Self::Reset,
            FaultCall::HalfOpen => Self::HalfOpen,
            FaultCall::Delay { ms } => Self::Delay { ms },
            FaultCall::CutBody { after } => Self::CutBody { after, how: Cut::Close },
            FaultCall::CutUpload { after } => Self::CutUpload { after },
            FaultCall::SlowUpload { bytes_per_second } => Self::SlowUpload { bytes_per_second },
            FaultCall::LostUpload => Self::LostUpload,
            FaultCall::Slow { bytes_per_second } => Self::Slow { bytes_per_second },
            FaultCall::WithoutId => Self::without_id(),
            FaultCall::Applied { then } => Self::applied((*then).into()),
            FaultCall::Before { what } => Self::Before(what.into()),
            FaultCall::After { what } => Self::After(what.into()),
            FaultCall::ApplyThenDrop => Self::apply_then_drop(),
            FaultCall::ApplyThenStatus { http } => Self::applied(Self::http(http)),
            FaultCall::ClockOff { ms } => Self::ClockOff { ms },
            FaultCall::UnknownEnums => Self::UnknownEnums,
            FaultCall::MissingFields => Self::MissingFields,
        }
    }
}

#[derive(Deserialize)]
struct FailCall {
    #[serde(default)]
    method: String,
    #[serde(default)]
    path: String,
    #[serde(default)]
    within: String,
    query: Option<String>,
    #[serde(default)]
    skip: u32,
    #[serde(default = "once")]
    times: u32,
    #[serde(default)]
    always: bool,
    fault: FaultCall,
}

fn once() -> u32 {
    1
}

async fn fail(Shared(core): Shared<Arc<Core>>, body: Bytes) -> Response {
    done(parse(&body).map(|call: FailCall| {
        let times = if call.always { u32::MAX } else { call.times };
        let rule = FaultRule::new(&core, Some(&call.method), &call.path).within(&call.within);
        let rule = rule.skip(call.skip).times(times);
        match &call.query {
            Some(part) => rule.query(part),
            None => rule,
        }
        .fail(call.fault.into());
        json!({})
    }))
}

async fn clear_faults(Shared(core): Shared<Arc<Core>>) -> Response {
    let mut state = core.lock();
    state.faults.clear();
    state.hooks.echoes.clear();
    state.graph.hooks.echoes.clear();
    answer::ok(&json!({}))
}

#[derive(Deserialize)]
struct EchoesCall {
    /// `ayrshare` or `meta`.
    face: String,
    #[serde(default = "once")]
    times: u32,
    #[serde(flatten)]
    echo: Echo,
}

async fn echoes(Shared(core): Shared<Arc<Core>>, body: Bytes) -> Response {
    done(parse(&body).and_then(|call: EchoesCall| {
        let mut state = core.lock();
        let list = match call.face.as_str() {
            "ayrshare" => &mut state.hooks.echoes,
            "meta" => &mut state.graph.hooks.echoes,
            _ => return Err(Box::new(answer::bad("face must be ayrshare or meta."))),
        };
        list.arm(call.times, call.echo);
        Ok(json!({}))
    }))
}

#[derive(Deserialize)]
struct WhatCall {
    what: MeanwhileCall,
}

async fn meanwhile(Shared(core): Shared<Arc<Core>>, body: Bytes) -> Response {
    done(parse(&body).map(|call: WhatCall| {
        core.lock().meanwhile(call.what.into());
        json!({})
    }))
}

async fn close_window(Shared(core): Shared<Arc<Core>>, body: Bytes) -> Response {
    done(
        parse(&body)
            .and_then(|who: Who| on_chat(&core, &who, |state, _, chat| state.close_window(chat)).map(|()| json!({}))),
    )
}
