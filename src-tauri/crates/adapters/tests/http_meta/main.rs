//! How the other half of Graph's adapter behaves on the wire: the check of a token, sends, profiles, webhooks. Against
//! answers made up here, each as small as its point allows.

#![expect(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

mod checks;
mod hooks;
mod profiles;
mod sends;
#[expect(dead_code, reason = "shared with the tests of Ayrshare")]
#[path = "../http/server.rs"]
mod server;
mod simulated;
mod subscriptions;
mod uploads;

use backscroll_adapters::Secret;
use backscroll_adapters::meta::{Meta, MetaConfig};
use backscroll_model::RemoteId;
use server::Server;

pub(crate) const PAGE: &str = "104455667788990";
pub(crate) const IGID: &str = "17841400099887766";
pub(crate) const PSID: &str = "7301122334455667";
pub(crate) const IGSID: &str = "6120011223344556";
/// The secrets of every test, so that each can look for them.
pub(crate) const TOKEN: &str = "EAAPageToken1111";
pub(crate) const APP_SECRET: &str = "app-secret-2222";

/// A connection to `base`, of a Page with a linked Instagram account.
pub(crate) fn config(base: &str) -> MetaConfig {
    let mut config = MetaConfig::new(Secret::new(TOKEN));
    config.api_base = base.to_owned();
    config.page = Some(RemoteId::from(PAGE));
    config.instagram = Some(RemoteId::from(IGID));
    config
}

pub(crate) fn meta(server: &Server) -> Meta {
    Meta::new(config(&format!("http://{}", server.addr))).unwrap()
}

/// An error of Graph's; subcode 0: none.
pub(crate) fn refusal(status: u16, code: i64, subcode: i64, message: &str) -> axum::response::Response {
    let mut error = serde_json::json!({"message": message, "type": "OAuthException", "code": code, "fbtrace_id": "Ax"});
    if subcode != 0 {
        error["error_subcode"] = serde_json::json!(subcode);
    }
    server::json(status, &serde_json::json!({ "error": error }))
}

/// A query, decoded.
pub(crate) fn query(asked: &server::Asked) -> std::collections::BTreeMap<String, String> {
    url::form_urlencoded::parse(asked.query.as_bytes()).into_owned().collect()
}
