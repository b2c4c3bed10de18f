//! One live connection: the adapter with its secrets, and what all accounts of the connection share.
//!
//! At Ayrshare a connection is one profile, and the profile is what is counted, suspended and refused
//! (`reference/ayrshare.md` 9.4). So the rate bucket lives here, and a refused key stops all its accounts at once
//! instead of each of them knocking again.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use backscroll_adapters::{
    AdapterError, Kind, ReadDone, Secret,
    ayrshare::{Ayrshare, AyrshareConfig, ConfigError, XKeys, validate_api_base},
};
use backscroll_model::{
    Capabilities, ConnectionId, ErrorCode, Health, MINUTE, Platform, Quota, SECOND, Timestamp, UserError,
};

use crate::{
    Limits,
    auto_response::Known,
    errors::{adapter_error, user_error},
    rate::{RateBucket, Urgency},
    secrets::Credentials,
};

/// The `Date` header counts whole seconds and the answer travels: less than this is no difference.
const SKEW_NOISE: i64 = 2 * SECOND;
/// From here on the user is told that the computer's clock is off.
const SKEW_TOLD: i64 = 5 * MINUTE;

/// A live connection.
pub(crate) struct Link {
    pub(crate) adapter: Ayrshare,
    /// Held while the automatic reply is asked for.
    pub(crate) asking: tokio::sync::Mutex<()>,
    shared: Mutex<Shared>,
}

#[derive(Default)]
struct Shared {
    bucket: RateBucket,
    /// Our clock minus the provider's, in milliseconds.
    skew: i64,
    /// The provider refused the connection as a whole; nothing is asked before the user acts.
    refused: Option<Health>,
    /// The profile's automatic reply, once it was asked for.
    auto_response: Option<Known>,
}

impl Link {
    pub(crate) fn new(api_base: &str, credentials: &Credentials, limits: Limits) -> Result<Self, UserError> {
        let (x_key, x_secret) = credentials.x_keys.clone().unzip();
        let adapter = open_adapter(
            api_base,
            credentials.api_key.clone(),
            credentials.profile_key.clone(),
            XKeys::from_parts(x_key, x_secret),
            limits,
        )?;
        Ok(Self { adapter, asking: tokio::sync::Mutex::default(), shared: Mutex::default() })
    }

    fn shared(&self) -> MutexGuard<'_, Shared> {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// When a call may leave: `now` or later.
    pub(crate) fn allowed_at(&self, now: Timestamp, urgency: Urgency) -> Timestamp {
        self.shared().bucket.allowed_at(now, urgency)
    }

    /// Counts a call that is about to leave.
    pub(crate) fn record(&self, now: Timestamp) {
        self.shared().bucket.record(now);
    }

    pub(crate) fn slowdown(&self) -> i64 {
        self.shared().bucket.slowdown()
    }

    pub(crate) fn quota(&self) -> Option<Quota> {
        self.shared().bucket.quota()
    }

    pub(crate) fn blocked_until(&self, now: Timestamp) -> Option<Timestamp> {
        self.shared().bucket.blocked_until(now)
    }

    /// Takes note of what a read's answer said about limits and time.
    pub(crate) fn heard(&self, now: Timestamp, done: &ReadDone) {
        let mut shared = self.shared();
        for _ in 1..done.calls {
            shared.bucket.record(now);
        }
        if let Some(quota) = done.quota {
            shared.bucket.heard(now, quota);
        }
        shared.refused = None;
        drop(shared);
        self.heard_time(now, done.server_time);
    }

    /// Takes note of the provider's clock.
    pub(crate) fn heard_time(&self, now: Timestamp, server_time: Option<Timestamp>) {
        if let Some(theirs) = server_time {
            let skew = now.since(theirs);
            self.shared().skew = if skew.abs() < SKEW_NOISE { 0 } else { skew };
        }
    }

    /// Takes note of an error; answers when the next call may leave, if it was a refusal for being too fast.
    pub(crate) fn heard_error(&self, now: Timestamp, error: &AdapterError) -> Option<Timestamp> {
        self.heard_time(now, error.server_time);
        let mut shared = self.shared();
        match &error.kind {
            Kind::RateLimited { wait } => return Some(shared.bucket.refused(now, *wait)),
            Kind::KeyRefused | Kind::ProfileKeyAsApiKey => shared.refused = Some(Health::KeyRefused),
            Kind::ProfileKeyRefused => shared.refused = Some(Health::ProfileKeyRefused),
            Kind::Suspended => shared.refused = Some(Health::Suspended),
            _ => {}
        }
        None
    }

