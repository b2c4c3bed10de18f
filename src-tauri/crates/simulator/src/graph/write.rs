//! The calls that change something, by path (reference 6, 7.4, 12).

use std::sync::Arc;

use serde_json::Value;

use crate::graph::call::{Call, Caller};
use crate::graph::error::GraphError;
use crate::graph::{people, send, subscribed, upload};
use crate::platform::Platform;
use crate::state::Core;

/// Whether this call belongs here: every POST and DELETE, and reading what was subscribed.
pub(crate) fn is_meant(call: &Call) -> bool {
    call.method != "GET" || matches!(call.path.last().map(String::as_str), Some("subscribed_apps" | "subscriptions"))
}

/// Answers one call. `meter` is told which platform it was about.
pub(crate) async fn dispatch(
    core: &Arc<Core>,
    call: &Call,
    caller: &Caller,
    meter: &mut Option<Platform>,
) -> Result<Value, GraphError> {
    let path: Vec<&str> = call.path.iter().map(String::as_str).collect();
    let unknown = || GraphError::no_path(&path.join("/"));
    let &[node, edge] = path.as_slice() else { return Err(unknown()) };
    if edge == "subscriptions" {
        if node != core.lock().graph.app.id {
            return Err(GraphError::no_object(node));
        }
        return subscribed::app(core, caller, call).await;
    }
    if !matches!(
        (call.method.as_str(), edge),
        ("POST", "messages" | "message_attachments") | ("GET" | "POST" | "DELETE", "subscribed_apps")
    ) {
        return Err(unknown());
    }
    let own = caller.must_be_page()?;
    let page = {
        let state = core.lock();
        let instagram = state.graph.page(own).is_some_and(|p| p.instagram)
            && state.world.account(own, Platform::Instagram).is_some_and(|a| a.id == node);
        if instagram && edge == "messages" {
            // Not a permission problem: Instagram is written to through the Page (reference 1.2).
            return Err(GraphError::of(3, None));
        }
        people::named_page(&state, call, node, own).ok_or_else(|| GraphError::no_object(node))?
    };
    match edge {
        "messages" => send::messages(core, caller, page, call, meter).await,
        "message_attachments" => {
            caller.must_have("pages_messaging")?;
            upload::attachments(core, page, call).await
        }
        _ => core.act(|state, _| subscribed::page(state, caller, page, call)),
    }
}
