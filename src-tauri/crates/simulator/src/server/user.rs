//! `GET /user` (reference 8.1).

use std::sync::Arc;

use axum::extract::{Extension, State as Shared};
use axum::response::Response;
use serde_json::{Map, Value, json};

use crate::clock::{iso_ms, iso_s};
use crate::ids;
use crate::platform::Platform;
use crate::server::answer;
use crate::server::gate::Caller;
use crate::state::{Core, State};
use crate::world::{Account, Profile};

pub(crate) async fn user(Shared(core): Shared<Arc<Core>>, Extension(caller): Extension<Caller>) -> Response {
    let state = core.lock();
    let now = core.clock.now_ms() + state.skew_ms;
    let Some(profile) = state.world.profiles.get(caller.profile.0) else {
        return answer::flat(404, 404, "request", "Profile not found.");
    };
    let mut accounts: Vec<(&str, Value)> = profile
        .accounts
        .values()
        .filter(|a| a.linked)
        .map(|a| (a.platform.wire(), messaging_account(&state, a)))
        .collect();
    accounts.extend(profile.other_networks.iter().map(|n| (*n, other_account(&state, profile, n))));
    accounts.sort_by_key(|(name, _)| *name);
    let mut out = json!({
        "activeSocialAccounts": accounts.iter().map(|(name, _)| *name).collect::<Vec<_>>(),
        "displayNames": accounts.iter().map(|(_, account)| account.clone()).collect::<Vec<_>>(),
        "ayrlinkUrl": "https://ayrlink.example.test/sim",
        "created": created(profile.created_ms),
        "email": "owner@corner-bakery.example.test",
        "lastApiCall": iso_s(now),
        "lastUpdated": iso_s(now),
        "messagingEnabled": profile.messaging_enabled,
        "messagingConversationMonthlyCount": active_conversations(profile, core.clock.now_ms()),
        "monthlyApiCalls": profile.api_calls,
        "nextUpdate": iso_s(now + 60_000),
        "refId": profile.ref_id,
        "title": profile.title,
    });
    if let (true, Some(fields)) = (profile.suspended, out.as_object_mut()) {
        fields.insert("suspended".to_owned(), json!(true));
    }
    answer::ok(&out)
}

/// The object form of `created` that only `/user` and `/profiles` use (reference 10, quirk 21).
pub(crate) fn created(at_ms: i64) -> Value {
    json!({ "_seconds": at_ms.div_euclid(1_000), "_nanoseconds": at_ms.rem_euclid(1_000) * 1_000_000, "utc": iso_s(at_ms) })
}

fn messaging_account(state: &State, account: &Account) -> Value {
    let mut out = Map::from_iter([
        ("platform".to_owned(), json!(account.platform.wire())),
        ("id".to_owned(), json!(account.id)),
        ("displayName".to_owned(), json!(account.name)),
        ("created".to_owned(), json!(iso_ms(account.linked_ms))),
        ("userImage".to_owned(), json!(state.media.own(&account.picture))),
        ("messagingActive".to_owned(), json!(account.messaging_active)),
    ]);
    let extra = match account.platform {
        Platform::Facebook => json!({
            "pageName": account.name, "userId": ids::user(state.world.seed, Platform::Facebook, "owner"),
            "profileUrl": format!("https://www.facebook.com/{}", account.id), "type": "page",
        }),
        Platform::Instagram => json!({
            "username": account.username, "usedQuota": 0,
            "profileUrl": format!("https://www.instagram.com/{}", account.username), "type": "business",
        }),
        Platform::Twitter => json!({
            "username": account.username.replace('.', "_"), "verifiedType": "none", "subscriptionType": "Basic",
            "profileUrl": format!("https://x.com/{}", account.username.replace('.', "_")),
        }),
    };
    if let Value::Object(extra) = extra {
        out.extend(extra);
    }
    Value::Object(out)
}

/// A network without messages. Every field that any network shows, since none of them matters to an inbox.
fn other_account(state: &State, profile: &Profile, network: &str) -> Value {
    let name = profile.accounts.values().next().map(|a| (a.name.as_str(), a.username.as_str(), a.picture.as_str()));
    let (name, username, picture) = name.unwrap_or_default();
    json!({
        "platform": network, "id": ids::hex(state.world.seed, network, 6), "displayName": name, "username": username,
        "created": iso_ms(profile.created_ms), "profileUrl": format!("https://{network}.example.test/{username}"),
        "userImage": state.media.own(picture), "type": "business", "refreshDaysRemaining": 50,
        "refreshRequired": iso_s(state.world.start_ms + 50 * 86_400_000),
    })
}

/// Conversations in which the business wrote within the billing cycle (30 days here, reference 3.5).
pub(crate) fn active_conversations(profile: &Profile, now: i64) -> usize {
    const CYCLE_MS: i64 = 30 * 86_400_000;
    let all = profile.accounts.values().flat_map(|a| &a.conversations).filter(|c| !c.graph_only);
    all.filter(|c| c.sent_since(now - CYCLE_MS)).count()
}
