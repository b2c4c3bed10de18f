//! Whether a token works, and what may be asked about it (reference 1.4, 1.5).
//!
//! The token is looked at before the path, as Meta does: an unknown path with a dead token is a dead token.

use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::{Value, json};
use sha2::Sha256;

use crate::graph::call::{Call, Caller};
use crate::graph::error::GraphError;
use crate::graph::state::{SCOPES, Token, TokenKind, TokenState, user_token};
use crate::platform::Platform;
use crate::state::State;

const SIXTY_DAYS_MS: i64 = 60 * 86_400_000;

/// Who holds this token, if it works at `now`.
pub(crate) fn identify(state: &State, now: i64, token: Option<&str>, call: &Call) -> Result<Caller, GraphError> {
    let knobs = &state.graph.knobs;
    let text = token.filter(|t| !t.is_empty()).ok_or_else(|| GraphError::of(104, None).http(knobs.token_status))?;
    let found = state.graph.tokens.get(text);
    let token = found.ok_or_else(|| GraphError::of(190, None).http(knobs.token_status))?;
    if let Some(error) = failure(token, now) {
        return Err(error.http(knobs.token_status));
    }
    if knobs.require_proof {
        let proof = call.param("appsecret_proof");
        let right = proof_of(&state.graph.app.secret, text);
        if proof != Some(right.as_str()) {
            let sentence = match proof {
                None => "API calls from the server require an appsecret_proof argument",
                Some(_) => "Invalid appsecret_proof provided in the API argument",
            };
            return Err(GraphError::new(100, sentence).kind("GraphMethodException"));
        }
    }
    Ok(Caller { token: text.to_owned(), kind: token.kind, scopes: token.scopes.clone() })
}

/// Lower-case hex of HMAC-SHA256 over the token.
pub(crate) fn proof_of(secret: &str, token: &str) -> String {
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret.as_bytes()) else { return String::new() };
    mac.update(token.as_bytes());
    hex::encode(mac.finalize().into_bytes())
}

/// Why a token does not work.
fn failure(token: &Token, now: i64) -> Option<GraphError> {
    let expired = |since: i64| {
        GraphError::new(
            190,
            format!(
                "Error validating access token: Session has expired on {}. The current time is {}.",
                pacific(since),
                pacific(now)
            ),
        )
        .subcode(463)
    };
    match token.state {
        TokenState::Valid => token.expires_ms.filter(|end| *end <= now).map(expired),
        TokenState::Expired { since_ms } => Some(expired(since_ms)),
        TokenState::Revoked => Some(GraphError::of(190, Some(458))),
        TokenState::PasswordChanged => Some(GraphError::of(190, Some(460))),
        TokenState::NoRole => Some(GraphError::of(190, Some(492))),
        TokenState::Checkpoint => Some(GraphError::of(190, Some(459))),
        TokenState::Garbage => Some(GraphError::of(190, None)),
    }
}

/// `Tuesday, 10-Nov-26 08:00:00 PST`.
fn pacific(at_ms: i64) -> String {
    let at = jiff::Timestamp::from_millisecond(at_ms - 8 * 3_600_000).unwrap_or_default();
    at.strftime("%A, %d-%b-%y %H:%M:%S PST").to_string()
}

/// `GET /debug_token`: answers 200 for a bad token too.
pub(crate) fn debug(state: &State, now: i64, call: &Call) -> Result<Value, GraphError> {
    let input = call.required("input_token")?;
    let Some(token) = state.graph.tokens.get(input) else {
        let error = GraphError::of(190, None);
        let said = json!({ "code": error.code, "message": error.message });
        return Ok(json!({ "data": { "is_valid": false, "error": said, "scopes": [] } }));
    };
    let page = |profile| state.world.account(profile, Platform::Facebook).map(|a| a.id.clone());
    let (kind, profile_id, targets) = match token.kind {
        TokenKind::Page(profile) => ("PAGE", page(profile), page(profile).into_iter().collect()),
        TokenKind::User => ("USER", None, state.graph.pages.iter().filter_map(|p| page(p.profile)).collect::<Vec<_>>()),
        TokenKind::App => ("APP", None, Vec::new()),
    };
    let scopes = &token.scopes;
    let granular: Vec<Value> = scopes.iter().map(|s| json!({ "scope": s, "target_ids": targets })).collect();
    let mut data = json!({
        "app_id": state.graph.app.id, "type": kind, "application": state.graph.app.name,
        "data_access_expires_at": token.data_access_ms / 1_000,
        "expires_at": token.expires_ms.map_or(0, |ms| ms / 1_000),
        "is_valid": true, "issued_at": token.issued_ms / 1_000, "scopes": scopes, "granular_scopes": granular,
        "user_id": state.graph.user.0,
    });
    if let Some(object) = data.as_object_mut() {
        object.extend(profile_id.map(|id| ("profile_id".to_owned(), json!(id))));
        if let Some(error) = failure(token, now) {
            object.insert("is_valid".to_owned(), json!(false));
            let said = json!({ "code": error.code, "message": error.message, "subcode": error.subcode });
            object.insert("error".to_owned(), said);
        }
    }
    Ok(json!({ "data": data }))
}

/// `GET /oauth/access_token`: a short-lived user token becomes one of 60 days.
pub(crate) fn exchange(state: &mut State, now: i64, call: &Call) -> Result<Value, GraphError> {
    let grant = call.required("grant_type")?;
    let app = &state.graph.app;
    if call.required("client_id")? != app.id {
        return Err(GraphError::new(
            101,
            "Error validating application. Cannot get application info due to a system error.",
        ));
    }
    if call.required("client_secret")? != app.secret {
        return Err(GraphError::new(1, "Error validating client secret.").http(400));
    }
    match grant {
        "fb_exchange_token" => {}
        // An app token is its two halves.
        "client_credentials" => {
            return Ok(json!({ "access_token": format!("{}|{}", app.id, app.secret), "token_type": "bearer" }));
        }
        other => return Err(GraphError::parameter(&format!("The grant type {other} is not supported"))),
    }
    let short = call.required("fb_exchange_token")?;
    let found = state.graph.tokens.get(short).ok_or_else(|| GraphError::of(190, None))?;
    if let Some(error) = failure(found, now) {
        return Err(error);
    }
    let mut long = found.clone();
    long.issued_ms = now;
    long.expires_ms = Some(now + SIXTY_DAYS_MS);
    let text = state.mint(long);
    Ok(json!({ "access_token": text, "token_type": "bearer", "expires_in": SIXTY_DAYS_MS / 1_000 }))
}

impl State {
    /// Puts a token into the table under a new text.
    pub(crate) fn mint(&mut self, token: Token) -> String {
        self.graph.issued += 1;
        let text = user_token(self.world.seed, self.graph.issued);
        self.graph.tokens.insert(text.clone(), token);
        text
    }

    /// A fresh token of this kind, with every permission.
    pub(crate) fn new_token(&self, now: i64, kind: TokenKind) -> Token {
        Token {
            kind,
            state: TokenState::Valid,
            scopes: SCOPES.iter().map(|&s| s.to_owned()).collect(),
            issued_ms: now,
            expires_ms: None,
            data_access_ms: now + 90 * 86_400_000,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_moment_of_expiry_is_written_as_meta_writes_it() {
        assert_eq!(pacific(1_794_326_400_000), "Tuesday, 10-Nov-26 08:00:00 PST");
    }
}
