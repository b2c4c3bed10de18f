//! Connecting a Page through Graph: Messenger and the linked Instagram account under one connection.
//!
//! Promises: as in [`super::accounts`]; besides, a person's token is never kept: the Page's own token, which the
//! person's token gives, takes its place.

use backscroll_adapters::{Adapter as _, Secret, meta::API_BASE, validate_api_base};
use backscroll_model::{
    Account, ConnectionId, ErrorCode, KeyCheck, PlatformState, RemoteId, UserError, text::clean_line,
};

use super::{
    Inbox,
    accounts::NAME_CHARS,
    attach::{Taking, XChoice},
};
use crate::{
    MetaSecrets,
    errors::{adapter_error, user_error},
    inner::Result,
    link::{Identity, open_meta},
    secrets::{Credentials, PageToken},
};

const NO_X: XChoice = XChoice { history: None, monthly_limit_cents: 0 };

impl Inbox {
    /// Asks Graph what this token gives access to, each permission tested and named. Saves nothing. The answer to a
    /// person's token without a choice names its Pages (`meta.pages`).
    ///
    /// # Errors
    ///
    /// `BadApiBase`, `BadInput` for an empty token, and those of the provider.
    pub async fn check_meta(&self, api_base: Option<String>, secrets: MetaSecrets) -> Result<KeyCheck> {
        let api_base = graph_base(api_base)?;
        Ok(self.look_at_page(&api_base, given(&secrets)?, secrets.page.as_ref()).await?.1)
    }

    /// Checks and connects: saves the Page's token, adds or revives its accounts that are ready, starts reading. A
    /// refusal saves nothing. `name` names the business; without it the Page's name does.
    ///
    /// # Errors
    ///
    /// As [`Self::check_meta`]; besides `ChoosePage` for a person's token without a choice, what is missing if no
    /// platform is ready, and `Keychain`.
    pub async fn connect_meta(
        &self,
        api_base: Option<String>,
        secrets: MetaSecrets,
        name: Option<String>,
    ) -> Result<Vec<Account>> {
        self.0.may_write()?;
        let api_base = graph_base(api_base)?;
        let (token, check) = self.look_at_page(&api_base, given(&secrets)?, secrets.page.as_ref()).await?;
        require_ready(&check)?;
        let name = name.as_deref().and_then(|n| clean_line(n, NAME_CHARS));
        self.attach(&api_base, &Credentials::Meta(token), &check, name, NO_X).await
    }

    /// Gives an existing connection a new token, checked first; history and drafts stay. What is `None` is kept as it is
    /// saved: with neither, it looks again with the kept token. A platform that has become ready is taken up; one that the
    /// user has disconnected stays so. A person's token stands for the Page that was connected before.
    ///
    /// # Errors
    ///
    /// `NotFound`, `OtherProfilesKey` if the token belongs to another Page, `Keychain`, and those of the provider.
    pub async fn reconnect_meta(
        &self,
        connection: ConnectionId,
        token: Option<Secret>,
        app_secret: Option<Secret>,
    ) -> Result<KeyCheck> {
        self.0.may_write()?;
        let row = self.0.connection(connection).await?;
        let held = self.0.secrets.load(connection).await?.and_then(Credentials::meta);
        let given = PageToken {
            token: token
                .or_else(|| held.as_ref().map(|held| held.token.clone()))
                .ok_or_else(|| user_error(ErrorCode::BadInput, "the token is missing"))?,
            app_secret: app_secret.or_else(|| held.and_then(|held| held.app_secret)),
        };
        let page = row.remote_ref.clone().map(RemoteId);
        let (token, check) = self.look_at_page(&row.api_base, given, page.as_ref()).await?;
        if row.remote_ref != check.profile.reference {
            let detail = format!("the token belongs to the Page {}", check.profile.title);
            return Err(user_error(ErrorCode::OtherProfilesKey, detail));
        }
        self.attach_to(row.id, &Credentials::Meta(token), &check, None, NO_X, Taking::Own).await?;
        Ok(check)
    }

    /// What the token gives access to, and the Page's own token: of a person's token that of `page`, if it is named.
    async fn look_at_page(
        &self,
        api_base: &str,
        token: PageToken,
        page: Option<&RemoteId>,
    ) -> Result<(PageToken, KeyCheck)> {
        let told = |error| adapter_error(&error, self.0.now());
        let open = |token| open_meta(api_base, token, Identity::default(), self.0.limits, self.0.check_pace());
        let adapter = open(&token)?;
        let check = adapter.check().await.map_err(told)?;
        let is_personal = check.meta.as_ref().is_some_and(|meta| !meta.pages.is_empty());
        let (true, Some(page)) = (is_personal, page) else { return Ok((token, check)) };
        let token = PageToken { token: adapter.page_token_of(page).await.map_err(told)?, ..token };
        let open = |token| open_meta(api_base, token, Identity::default(), self.0.limits, self.0.check_pace());
        let adapter = open(&token)?;
        let check = adapter.check().await.map_err(told)?;
        Ok((token, check))
    }
}

fn graph_base(api_base: Option<String>) -> Result<String> {
    validate_api_base(api_base.as_deref().unwrap_or(API_BASE))
        .map_err(|e| user_error(ErrorCode::BadApiBase, e.to_string()))
}

fn given(secrets: &MetaSecrets) -> Result<PageToken> {
    if secrets.token.is_empty() {
        return Err(user_error(ErrorCode::BadInput, "the token is empty"));
    }
    Ok(PageToken { token: secrets.token.clone(), app_secret: secrets.app_secret.clone().filter(|s| !s.is_empty()) })
}

/// Refuses a token with which nothing can be read, and says what is nearest to ready.
fn require_ready(check: &KeyCheck) -> Result<()> {
    let has = |state| check.profile.platforms.iter().any(|p| p.state == state);
    let code = if has(PlatformState::Ready) {
        return Ok(());
    } else if check.meta.as_ref().is_some_and(|meta| !meta.pages.is_empty()) {
        ErrorCode::ChoosePage
    } else if has(PlatformState::PermissionMissing) {
        ErrorCode::PermissionMissing
    } else if has(PlatformState::MessageAccessOff) {
        ErrorCode::MessageAccessOff
    } else {
        ErrorCode::NotLinked
    };
    Err(UserError { code, retry_at: None, detail: "nothing can be read with this token".to_owned() })
}
