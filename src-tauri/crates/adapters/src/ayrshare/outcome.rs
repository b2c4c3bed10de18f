//! What came of a send: one pure function, because a wrong answer here loses a message or sends it twice
//! (`reliability.md`, the life of a sent message, 3 and 4).
//!
//! - *Accepted* needs an id of the provider. A success without one is not known.
//! - *Not sent* and *refused* need proof: no byte left, or 401, or 429, or a well-formed refusal. Which of the two is
//!   decided by what the refusal means: what heals by waiting or by the user's act may be tried again.
//! - Everything else is *ambiguous*: an HTML page with status 403 comes from something in between, which proves
//!   nothing about what stands behind it, and Meta documents code 1 for messages that were delivered.

use backscroll_model::RemoteId;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::refusal::{self, Asker, Refusal, meta_code};
use super::wire;
use crate::http::Facts;
use crate::loose::{self, Raw};
use crate::{AdapterError, Kind, Retry, SendOutcome};

/// How a send ended, as the wire showed it.
#[derive(Debug, Clone)]
pub(super) enum Reply {
    /// The transport failed.
    Failed {
        /// [`Kind::Connect`] before any byte of the request, anything else after.
        kind: Kind,
        /// What the network library said, scrubbed.
        said: String,
    },
    /// There was an answer.
    Answered {
        /// HTTP status.
        status: u16,
        /// Time and limits.
        facts: Facts,
        /// The whole body; `None`: it broke off, or was larger than any answer to a send.
        body: Option<Vec<u8>>,
    },
}

/// Classifies `reply`.
pub(super) fn classify(reply: Reply, asker: Asker) -> SendOutcome {
    match reply {
        Reply::Failed { kind, said } => {
            let error = AdapterError { kind: kind.clone(), http_status: None, code: None, said, server_time: None };
            if kind == Kind::Connect { SendOutcome::NotSent(error) } else { SendOutcome::Ambiguous(error) }
        }
        Reply::Answered { status, facts, body } => {
            let json = body.as_deref().and_then(|bytes| std::str::from_utf8(bytes).ok());
            answered(status, facts, json, asker)
        }
    }
}

fn answered(status: u16, facts: Facts, json: Option<&str>, asker: Asker) -> SendOutcome {
    let ok = (200..300).contains(&status);
    let verdict = json.map_or(Verdict::Unreadable, |json| verdict(json, ok));
    let error = |kind, refusal: Option<&Refusal>, said: &str| AdapterError {
        kind,
        http_status: Some(status),
        code: refusal.and_then(|r| r.code.clone()),
        said: refusal.map(Refusal::said).filter(|said| !said.is_empty()).unwrap_or_else(|| said.to_owned()),
        server_time: facts.server_time,
    };
    let refusal = match &verdict {
        Verdict::Refused(refusal) => Some(refusal),
        Verdict::Accepted(_) | Verdict::Unclear | Verdict::Unreadable => None,
    };
    match status {
        // By the status alone: whoever says so, the request went no further.
        401 | 429 => SendOutcome::NotSent(error(refusal::kind(status, refusal, facts.wait, asker), refusal, "")),
        // 408 and all from 500 on, and redirects, which are never followed.
        100..=199 | 300..=399 | 408 | 500.. => SendOutcome::Ambiguous(error(Kind::Server, refusal, "")),
        _ => match verdict {
            Verdict::Accepted(remote_id) if ok => SendOutcome::Accepted { remote_id, server_time: facts.server_time },
            Verdict::Accepted(_) | Verdict::Unclear => {
                SendOutcome::Ambiguous(error(Kind::Decode, None, "an answer that is neither a success nor a refusal"))
            }
            Verdict::Unreadable => SendOutcome::Ambiguous(error(Kind::Decode, None, "not JSON")),
            Verdict::Refused(refusal) => {
                let kind = refusal::kind(status, Some(&refusal), facts.wait, asker);
                refused(error(kind, Some(&refusal), ""), &refusal)
            }
        },
    }
}

