//! What happens to every request before and after its handler, in the order of the reference's section 11.1:
//! recorded, key, Profile Key, suspension, rate limit; then the fault that is due; then the headers of the answer.

use std::io::Write as _;
use std::sync::Arc;

use axum::body::{Body, to_bytes};
use axum::extract::{ConnectInfo, Request, State as Shared};
use axum::http::{HeaderMap, HeaderValue, Method, header};
use axum::middleware::Next;
use axum::response::Response;
use flate2::Compression;
use flate2::write::GzEncoder;

use crate::clock::http_date;
use crate::fault::Fault;
use crate::graph::serve::{Asked, Number};
use crate::graph::wire;
use crate::limits::Admission;
use crate::net::Peer;
use crate::record::RequestRecord;
use crate::server::{answer, spoil};
use crate::state::{Core, State};
use crate::world::ProfileId;

/// Who asks, and as which request; put into the request for its handler.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Caller {
    pub profile: ProfileId,
    /// A Profile Key was sent.
    pub as_profile: bool,
    pub request: u64,
}

struct Admitted {
    caller: Result<Caller, Box<Response>>,
    who: Option<ProfileId>,
    count: u32,
    max: u32,
}

pub(crate) async fn gate(
    Shared(core): Shared<Arc<Core>>,
    ConnectInfo(Peer(line)): ConnectInfo<Peer>,
    mut request: Request,
    next: Next,
) -> Response {
    let full = request.uri().path().to_owned();
    if full.starts_with("/__control/") {
        return next.run(request).await;
    }
    let path = full.strip_prefix("/api").unwrap_or(&full);
    let now = core.clock.now_ms();
    let (number, fault, admitted, skew) = {
        let mut state = core.lock();
        state.numbered += 1;
        let number = state.numbered;
        let record = RequestRecord::new(number, request.method(), request.uri(), path, request.headers(), now);
        let fault = state.faults.strike(request.method().as_str(), path, &record.query);
        if let Some(Fault::Before(what)) = &fault {
            state.meanwhile(*what);
        }
        // Files and upload addresses carry their permission in the address; Graph has tokens of its own.
        let open = ["/files/", "/upload/", "/cdn/"].iter().any(|p| path.starts_with(p)) || is_graph(path);
        let admitted = (!open).then(|| admit(&mut state, request.headers(), number, now));
        let who = admitted.as_ref().and_then(|a| a.who);
        if let Some(profile) = who.and_then(|w| state.world.profiles.get_mut(w.0)) {
            profile.api_calls += 1;
        }
        if let Some(profile) = who {
            *state.calls.entry((profile, record.platform)).or_default() += 1;
        }
        state.requests.push(RequestRecord { profile: who, fault: fault.as_ref().map(Fault::name), ..record });
        (number, fault, admitted, state.skew_ms)
    };
    let asked = is_graph(path).then(|| Asked::of(request.headers(), request.uri().query()));
    request.extensions_mut().insert(Number(number));
    let zip = fault.is_none() && wants_gzip(&request, &core);
    let bare = matches!(fault, Some(Fault::RateLimited { retry_after_s: None }));
    let skew = skew + fault.as_ref().map_or(0, spoil::skew_of);
    let rate = admitted.as_ref().map(|a| (a.max, a.count));
    let upload = spoil::take_upload(&fault, &mut request);
    let handler = async move {
        match admitted.map(|a| a.caller) {
            Some(Err(refusal)) => *refusal,
            Some(Ok(caller)) => {
                request.extensions_mut().insert(caller);
                next.run(request).await
            }
            None => next.run(request).await,
        }
    };
    let mut response = spoil::answer(&core, &line, spoil::Struck { fault, number, upload }, handler).await;
    if zip {
        response = gzip(response).await;
    }
    if let (Some((max, count)), false) = (rate, bare) {
        response.headers_mut().insert("x-ratelimit-max", HeaderValue::from(max));
        response.headers_mut().insert("x-ratelimit-count", HeaderValue::from(count));
    }
    if let Ok(date) = HeaderValue::from_str(&http_date(core.clock.now_ms() + skew)) {
        response.headers_mut().insert(header::DATE, date);
    }
    if let Some(asked) = asked {
        asked.stamp(&core, response.headers_mut());
    }
    core.lock().answered(number, response.status().as_u16());
    response
}

