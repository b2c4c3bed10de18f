//! `/profiles`: the User Profiles under one key (reference 8.2).

use std::sync::Arc;

use axum::extract::{Extension, RawQuery, State as Shared};
use axum::http::HeaderMap;
use axum::response::Response;
use bytes::Bytes;
use serde_json::{Map, Value, json};

use crate::clock::{iso_ms, iso_s};
use crate::ids;
use crate::server::answer::{self, boolean, object, pairs, query, query_list};
use crate::server::gate::Caller;
use crate::server::user::created;
use crate::state::{Core, State};
use crate::world::{Profile, ProfileId};

type Refused = Box<Response>;

/// Calls that act on the list of profiles take the API key alone.
fn primary_only(caller: Caller) -> Result<(), Refused> {
    if caller.as_profile {
        return Err(Box::new(answer::flat(403, 403, "authorization", "Use the API Key without a Profile Key.")));
    }
    Ok(())
}

fn bad(message: &str) -> Refused {
    Box::new(answer::bad(message))
}

fn networks(profile: &Profile) -> Vec<&'static str> {
    let mut all: Vec<&str> = profile.accounts.values().filter(|a| a.linked).map(|a| a.platform.wire()).collect();
    all.extend(&profile.other_networks);
    all.sort_unstable();
    all
}

pub(crate) async fn list(
    Shared(core): Shared<Arc<Core>>,
    Extension(caller): Extension<Caller>,
    RawQuery(raw): RawQuery,
) -> Response {
    let state = core.lock();
    let now = core.clock.now_ms() + state.skew_ms;
    primary_only(caller).and_then(|()| page(&state, now, &pairs(raw.as_deref()))).unwrap_or_else(|refusal| *refusal)
}

fn page(state: &State, now: i64, pairs: &[(String, String)]) -> Result<Response, Refused> {
    let keys = query_list(pairs, "profileKeys");
    let includes = query_list(pairs, "includesActiveSocialAccounts");
    let linked = match query(pairs, "hasActiveSocialAccounts") {
        None => None,
        given => Some(boolean(given)?),
    };
    let limit = match query(pairs, "limit") {
        None => 5_000,
        Some(text) => {
            text.parse().ok().filter(|n| (1..=5_000).contains(n)).ok_or_else(|| bad("limit must be 1 to 5000."))?
        }
    };
    let skip: usize = match query(pairs, "cursor").filter(|c| !c.is_empty()) {
        None => 0,
        Some(text) => text.parse().map_err(|_| bad("cursor is not valid."))?,
    };
    let fits = |p: &&Profile| {
        // The Primary Profile is never listed.
        p.key.as_ref().is_some_and(|key| keys.is_empty() || keys.contains(&key.as_str()))
            && !p.deleted
            && query(pairs, "title").is_none_or(|t| t == p.title)
            && query(pairs, "refId").is_none_or(|r| r == p.ref_id)
            && linked.is_none_or(|l| l != networks(p).is_empty())
            && includes.iter().all(|n| networks(p).contains(n))
    };
    let all: Vec<&Profile> = state.world.profiles.iter().filter(fits).collect();
    let more = all.len() > skip + limit;
    let rows: Vec<Value> = all.into_iter().skip(skip).take(limit).map(row).collect();
    let mut pagination = json!({ "hasMore": more, "limit": limit });
    if let (true, Some(fields)) = (more, pagination.as_object_mut()) {
        fields.insert("nextCursor".to_owned(), json!((skip + limit).to_string()));
    }
    Ok(answer::ok(&json!({
        "profiles": rows, "count": rows.len(), "pagination": pagination,
        "lastUpdated": iso_ms(now), "nextUpdate": iso_ms(now + 60_000),
    })))
}

fn row(profile: &Profile) -> Value {
    let mut out = json!({
        "status": "active", "title": profile.title, "created": created(profile.created_ms),
        "createdUTC": iso_s(profile.created_ms), "refId": profile.ref_id,
    });
    if let Some(fields) = out.as_object_mut() {
        let networks = networks(profile);
        if !networks.is_empty() {
            fields.insert("activeSocialAccounts".to_owned(), json!(networks));
        }
        if profile.suspended {
            fields.insert("suspended".to_owned(), json!(true));
        }
    }
    out
}

pub(crate) async fn create(
    Shared(core): Shared<Arc<Core>>,
    Extension(caller): Extension<Caller>,
    body: Bytes,
) -> Response {
    core.act(|state, now| {
        primary_only(caller).and_then(|()| insert(state, now, &object(&body)?)).unwrap_or_else(|refusal| *refusal)
    })
}

