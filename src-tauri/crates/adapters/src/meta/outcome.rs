//! What came of a send through Graph: one pure function (`reliability.md`, the life of a sent message, 3 and 4;
//! `reference/meta-graph.md` 6.3, 6.5, 6.7, 9.2).
//!
//! - *Accepted* needs a `message_id` under a success status and no `error` beside it.
//! - *Not sent* and *refused* need proof: no byte left, 401, 429, or an error of Graph's whose number says that the
//!   message was turned away before it was accepted.
//! - Codes -1, 1, 2 and 1200, subcode 1357046, errors that call themselves transient, 5xx, 408, 3xx and everything that is
//!   no JSON of Graph's are *ambiguous*. The advice of 9.2 to retry codes 1 and 2 is for reads.
//!
//! What a restriction by policy forbids is *refused*, never *not sent*: nothing may try it again by itself.

use backscroll_model::RemoteId;
use serde_json::value::RawValue;

use super::client::{Facts, Reply, local};
use super::refusal::{self, Refusal};
use super::wire::Object;
use crate::{AdapterError, Kind, Retry, SendOutcome};

/// What of a send its answer may speak about.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Sent {
    /// It carried that tag, so that a bare "no permission" speaks of the tag (6.4).
    pub human_agent: bool,
    /// It held several pictures, which not every account may send (2534068, 6.2).
    pub several: bool,
    /// It named a file by an address that is not Meta's.
    pub by_address: bool,
}

/// What Meta says of a file that it had to fetch: it could not, it is of another type or larger than it was, a film came
/// too slowly (6.6). An upload heals each of them.
const OF_ITS_ADDRESS: [i64; 4] = [2_018_008, 2_018_047, 2_018_109, 2_018_294];

/// Classifies `reply`.
pub(super) fn classify(reply: Reply, sent: Sent) -> SendOutcome {
    match reply {
        Reply::Failed { kind, said } => {
            let error = local(kind, &said);
            match error.kind {
                // No byte of the request left; or it was not even begun, for want of a path.
                Kind::Connect => SendOutcome::NotSent(error),
                Kind::NotFound => SendOutcome::Refused(error),
                _ => SendOutcome::Ambiguous(error),
            }
        }
        Reply::Answered { status, facts, body } => {
            let json = body.as_deref().ok().and_then(|bytes| std::str::from_utf8(bytes).ok());
            Answer { status, facts }.classify(json.map_or(Verdict::Unreadable, verdict), sent)
        }
    }
}

struct Answer {
    status: u16,
    facts: Facts,
}

impl Answer {
    fn classify(self, verdict: Verdict, sent: Sent) -> SendOutcome {
        match (self.status, verdict) {
            (200..=299, Verdict::Accepted(remote_id)) => {
                SendOutcome::Accepted { remote_id, server_time: self.facts.server_time }
            }
            // 408 and all from 500 on, and redirects, which are never followed.
            (100..=199 | 300..=399 | 408 | 500.., Verdict::Refused(refusal)) => {
                SendOutcome::Ambiguous(self.refused_as(Kind::Server, &refusal))
            }
            (100..=199 | 300..=399 | 408 | 500.., _) => SendOutcome::Ambiguous(self.error(Kind::Server, "")),
            (_, Verdict::Refused(refusal)) => self.refused(&refusal, sent),
            // By the status alone: whoever says so, the request went no further.
            (401 | 429, Verdict::Unreadable | Verdict::Unclear) => {
                let kind = refusal::kind(self.status, None, self.facts.wait);
                SendOutcome::NotSent(self.error(kind, "an answer that is no JSON of Graph's"))
            }
            (_, Verdict::Unreadable) => SendOutcome::Ambiguous(self.error(Kind::Decode, "not JSON")),
            (_, Verdict::Unclear | Verdict::Accepted(_)) => {
                SendOutcome::Ambiguous(self.error(Kind::Decode, "an answer that is neither a success nor a refusal"))
            }
        }
    }

    fn refused(self, refusal: &Refusal, sent: Sent) -> SendOutcome {
        let kind = match refusal::kind(self.status, Some(refusal), self.facts.wait) {
            // Several pictures, or the tag, concern this one message; what the account may do otherwise is not in question.
            _ if sent.by_address && OF_ITS_ADDRESS.into_iter().any(|number| refusal.is(number)) => {
                return SendOutcome::Refused(self.refused_as(Kind::UploadGone, refusal));
            }
            Kind::Permission { .. } if sent.several && refusal.is(2_534_068) => {
                return SendOutcome::Refused(self.refused_as(Kind::OneByOne, refusal));
            }
            Kind::Permission { name: None } if sent.human_agent && matches!(refusal.code, 10 | 100 | 200) => {
                let name = Some("human_agent".to_owned());
                return SendOutcome::Refused(self.refused_as(Kind::Permission { name }, refusal));
            }
            kind => kind,
        };
        let error = self.refused_as(kind, refusal);
        if may_have_been_delivered(refusal) || matches!(error.kind, Kind::Network | Kind::Decode) {
            return SendOutcome::Ambiguous(error);
        }
        match (error.kind.retry(), &error.kind) {
            (Retry::Never, _) | (_, Kind::Restricted) => SendOutcome::Refused(error),
            (Retry::After(_) | Retry::UserMustAct | Retry::Backoff, _) => SendOutcome::NotSent(error),
        }
    }

    fn refused_as(&self, kind: Kind, refusal: &Refusal) -> AdapterError {
        AdapterError { code: Some(refusal.numbers()), ..self.error(kind, &refusal.said()) }
    }

    fn error(&self, kind: Kind, said: &str) -> AdapterError {
        AdapterError {
            kind,
            http_status: Some(self.status),
            code: None,
            said: said.to_owned(),
            server_time: self.facts.server_time,
        }
    }
}

/// Whether Graph may have accepted the message all the same (6.7; `reliability.md`, 4). Files that Meta could not fetch
/// (2018008, 2018294) are refused before, whatever class the table gives them.
fn may_have_been_delivered(refusal: &Refusal) -> bool {
    if [2_018_008, 2_018_294].into_iter().any(|number| refusal.is(number)) {
        return false;
    }
    matches!(refusal.code, -1 | 1 | 2 | 1200)
        || refusal.is(1_357_046)
        || refusal::kind(200, Some(refusal), None) == Kind::Server
}

/// What a body says, the status aside.
enum Verdict {
    Accepted(RemoteId),
    Refused(Refusal),
    /// JSON that is neither, or both.
    Unclear,
    Unreadable,
}

fn verdict(json: &str) -> Verdict {
    let Ok(raw) = serde_json::from_str::<&RawValue>(json) else { return Verdict::Unreadable };
    let Some(sent) = Object::read(Some(raw)) else { return Verdict::Unclear };
    match (sent.id("message_id"), sent.get("error").map(Refusal::inner)) {
        (Some(id), None) => Verdict::Accepted(id),
        (None, Some(Some(refusal))) => Verdict::Refused(refusal),
        (Some(_), Some(_)) | (None, None | Some(None)) => Verdict::Unclear,
    }
}

#[cfg(test)]
#[path = "outcome_tests.rs"]
mod tests;
