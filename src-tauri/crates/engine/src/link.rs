//! One live connection: the adapter with its secrets, and what all accounts of the connection share.
//!
//! At Ayrshare a connection is one profile, and the profile is what is counted, suspended and refused
//! (`reference/ayrshare.md` 9.4), so a refused key stops all its accounts at once instead of each of them knocking again.
//! At Graph it is one Page, counted by platform ([`lanes`]), and refused by account: what ends for Instagram (its link to
//! the Page, a login behind it) need not have ended for Messenger.

mod lanes;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use backscroll_adapters::{
    Adapter, AdapterError, Kind, ReadDone,
    ayrshare::{self, Ayrshare, AyrshareConfig, XKeys},
    meta::{self, Meta, MetaConfig},
};
use backscroll_model::{
    Capabilities, ConnectionId, ErrorCode, Health, MINUTE, Platform, Provider, Quota, RemoteId, SECOND, Timestamp,
    UserError,
};

use crate::{
    Limits,
    auto_response::Known,
    errors::{adapter_error, user_error},
    rate::Urgency,
    secrets::{AyrshareKeys, Credentials, PageToken},
};

pub(crate) use lanes::{CheckPace, Lanes, PageLanes};

/// The `Date` header counts whole seconds and the answer travels: less than this is no difference.
const SKEW_NOISE: i64 = 2 * SECOND;
/// From here on the user is told that the computer's clock is off.
const SKEW_TOLD: i64 = 5 * MINUTE;

/// A live connection.
pub(crate) struct Link {
    pub(crate) adapter: Arc<dyn Adapter>,
    own: Own,
    /// Held while the automatic reply is asked for.
    pub(crate) asking: tokio::sync::Mutex<()>,
    lanes: Arc<Lanes>,
    shared: Mutex<Shared>,
}

/// The same adapter, for what only its provider has.
enum Own {
    Ayrshare(Arc<Ayrshare>),
    Meta(Arc<Meta>),
}

#[derive(Default)]
struct Shared {
    /// Our clock minus the provider's, in milliseconds; `None`: not heard yet.
    skew: Option<i64>,
    /// What the provider refused, by [`Link::whole`]; nothing is asked there before the user acts.
    refused: BTreeMap<Platform, Health>,
    /// The profile's automatic reply, once it was asked for.
    auto_response: Option<Known>,
}

/// What an adapter must know beside its secrets.
#[derive(Debug, Clone, Default)]
pub(crate) struct Identity {
    /// Graph: the Page.
    pub(crate) page: Option<RemoteId>,
    /// Graph: the linked Instagram account.
    pub(crate) instagram: Option<RemoteId>,
    /// Graph: fields that its version is known to lack.
    pub(crate) known_missing: BTreeSet<String>,
}

impl Link {
    pub(crate) fn new(
        api_base: &str,
        credentials: &Credentials,
        identity: Identity,
        limits: Limits,
        pages: &PageLanes,
        pace: CheckPace,
    ) -> Result<Self, UserError> {
        let (adapter, own, lanes): (Arc<dyn Adapter>, _, _) = match credentials {
            Credentials::Ayrshare(keys) => {
                let adapter = Arc::new(open_ayrshare(api_base, keys, limits)?);
                (Arc::clone(&adapter) as _, Own::Ayrshare(adapter), Arc::new(Lanes::profile()))
            }
            Credentials::Meta(token) => {
                let lanes = identity.page.as_ref().map(|page| pages.of(page)).unwrap_or_default();
                let adapter = Arc::new(open_meta(api_base, token, identity, limits, pace)?);
                (Arc::clone(&adapter) as _, Own::Meta(adapter), lanes)
            }
        };
        Ok(Self { adapter, own, asking: tokio::sync::Mutex::default(), lanes, shared: Mutex::default() })
    }

    /// What only Ayrshare has.
    pub(crate) fn ayrshare(&self) -> Result<&Ayrshare, UserError> {
        match &self.own {
            Own::Ayrshare(adapter) => Ok(adapter),
            Own::Meta(_) => Err(user_error(ErrorCode::Unsupported, "this connection is not Ayrshare's")),
        }
    }