fn refused(error: AdapterError, refusal: &Refusal) -> SendOutcome {
    let may_have_been_delivered =
        refusal.message.as_deref().and_then(meta_code).is_some_and(|c| [-1, 1, 2, 1200].contains(&c));
    if may_have_been_delivered || matches!(error.kind, Kind::Server | Kind::Network | Kind::Decode) {
        return SendOutcome::Ambiguous(error);
    }
    match error.kind.retry() {
        Retry::Never => SendOutcome::Refused(error),
        Retry::After(_) | Retry::UserMustAct | Retry::Backoff => SendOutcome::NotSent(error),
    }
}

/// What a body says, the status aside.
enum Verdict {
    Accepted(RemoteId),
    Refused(Refusal),
    /// JSON that is neither, or both.
    Unclear,
    Unreadable,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Sent<'a> {
    #[serde(borrow)]
    status: Raw<'a>,
    #[serde(borrow)]
    code: Raw<'a>,
    #[serde(borrow)]
    message_id: Raw<'a>,
    #[serde(borrow)]
    message_ids: Raw<'a>,
    #[serde(borrow)]
    messages: Raw<'a>,
    #[serde(borrow)]
    errors: Raw<'a>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct SentItem<'a> {
    #[serde(borrow)]
    message_id: Raw<'a>,
    #[serde(borrow)]
    id: Raw<'a>,
}

fn verdict(json: &str, ok: bool) -> Verdict {
    let Ok(raw) = serde_json::from_str::<&RawValue>(json) else { return Verdict::Unreadable };
    let json = raw.get();
    match json.as_bytes().first() {
        Some(b'[') => array(json, ok),
        Some(b'{') => object(json, ok),
        _ => Verdict::Unclear,
    }
}

/// A top-level array of the documented object (3.2): accepted if one part was and none was refused.
fn array(json: &str, ok: bool) -> Verdict {
    let parts: Vec<&RawValue> = serde_json::from_str(json).unwrap_or_default();
    let mut accepted = None;
    let mut refused = None;
    for part in parts {
        match object(part.get(), ok) {
            Verdict::Accepted(id) => _ = accepted.get_or_insert(id),
            Verdict::Refused(refusal) => _ = refused.get_or_insert(refusal),
            Verdict::Unclear | Verdict::Unreadable => return Verdict::Unclear,
        }
    }
    match (accepted, refused) {
        (Some(id), None) => Verdict::Accepted(id),
        (None, Some(refusal)) => Verdict::Refused(refusal),
        (Some(_), Some(_)) | (None, None) => Verdict::Unclear,
    }
}

/// `ok`: the HTTP status is a success, so that only a stated error is one. Elsewhere a code will do; bare words will not,
/// gateways answer `{"message": …}` too.
fn object(json: &str, ok: bool) -> Verdict {
    let Ok(sent) = serde_json::from_str::<Sent<'_>>(json) else { return Verdict::Unclear };
    let id = loose::id(sent.message_id)
        .or_else(|| wire::list(sent.message_ids).into_iter().find_map(|raw| loose::id(Some(raw))))
        .or_else(|| {
            let items = wire::list(sent.messages).into_iter();
            items
                .filter_map(|raw| serde_json::from_str::<SentItem<'_>>(raw.get()).ok())
                .find_map(|item| loose::id(item.message_id).or_else(|| loose::id(item.id)))
        });
    let status = loose::text(sent.status).map(|s| s.to_ascii_lowercase());
    // A refusal says why; a bare `error` may be anything.
    let says_why = |refusal: &Refusal| refusal.code.is_some() || refusal.message.is_some();
    let refusal = || Refusal::of(json).filter(says_why).map_or(Verdict::Unclear, Verdict::Refused);
    let has_errors = !wire::list(sent.errors).is_empty();
    match (status.as_deref(), id) {
        (None | Some("success"), Some(id)) if !has_errors => Verdict::Accepted(id),
        (_, Some(_)) => Verdict::Unclear,
        (Some("error"), None) => refusal(),
        (None, None) if has_errors || !ok && loose::text(sent.code).is_some() => refusal(),
        (_, None) => Verdict::Unclear,
    }
}

#[cfg(test)]
#[path = "outcome_tests.rs"]
mod tests;