    /// Why nothing is asked of this connection, if so.
    pub(crate) fn refused(&self) -> Option<Health> {
        self.shared().refused.clone()
    }

    /// The user acted, or asked to try again.
    pub(crate) fn try_again(&self) {
        self.shared().refused = None;
    }

    /// The user asked to read now: a wait longer than the provider's period is tried once.
    pub(crate) fn user_asks(&self, now: Timestamp) {
        self.shared().bucket.user_asks(now);
    }

    /// Counts a call that the user asked for, or says why it must not leave.
    pub(crate) fn begin_call(&self, now: Timestamp) -> Result<(), UserError> {
        let code = match self.refused() {
            None => None,
            Some(Health::ProfileKeyRefused) => Some(ErrorCode::ProfileKeyRefused),
            Some(Health::Suspended) => Some(ErrorCode::Suspended),
            Some(_) => Some(ErrorCode::KeyRefused),
        };
        if let Some(code) = code {
            return Err(user_error(code, "the provider refused this connection before"));
        }
        let at = self.allowed_at(now, Urgency::User);
        if at > now {
            let error = user_error(ErrorCode::RateLimited, "the provider asked to slow down");
            return Err(UserError { retry_at: Some(at), ..error });
        }
        self.record(now);
        Ok(())
    }

    /// Takes note of why such a call failed, and tells it.
    pub(crate) fn call_failed(&self, now: Timestamp, error: &AdapterError) -> UserError {
        self.heard_error(now, error);
        adapter_error(error, now)
    }

    /// Our clock's reading, corrected to the provider's.
    pub(crate) fn corrected(&self, now: Timestamp) -> Timestamp {
        now.plus(-self.shared().skew)
    }

    /// An instant of the provider's clock, in ours.
    pub(crate) fn to_local(&self, theirs: Timestamp) -> Timestamp {
        theirs.plus(self.shared().skew)
    }

    /// How far off the computer's clock is, if that is worth telling.
    pub(crate) fn clock_off(&self) -> Option<i64> {
        Some(self.shared().skew).filter(|skew| skew.abs() > SKEW_TOLD)
    }

    /// Remembers the profile's automatic reply: its echoes are no answers of ours.
    pub(crate) fn know_auto_response(&self, known: Known) {
        self.shared().auto_response = Some(known);
    }

    /// What is known of it.
    pub(crate) fn auto_response(&self) -> Option<Known> {
        self.shared().auto_response.clone()
    }

    /// The text of the automatic reply, while it is switched on; empty: the provider's own sentence.
    pub(crate) fn auto_response_text(&self) -> Option<String> {
        self.auto_response()?.setting.filter(|a| a.active).map(|a| a.message)
    }
}

/// An adapter for these secrets; what cannot even be tried is told as the user's input.
pub(crate) fn open_adapter(
    api_base: &str,
    api_key: Secret,
    profile_key: Option<Secret>,
    x_keys: XKeys,
    limits: Limits,
) -> Result<Ayrshare, UserError> {
    let mut config = AyrshareConfig::new(api_key);
    config.api_base = validate_api_base(api_base).map_err(config_error)?;
    config.profile_key = profile_key.filter(|key| !key.is_empty());
    config.x_keys = x_keys;
    config.limits = limits;
    Ayrshare::new(config).map_err(config_error)
}

fn config_error(error: ConfigError) -> UserError {
    let code = match error {
        ConfigError::BadApiBase => ErrorCode::BadApiBase,
        ConfigError::NoApiKey | ConfigError::BadSecret(_) => ErrorCode::BadInput,
        ConfigError::Client => ErrorCode::Internal,
    };
    user_error(code, error.to_string())
}

/// Links by connection, opened when first needed.
pub(crate) type Links = Mutex<std::collections::BTreeMap<ConnectionId, Arc<Link>>>;

/// What Ayrshare can do on a platform, for accounts whose connection is not open. A test compares it with the adapter.
pub(crate) fn capabilities(platform: Platform) -> Capabilities {
    let is_x = platform == Platform::X;
    Capabilities {
        archive: true,
        auto_response: true,
        read_receipts: !is_x,
        billed_reads: is_x,
        text_limit: platform.text_limit(),
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use backscroll_adapters::Adapter as _;

    #[test]
    fn what_is_shown_without_a_connection_is_what_the_adapter_says() {
        let adapter =
            open_adapter("https://api.ayrshare.com/api", Secret::new("A-B"), None, XKeys::Missing, Limits::default())
                .unwrap();
        for platform in Platform::ALL {
            assert_eq!(adapter.capabilities(platform), capabilities(platform));
        }
    }
}