fn title(fields: &Map<String, Value>) -> Option<&str> {
    fields.get("title").and_then(Value::as_str).map(str::trim).filter(|t| !t.is_empty())
}

fn taken(state: &State, title: &str, by_other_than: Option<usize>) -> bool {
    let mut all = state.world.profiles.iter().enumerate();
    all.any(|(n, p)| !p.deleted && p.key.is_some() && p.title == title && Some(n) != by_other_than)
}

fn insert(state: &mut State, now: i64, fields: &Map<String, Value>) -> Result<Response, Refused> {
    let title = title(fields).ok_or_else(|| bad("title is required."))?;
    if taken(state, title, None) {
        return Err(Box::new(answer::flat(400, 146, "create", "A profile with this title already exists.")));
    }
    let messaging = fields.get("messagingActive").and_then(Value::as_bool).unwrap_or(false);
    let (seed, n) = (state.world.seed, state.world.profiles.len());
    let key = ids::key(seed, &format!("profile/{n}/{title}"));
    let ref_id = ids::hex(seed, &format!("ref/{n}"), 20);
    state.world.profiles.push(Profile {
        title: title.to_owned(),
        key: Some(key.clone()),
        ref_id: ref_id.clone(),
        created_ms: now,
        messaging_enabled: messaging,
        suspended: false,
        deleted: false,
        api_calls: 0,
        accounts: std::collections::BTreeMap::new(),
        other_networks: Vec::new(),
    });
    Ok(answer::ok(&json!({
        "status": "success", "title": title, "refId": ref_id, "profileKey": key, "messagingActive": messaging,
    })))
}

/// The Profile Key from the header or, as the official tests have it, from the body.
fn subject(state: &State, caller: Caller, fields: &Map<String, Value>) -> Result<ProfileId, Refused> {
    if caller.as_profile {
        return Ok(caller.profile);
    }
    let key = fields.get("profileKey").and_then(Value::as_str).ok_or_else(|| bad("profileKey is required."))?;
    let found = state.world.profiles.iter().position(|p| !p.deleted && p.key.as_deref() == Some(key));
    let unknown = || Box::new(answer::flat(404, state.knobs.codes.profile_key, "request", "Profile not found."));
    found.map(ProfileId).ok_or_else(unknown)
}

pub(crate) async fn update(
    Shared(core): Shared<Arc<Core>>,
    Extension(caller): Extension<Caller>,
    _headers: HeaderMap,
    body: Bytes,
) -> Response {
    core.act(|state, _| change(state, caller, &body).unwrap_or_else(|refusal| *refusal))
}

fn change(state: &mut State, caller: Caller, body: &Bytes) -> Result<Response, Refused> {
    let fields = object(body)?;
    let id = subject(state, caller, &fields)?;
    if title(&fields).is_some_and(|t| taken(state, t, Some(id.0))) {
        return Err(Box::new(answer::flat(400, 146, "update", "A profile with this title already exists.")));
    }
    let profile = state.world.profiles.get_mut(id.0).ok_or_else(|| bad("Profile not found."))?;
    if let Some(title) = title(&fields) {
        profile.title = title.to_owned();
    }
    if let Some(active) = fields.get("messagingActive").and_then(Value::as_bool) {
        // Switching it on is not enough: each network must be linked again (reference 1.3).
        if active && !profile.messaging_enabled {
            profile.accounts.values_mut().for_each(|a| a.messaging_active = false);
        }
        profile.messaging_enabled = active;
    }
    Ok(answer::ok(&json!({ "status": "success", "refId": profile.ref_id })))
}

pub(crate) async fn delete(
    Shared(core): Shared<Arc<Core>>,
    Extension(caller): Extension<Caller>,
    body: Bytes,
) -> Response {
    core.act(|state, _| {
        primary_only(caller).and_then(|()| remove(state, caller, &body)).unwrap_or_else(|refusal| *refusal)
    })
}

fn remove(state: &mut State, caller: Caller, body: &Bytes) -> Result<Response, Refused> {
    let id = subject(state, caller, &object(body)?)?;
    let profile = state.world.profiles.get_mut(id.0).ok_or_else(|| bad("Profile not found."))?;
    profile.deleted = true;
    Ok(answer::ok(&json!({ "status": "success", "refId": profile.ref_id })))
}
