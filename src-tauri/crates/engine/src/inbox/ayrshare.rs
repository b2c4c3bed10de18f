//! Connecting to Ayrshare: keys, profiles, and what a whole profile has: messaging, the automatic reply.
//!
//! Promises: half a pair of X keys, or a key of which nothing can be read, is refused before anything is saved.

use backscroll_adapters::{
    Secret,
    ayrshare::{API_BASE, XKeys},
    validate_api_base,
};
use backscroll_model::{Account, AutoResponse, ConnectionId, ErrorCode, KeyCheck, PlatformState, text::clean_line};

use super::{
    Inbox,
    accounts::NAME_CHARS,
    attach::{Taking, XChoice},
};
use crate::{
    AyrshareSecrets, auto_response,
    errors::{adapter_error, user_error},
    inner::Result,
    link::open_ayrshare,
    secrets::{AyrshareKeys, Credentials},
};

/// The longest automatic reply: what fits the narrowest platform is the provider's to refuse.
const AUTO_RESPONSE_BYTES: usize = 4_000;

impl Inbox {
    /// Asks Ayrshare what these secrets give access to. Saves nothing.
    ///
    /// # Errors
    ///
    /// `BadApiBase`, `BadInput`, `XKeysMissing` if only one of the two X keys was given, and those of the provider.
    pub async fn check_ayrshare(&self, api_base: Option<String>, secrets: AyrshareSecrets) -> Result<KeyCheck> {
        let (api_base, credentials) = wanted(api_base, &secrets)?;
        self.check(&api_base, &credentials).await
    }

    /// Checks and connects: saves the secrets, adds or revives the accounts that are ready, starts reading. A refusal
    /// saves nothing. `name` names the business; without it the profile's title does.
    ///
    /// # Errors
    ///
    /// As [`Self::check_ayrshare`]; besides, what is missing if no platform is ready, and `Keychain`.
    pub async fn connect_ayrshare(
        &self,
        api_base: Option<String>,
        secrets: AyrshareSecrets,
        name: Option<String>,
    ) -> Result<Vec<Account>> {
        self.0.may_write()?;
        let (api_base, credentials) = wanted(api_base, &secrets)?;
        let check = self.check(&api_base, &credentials).await?;
        require_ready(&check)?;
        let x = XChoice { history: secrets.x_history, monthly_limit_cents: secrets.x_monthly_limit_cents };
        self.attach(&api_base, &Credentials::Ayrshare(credentials), &check, name, x).await
    }

    /// Gives an existing connection new secrets, checked first; history and drafts stay. Fields that are `None` keep
    /// what is saved: without any it looks again. A platform that has become ready is taken up; one that the user has
    /// disconnected stays so.
    ///
    /// # Errors
    ///
    /// `NotFound`, `OtherProfilesKey` if the key belongs to another profile than before, `Keychain`, and those of the
    /// provider.
    pub async fn reconnect_ayrshare(
        &self,
        connection: ConnectionId,
        api_key: Option<Secret>,
        profile_key: Option<Secret>,
        x_keys: Option<(Secret, Secret)>,
    ) -> Result<KeyCheck> {
        self.0.may_write()?;
        let row = self.0.connection(connection).await?;
        let held = self.ayrshare_keys(connection).await?;
        let api_key = api_key.or_else(|| held.as_ref().map(|c| c.api_key.clone()));
        let credentials = AyrshareKeys {
            api_key: api_key.ok_or_else(|| user_error(ErrorCode::BadInput, "the API key is missing"))?,
            profile_key: profile_key.or_else(|| held.as_ref().and_then(|c| c.profile_key.clone())),
            x_keys: x_keys.or_else(|| held.as_ref().and_then(|c| c.x_keys.clone())),
        };
        let check = self.check(&row.api_base, &credentials).await?;
        if let (Some(before), Some(now)) = (&row.remote_ref, &check.profile.reference)
            && before != now
        {
            let detail = format!("the key belongs to the profile {}", check.profile.title);
            return Err(user_error(ErrorCode::OtherProfilesKey, detail));
        }
        let x = XChoice { history: None, monthly_limit_cents: 0 };
        self.attach_to(row.id, &Credentials::Ayrshare(credentials), &check, None, x, Taking::Own).await?;
        Ok(check)
    }