    /// What only Graph has.
    pub(crate) fn meta(&self) -> Option<&Meta> {
        match &self.own {
            Own::Meta(adapter) => Some(adapter),
            Own::Ayrshare(_) => None,
        }
    }

    fn shared(&self) -> MutexGuard<'_, Shared> {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// When a call may leave: `now` or later.
    pub(crate) fn allowed_at(&self, platform: Platform, now: Timestamp, urgency: Urgency) -> Timestamp {
        self.lanes.with(platform, |lane| lane.allowed_at(now, urgency))
    }

    /// Counts a call that is about to leave.
    pub(crate) fn record(&self, platform: Platform, now: Timestamp) {
        self.lanes.with(platform, |lane| lane.record(now));
    }

    pub(crate) fn slowdown(&self, platform: Platform) -> i64 {
        self.lanes.with(platform, |lane| lane.slowdown())
    }

    pub(crate) fn quota(&self, platform: Platform) -> Option<Quota> {
        self.lanes.with(platform, |lane| lane.quota())
    }

    pub(crate) fn blocked_until(&self, platform: Platform, now: Timestamp) -> Option<Timestamp> {
        self.lanes.with(platform, |lane| lane.blocked_until(now))
    }

    /// Takes note of what a read's answer said about limits and time.
    pub(crate) fn heard(&self, platform: Platform, now: Timestamp, done: &ReadDone) {
        self.lanes.with(platform, |lane| {
            for _ in 1..done.calls {
                lane.record(now);
            }
            lane.heard(now, done.quota);
        });
        self.try_again(platform);
        self.heard_time(now, done.server_time);
    }

    /// Takes note of the provider's clock.
    pub(crate) fn heard_time(&self, now: Timestamp, server_time: Option<Timestamp>) {
        if let Some(theirs) = server_time {
            let skew = now.since(theirs);
            self.shared().skew = Some(if skew.abs() < SKEW_NOISE { 0 } else { skew });
        }
    }

    /// Takes note of an error; answers when the next call may leave, if it was a refusal for being too fast.
    pub(crate) fn heard_error(&self, platform: Platform, now: Timestamp, error: &AdapterError) -> Option<Timestamp> {
        self.heard_time(now, error.server_time);
        let refused = match &error.kind {
            Kind::RateLimited { wait } => return Some(self.lanes.with(platform, |lane| lane.refused(now, *wait))),
            Kind::KeyRefused | Kind::ProfileKeyAsApiKey => Health::KeyRefused,
            Kind::ProfileKeyRefused => Health::ProfileKeyRefused,
            Kind::Suspended => Health::Suspended,
            Kind::TokenExpired => Health::TokenExpired,
            Kind::TokenRevoked => Health::TokenRevoked,
            Kind::PasswordChanged => Health::PasswordChanged,
            Kind::RoleLost => Health::RoleLost,
            Kind::AppSecret => Health::AppSecretNeeded,
            _ => return None,
        };
        self.shared().refused.insert(self.whole(platform), refused);
        None
    }

    /// What is refused as a whole: a profile of Ayrshare's with all its platforms, a platform of Graph's by itself.
    fn whole(&self, platform: Platform) -> Platform {
        match self.own {
            Own::Ayrshare(_) => ANY,
            Own::Meta(_) => platform,
        }
    }

    /// Why nothing is asked for this platform, if so.
    pub(crate) fn refused(&self, platform: Platform) -> Option<Health> {
        self.shared().refused.get(&self.whole(platform)).cloned()
    }

    /// The user acted, or asked to try again; or something of it was not refused.
    pub(crate) fn try_again(&self, platform: Platform) {
        self.shared().refused.remove(&self.whole(platform));
    }

    /// The user asked to read now: a wait longer than the provider's period is tried once.
    pub(crate) fn user_asks(&self, now: Timestamp) {
        self.lanes.with_all(|lane| lane.user_asks(now));
    }

