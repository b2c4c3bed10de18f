//! Whether a delivery is believed: pure.
//!
//! Promises: the signature is looked at first, over the bytes as they came; nothing of the body is read before it fits.
//!
//! Replay: Ayrshare stamps each sending, and a stamp that is more than 5 minutes off is refused; but the stamp itself is
//! not signed (`reference/ayrshare.md` 6.4), and Meta stamps nothing. So what was believed is remembered for 48 hours by
//! its bytes and by what it tells ([`backscroll_store::keep_deliveries`]), and what is older than that by its own, signed
//! time is refused: whoever kept a delivery can neither send it again now nor later. While our clock was never compared
//! with the provider's, such a one may be new and the clock wrong: its sender is asked to come again.

use axum::http::HeaderMap;
use backscroll_adapters::{
    ayrshare::hook::{self as ayrshare, HookHeaders, HookRefusal},
    hook::HookDelivery,
    meta::hook as meta,
};
use backscroll_model::{DeliveryOutcome, Provider, Timestamp};
use backscroll_store::REMEMBERED;

use super::Route;

/// Whether `body` was signed by the provider of this address. `now`: our clock, corrected by the provider's.
///
/// # Errors
///
/// [`DeliveryOutcome::NoSecret`], [`DeliveryOutcome::Forged`], [`DeliveryOutcome::Replayed`].
fn verify(route: &Route, headers: &HeaderMap, body: &[u8], now: Timestamp) -> Result<(), DeliveryOutcome> {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    match route.provider {
        Provider::Meta => {
            let secret = route.app_secret().ok_or(DeliveryOutcome::NoSecret)?;
            let signed = text("x-hub-signature-256").is_some_and(|header| meta::verify_signature(secret, body, header));
            if signed { Ok(()) } else { Err(DeliveryOutcome::Forged) }
        }
        Provider::Ayrshare => {
            let headers = HookHeaders {
                timestamp: text("x-authorization-timestamp"),
                signature: text("x-authorization-content-sha256"),
                second_signature: text("x-authorization-content-sha256-v2"),
            };
            ayrshare::verify(std::slice::from_ref(&route.word), body, headers, now).map_err(|refusal| match refusal {
                HookRefusal::Unsigned | HookRefusal::WrongSignature => DeliveryOutcome::Forged,
                HookRefusal::OutOfTime => DeliveryOutcome::Replayed,
            })
        }
    }
}

/// The same at the door, where `is_sure` says whether `now` was compared with the provider's clock.
///
/// # Errors
///
/// Those of [`verify`], and [`DeliveryOutcome::ClockUnsure`].
pub(super) fn admit(
    route: &Route,
    headers: &HeaderMap,
    body: &[u8],
    now: Timestamp,
    is_sure: bool,
) -> Result<(), DeliveryOutcome> {
    let verified = verify(route, headers, body, now);
    if is_sure {
        return verified;
    }
    match verified.and_then(|()| read(route.provider, body, now).map(drop)) {
        Err(DeliveryOutcome::Replayed) => Err(DeliveryOutcome::ClockUnsure),
        // That is for the intake to say.
        Err(DeliveryOutcome::Garbage) => Ok(()),
        other => other,
    }
}

/// What a body tells, unless it is too old by its own time.
///
/// # Errors
///
/// [`DeliveryOutcome::Garbage`], [`DeliveryOutcome::Replayed`].
pub(super) fn read(provider: Provider, body: &[u8], now: Timestamp) -> Result<HookDelivery, DeliveryOutcome> {
    let delivery = match provider {
        Provider::Meta => meta::decode(body),
        Provider::Ayrshare => ayrshare::decode(body),
    };
    let delivery = delivery.map_err(|_| DeliveryOutcome::Garbage)?;
    if delivery.sent_at.is_some_and(|sent| now.since(sent) > REMEMBERED) {
        return Err(DeliveryOutcome::Replayed);
    }
    Ok(delivery)
}

/// The answer to Meta's handshake.
pub(super) fn handshake(route: &Route, query: &str) -> Option<String> {
    if route.provider == Provider::Meta { meta::handshake(query, &route.word) } else { None }
}