impl State {
    fn answered(&mut self, number: u64, status: u16) {
        // Nearly always the last one.
        if let Some(record) = self.requests.iter_mut().rev().find(|r| r.number == number) {
            record.status = Some(status);
        }
    }
}

fn admit(state: &mut State, headers: &HeaderMap, request: u64, now: i64) -> Admitted {
    let max = state.knobs.rate_limit;
    let text = |name: &str| headers.get(name).and_then(|v| v.to_str().ok()).unwrap_or_default().trim().to_owned();
    let key = text("authorization");
    let profile_key = text("profile-key");
    let codes = state.knobs.codes.clone();
    let identified = if key.strip_prefix("Bearer ").map(str::trim) != Some(state.world.api_key().as_str()) {
        Err(Box::new(answer::flat(401, codes.key, "authorization", "The API Key is missing or not valid.")))
    } else if profile_key.is_empty() {
        Ok(ProfileId::PRIMARY)
    } else {
        let found = state.world.profiles.iter().position(|p| !p.deleted && p.key.as_ref() == Some(&profile_key));
        found.map(ProfileId).ok_or_else(|| {
            Box::new(answer::flat(403, codes.profile_key, "authorization", "The Profile Key is not valid."))
        })
    };
    let who = identified.as_ref().ok().copied();
    let admission = state.rates.admit(who, max, now);
    let count = match admission {
        Admission::Allowed { count } | Admission::TooMany { count, .. } => count,
    };
    let caller = identified.and_then(|profile| {
        let suspended = state.world.profiles.get(profile.0).is_some_and(|p| p.suspended);
        if suspended {
            return Err(Box::new(answer::flat(403, codes.suspended, "suspended", "This profile is suspended.")));
        }
        if let Admission::TooMany { suspend, .. } = admission {
            if let (true, Some(owner)) = (suspend, state.world.profiles.get_mut(profile.0)) {
                owner.suspended = true;
            }
            let message = "Too many requests. Wait before you try again.";
            return Err(Box::new(answer::flat(429, codes.rate_limit, "rate_limit", message)));
        }
        Ok(Caller { profile, as_profile: !profile_key.is_empty(), request })
    });
    Admitted { caller, who, count, max }
}

fn wants_gzip(request: &Request, core: &Core) -> bool {
    request.method() == Method::GET
        && core.lock().knobs.gzip
        && request
            .headers()
            .get(header::ACCEPT_ENCODING)
            .and_then(|v| v.to_str().ok())
            .is_some_and(|v| v.contains("gzip"))
}

fn is_graph(path: &str) -> bool {
    path.strip_prefix("/graph").is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// Compresses JSON of a worthwhile size; larger bodies would cost a debug build more than loopback ever saves.
async fn gzip(response: Response) -> Response {
    const WORTHWHILE: std::ops::Range<usize> = 1_024..1_048_576;
    let kind = response.headers().get(header::CONTENT_TYPE);
    if kind != Some(&answer::JSON) && kind != Some(&wire::JSON) {
        return response;
    }
    let (mut parts, body) = response.into_parts();
    let Ok(plain) = to_bytes(body, usize::MAX).await else { return Response::from_parts(parts, Body::empty()) };
    if !WORTHWHILE.contains(&plain.len()) {
        return Response::from_parts(parts, Body::from(plain));
    }
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    match encoder.write_all(&plain).and_then(|()| encoder.finish()) {
        Ok(packed) => {
            parts.headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
            parts.headers.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
            Response::from_parts(parts, Body::from(packed))
        }
        Err(_) => Response::from_parts(parts, Body::from(plain)),
    }
}
