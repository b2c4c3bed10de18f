//! Who gets webhooks: `/{page-id}/subscribed_apps` for a Page, `/{app-id}/subscriptions` for the app with the handshake of
//! its address (reference 7.1, 7.4).
//!
//! A refused handshake answers code 2200, which is known from the field only (*choice*). `http://` is taken for addresses on
//! this machine; no other address is ever called, so no other passes the handshake.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};

use crate::graph::call::{Call, Caller};
use crate::graph::error::GraphError;
use crate::graph::hooks::{AppSubscription, HookObject};
use crate::graph::state::TokenKind;
use crate::ids;
use crate::state::{Core, State};
use crate::webhooks::{client, is_loopback};
use crate::world::ProfileId;

/// The fields of a list parameter: JSON, or names with commas between.
fn names(call: &Call, name: &str) -> Vec<String> {
    let text = call.param(name).unwrap_or_default();
    serde_json::from_str(text)
        .unwrap_or_else(|_| text.split(',').map(str::trim).filter(|w| !w.is_empty()).map(str::to_owned).collect())
}

fn known(names: Vec<String>, allowed: &[&str], parameter: &str) -> Result<BTreeSet<String>, GraphError> {
    if let Some(unknown) = names.iter().find(|n| !allowed.contains(&n.as_str())) {
        let text = format!("Param {parameter}[0] must be one of {{{}}} - got \"{unknown}\".", allowed.join(", "));
        return Err(GraphError::parameter(&text));
    }
    if names.is_empty() {
        return Err(GraphError::parameter(&format!("The parameter {parameter} is required.")));
    }
    Ok(names.into_iter().collect())
}

/// `GET`, `POST` and `DELETE /{page-id}/subscribed_apps`.
pub(crate) fn page(state: &mut State, caller: &Caller, profile: ProfileId, call: &Call) -> Result<Value, GraphError> {
    caller.must_have("pages_manage_metadata")?;
    match call.method.as_str() {
        "GET" => {
            let app = &state.graph.app;
            let rows: Vec<Value> = state
                .graph
                .hooks
                .pages
                .get(&profile)
                .map(|fields| {
                    json!({
                        "category": "Business", "link": format!("https://www.example.com/{}", app.id),
                        "name": app.name, "id": app.id, "subscribed_fields": fields,
                    })
                })
                .into_iter()
                .collect();
            Ok(json!({ "data": rows }))
        }
        "POST" => {
            if !state.graph.page(profile).is_some_and(|p| p.tasks.contains(&"MODERATE")) {
                return Err(GraphError::of(200, None));
            }
            let fields = known(names(call, "subscribed_fields"), HookObject::Page.fields(), "subscribed_fields")?;
            state.graph.hooks.subscribe_page(profile, fields);
            // A string in the documented sample.
            Ok(json!({ "success": "true" }))
        }
        "DELETE" => {
            state.graph.hooks.pages.remove(&profile);
            Ok(json!({ "success": true }))
        }
        _ => Err(GraphError::no_path("subscribed_apps")),
    }
}

/// `GET`, `POST` and `DELETE /{app-id}/subscriptions`, with an app token.
pub(crate) async fn app(core: &Arc<Core>, caller: &Caller, call: &Call) -> Result<Value, GraphError> {
    if caller.kind != TokenKind::App {
        return Err(GraphError::new(15, "(#15) This method must be called with an app access_token."));
    }
    match call.method.as_str() {
        "GET" => Ok(list(&core.lock())),
        "DELETE" => {
            let mut state = core.lock();
            match call.param("object") {
                None => state.graph.hooks.apps.clear(),
                Some(text) => drop(state.graph.hooks.apps.remove(&object(text)?)),
            }
            Ok(json!({ "success": true }))
        }
        "POST" => {
            let object = object(call.required("object")?)?;
            let url = call.required("callback_url")?.to_owned();
            let word = call.required("verify_token")?;
            let fields = known(names(call, "fields"), object.fields(), "fields")?;
            let challenge = {
                let mut state = core.lock();
                state.graph.issued += 1;
                let label = format!("graph/challenge/{}", state.graph.issued);
                ids::user(state.world.seed, crate::platform::Platform::Facebook, &label)
            };
            handshake(core, &url, word, &challenge).await?;
            core.lock().graph.hooks.apps.insert(object, AppSubscription { url, fields });
            Ok(json!({ "success": true }))
        }
        _ => Err(GraphError::no_path("subscriptions")),
    }
}

fn object(text: &str) -> Result<HookObject, GraphError> {
    HookObject::parse(text).ok_or_else(|| GraphError::parameter("Param object must be one of {page, instagram}"))
}

fn list(state: &State) -> Value {
    let rows: Vec<Value> = state
        .graph
        .hooks
        .apps
        .iter()
        .map(|(object, subscription)| {
            let fields: Vec<Value> =
                subscription.fields.iter().map(|f| json!({ "name": f, "version": "v25.0" })).collect();
            json!({ "object": object.wire(), "callback_url": subscription.url, "active": true, "fields": fields })
        })
        .collect();
    json!({ "data": rows })
}

/// The address must answer the challenge with 200 and nothing else.
async fn handshake(core: &Arc<Core>, url: &str, word: &str, challenge: &str) -> Result<(), GraphError> {
    let refused = |why: &str| {
        Err(GraphError::new(2200, format!("(#2200) Callback verification failed with the following errors: {why}")))
    };
    if !is_loopback(url) {
        return refused("The URL couldn't be validated.");
    }
    let patience = Duration::from_millis(core.lock().graph.hooks.knobs.patience_ms);
    let pairs = [("hub.mode", "subscribe"), ("hub.challenge", challenge), ("hub.verify_token", word)];
    let Some(client) = client() else { return refused("Timeout") };
    let Ok(answer) = client.get(url).query(&pairs).timeout(patience).send().await else {
        return refused("Timeout");
    };
    let status = answer.status().as_u16();
    if status != 200 {
        return refused(&format!("HTTP Status Code = {status}"));
    }
    match answer.text().await {
        Ok(text) if text == challenge => Ok(()),
        _ => refused("Response does not match challenge"),
    }
}