    /// Counts a call that the user asked for, or says why it must not leave.
    pub(crate) fn begin_call(&self, now: Timestamp) -> Result<(), UserError> {
        let code = match self.refused(ANY) {
            None => None,
            Some(Health::ProfileKeyRefused) => Some(ErrorCode::ProfileKeyRefused),
            Some(Health::Suspended) => Some(ErrorCode::Suspended),
            Some(Health::TokenExpired) => Some(ErrorCode::TokenExpired),
            Some(Health::TokenRevoked) => Some(ErrorCode::TokenRevoked),
            Some(Health::PasswordChanged) => Some(ErrorCode::PasswordChanged),
            Some(Health::RoleLost) => Some(ErrorCode::RoleLost),
            Some(Health::AppSecretNeeded) => Some(ErrorCode::AppSecretNeeded),
            Some(_) => Some(ErrorCode::KeyRefused),
        };
        if let Some(code) = code {
            return Err(user_error(code, "the provider refused this connection before"));
        }
        let at = self.allowed_at(ANY, now, Urgency::User);
        if at > now {
            let error = user_error(ErrorCode::RateLimited, "the provider asked to slow down");
            return Err(UserError { retry_at: Some(at), ..error });
        }
        self.record(ANY, now);
        Ok(())
    }

    /// Takes note of why such a call failed, and tells it.
    pub(crate) fn call_failed(&self, now: Timestamp, error: &AdapterError) -> UserError {
        self.heard_error(ANY, now, error);
        adapter_error(error, now)
    }

    /// Our clock's reading, corrected to the provider's.
    pub(crate) fn corrected(&self, now: Timestamp) -> Timestamp {
        now.plus(-self.shared().skew.unwrap_or(0))
    }

    /// Whether [`Self::corrected`] is the provider's time: some answer has told it.
    pub(crate) fn knows_time(&self) -> bool {
        self.shared().skew.is_some()
    }

    /// An instant of the provider's clock, in ours.
    pub(crate) fn to_local(&self, theirs: Timestamp) -> Timestamp {
        theirs.plus(self.shared().skew.unwrap_or(0))
    }

