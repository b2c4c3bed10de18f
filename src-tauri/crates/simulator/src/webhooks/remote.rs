//! `/__control/webhooks/…`: Ayrshare's webhooks held, doubled, forged and sent again, for tests in other processes. Exists
//! only with the feature `control`, never in a release of the app.

use std::sync::Arc;

use axum::Router;
use axum::extract::State as Shared;
use axum::response::Response;
use axum::routing::post;
use bytes::Bytes;
use serde::Deserialize;
use serde_json::json;

use crate::graph::hooks::wire::Signing;
use crate::server::answer;
use crate::state::Core;
use crate::webhooks::signing::Digest;

pub(crate) fn router() -> Router<Arc<Core>> {
    Router::new()
        .route("/webhooks/knobs", post(knobs))
        .route("/webhooks/release", post(release))
        .route("/webhooks/redeliver", post(redeliver))
}

/// Absent: as it is.
#[derive(Deserialize)]
struct Knobs {
    signing: Option<Signing>,
    digest: Option<Digest>,
    time_off_s: Option<i64>,
    twice: Option<bool>,
    hold: Option<bool>,
}

async fn knobs(Shared(core): Shared<Arc<Core>>, body: Bytes) -> Response {
    match serde_json::from_slice::<Knobs>(&body) {
        Ok(call) => {
            let knobs = &mut core.lock().hooks.knobs;
            knobs.signing = call.signing.unwrap_or(knobs.signing);
            knobs.digest = call.digest.unwrap_or(knobs.digest);
            knobs.time_off_s = call.time_off_s.unwrap_or(knobs.time_off_s);
            knobs.twice = call.twice.unwrap_or(knobs.twice);
            knobs.hold = call.hold.unwrap_or(knobs.hold);
            answer::ok(&json!({}))
        }
        Err(error) => answer::bad(&error.to_string()),
    }
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Release {
    newest_first: bool,
}

async fn release(Shared(core): Shared<Arc<Core>>, body: Bytes) -> Response {
    match serde_json::from_slice::<Release>(&body) {
        Ok(call) => {
            core.act(|state, now| state.release_webhooks(now, call.newest_first));
            answer::ok(&json!({}))
        }
        Err(error) => answer::bad(&error.to_string()),
    }
}

#[derive(Deserialize)]
struct Redeliver {
    hook_id: String,
    #[serde(default)]
    new_hook_id: bool,
}

async fn redeliver(Shared(core): Shared<Arc<Core>>, body: Bytes) -> Response {
    let call: Redeliver = match serde_json::from_slice(&body) {
        Ok(call) => call,
        Err(error) => return answer::bad(&error.to_string()),
    };
    core.act(|state, now| {
        let sent = state.hooks.log.iter().find(|w| w.hook_id == call.hook_id).cloned();
        let Some(sent) = sent else { return answer::flat(404, 404, "control", "no such webhook") };
        state.redeliver(now, &sent, call.new_hook_id);
        answer::ok(&json!({}))
    })
}