    /// Switches messaging on for the profile of these secrets, and looks again. Saves nothing. Each platform may have to
    /// be linked again afterwards (`reference/ayrshare.md` 1.3); the answer says so.
    ///
    /// # Errors
    ///
    /// As [`Self::check_ayrshare`]; `MessagingOff` without a Profile Key: the Primary Profile's switch is in the
    /// dashboard.
    pub async fn switch_messaging_on(&self, api_base: Option<String>, secrets: AyrshareSecrets) -> Result<KeyCheck> {
        let (api_base, credentials) = wanted(api_base, &secrets)?;
        self.messaging_on(&api_base, &credentials).await
    }

    /// Likewise for an existing connection, whose accounts are read at once.
    ///
    /// # Errors
    ///
    /// `NotFound`, `Keychain`, and as [`Self::switch_messaging_on`].
    pub async fn switch_messaging_on_again(&self, connection: ConnectionId) -> Result<KeyCheck> {
        self.0.may_write()?;
        let row = self.0.connection(connection).await?;
        let held = self.ayrshare_keys(connection).await?;
        let held = held.ok_or_else(|| user_error(ErrorCode::Keychain, "the keychain holds no key"))?;
        let check = self.messaging_on(&row.api_base, &held).await?;
        let x = XChoice { history: None, monthly_limit_cents: 0 };
        self.attach_to(row.id, &Credentials::Ayrshare(held), &check, None, x, Taking::Own).await?;
        Ok(check)
    }

    /// The keys of a connection to Ayrshare.
    async fn ayrshare_keys(&self, connection: ConnectionId) -> Result<Option<AyrshareKeys>> {
        Ok(self.0.secrets.load(connection).await?.and_then(Credentials::ayrshare))
    }

    async fn messaging_on(&self, api_base: &str, credentials: &AyrshareKeys) -> Result<KeyCheck> {
        let Some(profile_key) = &credentials.profile_key else {
            return Err(user_error(ErrorCode::MessagingOff, "the Primary Profile has its switch in the dashboard"));
        };
        let before = self.check(api_base, credentials).await?;
        let primary = AyrshareKeys { api_key: credentials.api_key.clone(), profile_key: None, x_keys: None };
        let adapter = open_ayrshare(api_base, &primary, self.0.limits)?;
        let done = adapter.set_messaging_active(profile_key, &before.profile.title, true).await;
        done.map_err(|e| adapter_error(&e, self.0.now()))?;
        self.check(api_base, credentials).await
    }

    /// Creates a profile under the key of this connection, switches messaging on for it, and connects it. The answer is
    /// empty as long as nothing is linked to the new profile; its key is kept all the same, because Ayrshare shows it
    /// only once. [`Self::reconnect_ayrshare`] without secrets looks again.
    ///
    /// # Errors
    ///
    /// `TitleTaken`, `BadInput` for an empty title, `Keychain`, and those of the provider.
    pub async fn create_ayrshare_profile(&self, connection: ConnectionId, title: String) -> Result<Vec<Account>> {
        self.0.may_write()?;
        let title =
            clean_line(&title, NAME_CHARS).ok_or_else(|| user_error(ErrorCode::BadInput, "the title is empty"))?;
        let row = self.0.connection(connection).await?;
        let held = self.ayrshare_keys(connection).await?;
        let held = held.ok_or_else(|| user_error(ErrorCode::Keychain, "the keychain holds no key"))?;
        let link = self.0.link(connection).await?;
        let made = link.ayrshare()?.create_profile(&title).await.map_err(|e| adapter_error(&e, self.0.now()))?;
        let credentials = AyrshareKeys { profile_key: Some(made.profile_key), ..held };
        // Asked after the key is safe: a failure here must not lose it.
        let x = XChoice { history: None, monthly_limit_cents: 0 };
        let kept = Credentials::Ayrshare(credentials.clone());
        let new = self.new_connection(&row.api_base, &kept, &title, made.reference.as_deref()).await?;
        match self.check(&row.api_base, &credentials).await {
            Ok(check) => self.attach_to(new, &kept, &check, Some(title), x, Taking::All).await,
            Err(error) => {
                tracing::warn!(code = ?error.code, "the new profile could not be looked at yet");
                Ok(Vec::new())
            }
        }
    }

