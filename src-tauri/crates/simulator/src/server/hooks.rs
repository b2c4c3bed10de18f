//! `/hook/webhook`: register, unregister, list, and the rotation of the secret (reference 6.1–6.4).
//!
//! The path of the rotation is unknown; `/hook/webhook/secret` is ours.

use std::sync::Arc;

use axum::extract::{Extension, State as Shared};
use axum::response::Response;
use bytes::Bytes;
use serde_json::{Map, Value, json};

use crate::clock::iso_s;
use crate::server::answer::{self, object};
use crate::server::gate::Caller;
use crate::state::Core;
use crate::webhooks::{ACTIONS, is_loopback};

fn action(body: &Bytes) -> Result<(String, Map<String, Value>), Box<Response>> {
    let fields = object(body)?;
    let action = fields.get("action").and_then(Value::as_str).filter(|a| ACTIONS.contains(a)).map(str::to_owned);
    Ok((action.ok_or_else(|| Box::new(answer::bad("action is missing or unknown.")))?, fields))
}

pub(crate) async fn register(
    Shared(core): Shared<Arc<Core>>,
    Extension(caller): Extension<Caller>,
    body: Bytes,
) -> Response {
    let (action, fields) = match action(&body) {
        Ok(read) => read,
        Err(refusal) => return *refusal,
    };
    let url = fields.get("url").and_then(Value::as_str).unwrap_or_default();
    // https everywhere, except for a receiver beside us (as reference 11.2 does for media).
    if !(url.starts_with("https://") || url.starts_with("http://") && is_loopback(url)) {
        return answer::bad("url must begin with https://.");
    }
    let secret = fields.get("secret").and_then(Value::as_str);
    core.act(|state, now| {
        state.hooks.register(now, caller.profile, &action, url, secret);
        let ref_id = state.world.profiles.get(caller.profile.0).map(|p| p.ref_id.clone());
        answer::ok(&json!({ "status": "success", "action": action, "url": url, "refId": ref_id }))
    })
}

pub(crate) async fn unregister(
    Shared(core): Shared<Arc<Core>>,
    Extension(caller): Extension<Caller>,
    body: Bytes,
) -> Response {
    match action(&body) {
        Ok((action, _)) if core.lock().hooks.unregister(caller.profile, &action) => {
            answer::ok(&json!({ "status": "success", "action": action }))
        }
        Ok(_) => answer::flat(404, 404, "request", "No webhook is registered for this action."),
        Err(refusal) => *refusal,
    }
}

pub(crate) async fn list(Shared(core): Shared<Arc<Core>>, Extension(caller): Extension<Caller>) -> Response {
    let state = core.lock();
    let mut out = Map::from_iter([("status".to_owned(), json!("success"))]);
    let mut latest = None;
    for (action, hook) in state.hooks.of(caller.profile) {
        out.insert(action.to_owned(), json!(hook.url));
        out.insert(format!("{action}Updated"), json!(iso_s(hook.updated_ms)));
        latest = latest.max(Some(hook.updated_ms));
    }
    if let Some(at) = latest {
        out.insert("updated".to_owned(), json!(iso_s(at)));
    }
    answer::ok(&out)
}

pub(crate) async fn rotate(
    Shared(core): Shared<Arc<Core>>,
    Extension(caller): Extension<Caller>,
    body: Bytes,
) -> Response {
    let secret = match object(&body) {
        Ok(fields) => fields.get("secret").and_then(Value::as_str).filter(|s| !s.is_empty()).map(str::to_owned),
        Err(refusal) => return *refusal,
    };
    let Some(secret) = secret else { return answer::bad("secret is required.") };
    core.act(|state, now| {
        state.hooks.rotate(now, caller.profile, &secret);
        let ref_id = state.world.profiles.get(caller.profile.0).map(|p| p.ref_id.clone());
        answer::ok(&json!({ "status": "success", "refId": ref_id }))
    })
}