    /// How far off the computer's clock is, if that is worth telling.
    pub(crate) fn clock_off(&self) -> Option<i64> {
        self.shared().skew.filter(|skew| skew.abs() > SKEW_TOLD)
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

/// The lane of calls that belong to no platform: at Ayrshare there is one for all, at Graph a Page is Messenger's.
const ANY: Platform = Platform::Messenger;

/// An adapter for these secrets; what cannot even be tried is told as the user's input.
pub(crate) fn open_ayrshare(api_base: &str, keys: &AyrshareKeys, limits: Limits) -> Result<Ayrshare, UserError> {
    let (x_key, x_secret) = keys.x_keys.clone().unzip();
    let mut config = AyrshareConfig::new(keys.api_key.clone());
    config.api_base = api_base.to_owned();
    config.profile_key = keys.profile_key.clone().filter(|key| !key.is_empty());
    config.x_keys = XKeys::from_parts(x_key, x_secret);
    config.limits = limits;
    Ayrshare::new(config).map_err(ayrshare_config)
}

/// Likewise for Graph.
pub(crate) fn open_meta(
    api_base: &str,
    token: &PageToken,
    identity: Identity,
    limits: Limits,
    pace: CheckPace,
) -> Result<Meta, UserError> {
    let mut config = MetaConfig::new(token.token.clone());
    config.api_base = api_base.to_owned();
    config.app_secret = token.app_secret.clone().filter(|secret| !secret.is_empty());
    config.page = identity.page;
    config.instagram = identity.instagram;
    config.known_missing = identity.known_missing;
    config.limits = limits;
    config.pace = Some(Arc::new(pace));
    Meta::new(config).map_err(meta_config)
}

fn ayrshare_config(error: ayrshare::ConfigError) -> UserError {
    let code = match error {
        ayrshare::ConfigError::BadApiBase(_) => ErrorCode::BadApiBase,
        ayrshare::ConfigError::NoApiKey | ayrshare::ConfigError::BadSecret(_) => ErrorCode::BadInput,
        ayrshare::ConfigError::Client => ErrorCode::Internal,
    };
    user_error(code, error.to_string())
}

fn meta_config(error: meta::ConfigError) -> UserError {
    let code = match error {
        meta::ConfigError::BadApiBase(_) => ErrorCode::BadApiBase,
        meta::ConfigError::NoToken | meta::ConfigError::BadSecret(_) => ErrorCode::BadInput,
        meta::ConfigError::BadVersion | meta::ConfigError::Client => ErrorCode::Internal,
    };
    user_error(code, error.to_string())
}

/// Links by connection, opened when first needed.
pub(crate) type Links = Mutex<BTreeMap<ConnectionId, Arc<Link>>>;

/// What a provider can do on a platform, for accounts whose connection is not open. A test compares it with the adapters.
pub(crate) fn capabilities(provider: Provider, platform: Platform) -> Capabilities {
    let is_x = platform == Platform::X;
    let is_ayrshare = provider == Provider::Ayrshare;
    Capabilities {
        archive: is_ayrshare,
        auto_response: is_ayrshare,
        read_receipts: is_ayrshare && !is_x,
        billed_reads: is_x,
        switches_messaging: false,
        text_limit: platform.text_limit(),
        attach: backscroll_model::AttachRules::of(provider, platform),
        react: !is_ayrshare && !is_x,
        quote: !is_ayrshare && !is_x,
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use crate::SystemClock;
    use backscroll_adapters::Secret;

    #[test]
    fn what_is_shown_without_a_connection_is_what_the_adapter_says() {
        let keys = AyrshareKeys { api_key: Secret::new("A-B"), profile_key: None, x_keys: None };
        let ayrshare = open_ayrshare("https://api.ayrshare.com/api", &keys, Limits::default()).unwrap();
        for platform in Platform::ALL {
            assert_eq!(ayrshare.capabilities(platform), capabilities(Provider::Ayrshare, platform));
        }
        let link = graph();
        let meta = link.meta().unwrap();
        for platform in [Platform::Messenger, Platform::Instagram] {
            assert_eq!(meta.capabilities(platform), capabilities(Provider::Meta, platform));
        }
    }

    const T: Timestamp = Timestamp(1_790_000_000_000);

    fn link(credentials: &Credentials) -> Link {
        let pages = Arc::new(PageLanes::default());
        let pace = CheckPace::new(Arc::new(SystemClock), Arc::clone(&pages));
        Link::new("https://a.example", credentials, Identity::default(), Limits::default(), &pages, pace).unwrap()
    }

    fn graph() -> Link {
        link(&Credentials::Meta(PageToken { token: Secret::new("EAAB"), app_secret: None }))
    }

    fn refuse(link: &Link, platform: Platform, kind: Kind) {
        link.heard_error(platform, T, &AdapterError { kind, ..AdapterError::unsupported() });
    }

    #[test]
    fn a_refusal_at_graph_is_of_one_account_and_no_success_of_the_other_ends_it() {
        let link = graph();
        refuse(&link, Platform::Instagram, Kind::RoleLost);
        assert_eq!(link.refused(Platform::Messenger), None, "the other is read on");
        link.heard(Platform::Messenger, T, &ReadDone::default());
        assert_eq!(link.refused(Platform::Instagram), Some(Health::RoleLost));
        link.try_again(Platform::Messenger);
        assert_eq!(link.refused(Platform::Instagram), Some(Health::RoleLost));
        link.heard(Platform::Instagram, T, &ReadDone::default());
        assert_eq!(link.refused(Platform::Instagram), None);
    }

    #[test]
    fn a_key_that_ayrshare_refuses_stops_all_accounts_of_the_profile() {
        let keys = AyrshareKeys { api_key: Secret::new("A-B"), profile_key: None, x_keys: None };
        let link = link(&Credentials::Ayrshare(keys));
        refuse(&link, Platform::Instagram, Kind::KeyRefused);
        for platform in Platform::ALL {
            assert_eq!(link.refused(platform), Some(Health::KeyRefused));
        }
        link.heard(Platform::X, T, &ReadDone::default());
        assert_eq!(link.refused(Platform::Instagram), None);
    }
}