    /// The automatic reply of a connection's profile, from the provider.
    ///
    /// # Errors
    ///
    /// `NotFound`, `Keychain`, and those of the provider.
    pub async fn auto_response(&self, connection: ConnectionId) -> Result<AutoResponse> {
        let link = self.0.link(connection).await?;
        link.begin_call(self.0.now())?;
        let known = link.adapter.auto_response().await.map_err(|e| link.call_failed(self.0.now(), &e))?;
        auto_response::learn(&self.0, &link, connection, known.clone()).await;
        Ok(known)
    }

    /// Changes it; answers what the provider has now.
    ///
    /// # Errors
    ///
    /// `BadText` if it is far too long, `NotFound`, `Keychain`, and those of the provider.
    pub async fn set_auto_response(&self, connection: ConnectionId, wanted: AutoResponse) -> Result<AutoResponse> {
        self.0.may_write()?;
        if wanted.message.len() > AUTO_RESPONSE_BYTES {
            return Err(user_error(ErrorCode::BadText, "the automatic reply is too long"));
        }
        let link = self.0.link(connection).await?;
        link.begin_call(self.0.now())?;
        let known = link.adapter.set_auto_response(&wanted).await.map_err(|e| link.call_failed(self.0.now(), &e))?;
        auto_response::learn(&self.0, &link, connection, known.clone()).await;
        Ok(known)
    }
}

/// Address and secrets as they will be used. Half a pair of X keys is refused here, before anyone is asked.
fn wanted(api_base: Option<String>, secrets: &AyrshareSecrets) -> Result<(String, AyrshareKeys)> {
    let api_base = validate_api_base(api_base.as_deref().unwrap_or(API_BASE))
        .map_err(|e| user_error(ErrorCode::BadApiBase, e.to_string()))?;
    let x_keys = match XKeys::from_parts(secrets.x_api_key.clone(), secrets.x_api_secret.clone()) {
        XKeys::Missing => None,
        XKeys::Given { key, secret } => Some((key, secret)),
        XKeys::SecretMissing | XKeys::KeyMissing => {
            return Err(user_error(ErrorCode::XKeysMissing, "only one of the two X keys was given"));
        }
    };
    if secrets.api_key.is_empty() {
        return Err(user_error(ErrorCode::BadInput, "the API key is empty"));
    }
    let profile_key = secrets.profile_key.clone().filter(|key| !key.is_empty());
    Ok((api_base, AyrshareKeys { api_key: secrets.api_key.clone(), profile_key, x_keys }))
}

/// Refuses a profile of which nothing can be read, and says what is nearest to ready.
fn require_ready(check: &KeyCheck) -> Result<()> {
    let has = |state| check.profile.platforms.iter().any(|p| p.state == state);
    let code = if has(PlatformState::Ready) {
        return Ok(());
    } else if has(PlatformState::MessagingOff) {
        ErrorCode::MessagingOff
    } else if has(PlatformState::LinkAgain) {
        ErrorCode::LinkAgain
    } else if has(PlatformState::XKeysMissing) {
        ErrorCode::XKeysMissing
    } else {
        ErrorCode::NotLinked
    };
    Err(user_error(code, format!("no platform of the profile {} is ready", check.profile.title)))
}
