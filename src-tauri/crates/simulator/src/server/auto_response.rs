//! `GET` and `POST /messages/autoresponse` (reference 5): the settings of a profile. A change with one wrong value changes
//! nothing.

use std::sync::Arc;

use axum::extract::{Extension, State as Shared};
use axum::response::Response;
use bytes::Bytes;
use serde_json::{Map, Value, json};

use crate::server::answer::{self, object};
use crate::server::gate::Caller;
use crate::state::{AutoResponse, Core};

pub(crate) async fn read(Shared(core): Shared<Arc<Core>>, Extension(caller): Extension<Caller>) -> Response {
    let state = core.lock();
    let mut out = Map::from_iter([("status".to_owned(), json!("success"))]);
    if let Some(auto) = state.auto.get(&caller.profile) {
        out.extend(settings(auto));
    }
    answer::ok(&out)
}

pub(crate) async fn set(
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
