//! Connections, businesses and accounts. Credentials come in and never go out.

use backscroll_engine::{AyrshareSecrets, MetaSecrets};
use backscroll_model::*;
use serde::Deserialize;
use specta::Type;
use tauri::State;

use super::Result;
use crate::{check, shell::Shell};

/// The secrets of one Ayrshare profile as the connect page has them. No `Debug`: they are wrapped at once.
#[derive(Deserialize, Type)]
pub struct AyrshareKeys {
    /// The API key of the Primary Profile.
    api_key: String,
    /// The Profile Key, to act as another profile.
    profile_key: Option<String>,
    /// X: consumer key of the user's developer app.
    x_api_key: Option<String>,
    /// X: its secret.
    x_api_secret: Option<String>,
    /// How much of X to read at the start; `null`: not chosen, nothing of X is read.
    x_history: Option<XHistory>,
    /// X: stop at this much a month, US cents. 0: no limit.
    x_monthly_limit_cents: u32,
}

impl AyrshareKeys {
    fn checked(self) -> Result<AyrshareSecrets> {
        Ok(AyrshareSecrets {
            api_key: check::secret(&self.api_key)?,
            profile_key: check::maybe_secret(self.profile_key.as_deref())?,
            x_api_key: check::maybe_secret(self.x_api_key.as_deref())?,
            x_api_secret: check::maybe_secret(self.x_api_secret.as_deref())?,
            x_history: self.x_history,
            x_monthly_limit_cents: self.x_monthly_limit_cents,
        })
    }
}

/// The two X keys of the user's developer app. No `Debug`.
#[derive(Deserialize, Type)]
pub struct XKeys {
    /// Consumer key.
    api_key: String,
    /// Its secret.
    api_secret: String,
}

/// The secrets of one Page as the connect page has them. No `Debug`: they are wrapped at once.
#[derive(Deserialize, Type)]
pub struct MetaKeys {
    /// The token of a Page, or of a person who has Pages.
    token: String,
    /// The secret of the app that the token belongs to, where that app demands signed calls.
    app_secret: Option<String>,
    /// A person's token: which of its Pages.
    page: Option<RemoteId>,
}

impl MetaKeys {
    fn checked(self) -> Result<MetaSecrets> {
        let page = check::maybe_line(self.page.map(|page| page.0))?;
        Ok(MetaSecrets {
            token: check::secret(&self.token)?,
            app_secret: check::maybe_secret(self.app_secret.as_deref())?,
            page: page.map(RemoteId),
        })
    }
}

/// All accounts, in the order of the rail.
#[tauri::command]
#[specta::specta]
pub async fn accounts(shell: State<'_, Shell>) -> Result<Vec<Account>> {
    shell.inbox().await?.accounts().await
}

/// All shops.
#[tauri::command]
#[specta::specta]
pub async fn businesses(shell: State<'_, Shell>) -> Result<Vec<Business>> {
    shell.inbox().await?.businesses().await
}

/// All connections, without their secrets.
#[tauri::command]
#[specta::specta]
pub async fn connections(shell: State<'_, Shell>) -> Result<Vec<Connection>> {
    shell.inbox().await?.connections().await
}

/// What the account's page shows.
#[tauri::command]
#[specta::specta]
pub async fn account_page(shell: State<'_, Shell>, id: AccountId) -> Result<AccountPage> {
    shell.inbox().await?.account_page(check::id(id)?).await
}

/// Asks Ayrshare what these secrets give access to. Saves nothing.
#[tauri::command]
#[specta::specta]
pub async fn check_ayrshare(shell: State<'_, Shell>, api_base: Option<String>, keys: AyrshareKeys) -> Result<KeyCheck> {
    shell.inbox().await?.check_ayrshare(check::maybe_line(api_base)?, keys.checked()?).await
}

/// Checks and connects: saves the secrets, adds or revives the accounts that are ready, starts reading. A refusal
/// saves nothing. `name` names the business; without it the profile's title does.
#[tauri::command]
#[specta::specta]
pub async fn connect_ayrshare(
    shell: State<'_, Shell>,
    api_base: Option<String>,
    keys: AyrshareKeys,
    name: Option<String>,
) -> Result<Vec<Account>> {
    let (api_base, name) = (check::maybe_line(api_base)?, check::maybe_line(name)?);
    shell.inbox().await?.connect_ayrshare(api_base, keys.checked()?, name).await
}

/// Gives an existing connection new secrets, checked first; history and drafts stay. What is `null` stays as saved.
#[tauri::command]
#[specta::specta]
pub async fn reconnect_ayrshare(
    shell: State<'_, Shell>,
    connection: ConnectionId,
    api_key: Option<String>,
    profile_key: Option<String>,
    x_keys: Option<XKeys>,
) -> Result<KeyCheck> {
    let connection = check::id(connection)?;
    let api_key = check::maybe_secret(api_key.as_deref())?;
    let profile_key = check::maybe_secret(profile_key.as_deref())?;
    let x_keys = match x_keys {
        Some(keys) => Some((check::secret(&keys.api_key)?, check::secret(&keys.api_secret)?)),
        None => None,
    };
    shell.inbox().await?.reconnect_ayrshare(connection, api_key, profile_key, x_keys).await
}

/// Asks Graph what this token gives access to, each permission tested and named. Saves nothing.
#[tauri::command]
#[specta::specta]
pub async fn check_meta(shell: State<'_, Shell>, api_base: Option<String>, keys: MetaKeys) -> Result<KeyCheck> {
    shell.inbox().await?.check_meta(check::maybe_line(api_base)?, keys.checked()?).await
}

/// Checks and connects a Page with its Instagram account. A refusal saves nothing. `name` names the business; without it
/// the Page's name does.
#[tauri::command]
#[specta::specta]
pub async fn connect_meta(
    shell: State<'_, Shell>,
    api_base: Option<String>,
    keys: MetaKeys,
    name: Option<String>,
) -> Result<Vec<Account>> {
    let (api_base, name) = (check::maybe_line(api_base)?, check::maybe_line(name)?);
    shell.inbox().await?.connect_meta(api_base, keys.checked()?, name).await
}

/// Gives an existing connection to Graph a new token, checked first; history and drafts stay. What is `null` stays as
/// saved: with neither, it looks again with the kept token.
#[tauri::command]
#[specta::specta]
pub async fn reconnect_meta(
    shell: State<'_, Shell>,
    connection: ConnectionId,
    token: Option<String>,
    app_secret: Option<String>,
) -> Result<KeyCheck> {
    let connection = check::id(connection)?;
    let token = check::maybe_secret(token.as_deref())?;
    let app_secret = check::maybe_secret(app_secret.as_deref())?;
    shell.inbox().await?.reconnect_meta(connection, token, app_secret).await
}

/// Switches messaging on for the profile of these secrets, and looks again. Saves nothing.
#[tauri::command]
#[specta::specta]
pub async fn switch_messaging_on(
    shell: State<'_, Shell>,
    api_base: Option<String>,
    keys: AyrshareKeys,
) -> Result<KeyCheck> {
    shell.inbox().await?.switch_messaging_on(check::maybe_line(api_base)?, keys.checked()?).await
}

/// Switches messaging on for the profile of this connection, and reads its accounts.
#[tauri::command]
#[specta::specta]
pub async fn switch_messaging_on_again(shell: State<'_, Shell>, connection: ConnectionId) -> Result<KeyCheck> {
    shell.inbox().await?.switch_messaging_on_again(check::id(connection)?).await
}

/// Creates a profile under the key of this connection, switches messaging on for it, and connects it.
#[tauri::command]
#[specta::specta]
pub async fn create_ayrshare_profile(
    shell: State<'_, Shell>,
    connection: ConnectionId,
    title: String,
) -> Result<Vec<Account>> {
    shell.inbox().await?.create_ayrshare_profile(check::id(connection)?, check::line(title)?).await
}

/// Asks the provider how the account is.
#[tauri::command]
#[specta::specta]
pub async fn test_account(shell: State<'_, Shell>, id: AccountId) -> Result<PlatformCheck> {
    shell.inbox().await?.test_account(check::id(id)?).await
}

/// Forgets the account's connection; the history stays readable. Answers whether the provider has our address still.
#[tauri::command]
#[specta::specta]
pub async fn disconnect(shell: State<'_, Shell>, id: AccountId) -> Result<AddressLeft> {
    shell.inbox().await?.disconnect(check::id(id)?).await
}

/// Deletes the history of a disconnected account; answers how many messages went.
#[tauri::command]
#[specta::specta]
pub async fn delete_history(shell: State<'_, Shell>, id: AccountId) -> Result<u32> {
    shell.inbox().await?.delete_history(check::id(id)?).await
}

/// X: the user's choice of how much to read and what it may cost a month (cents, 0: no limit).
#[tauri::command]
#[specta::specta]
pub async fn set_x_budget(
    shell: State<'_, Shell>,
    id: AccountId,
    history: XHistory,
    monthly_limit_cents: u32,
) -> Result<()> {
    shell.inbox().await?.set_x_budget(check::id(id)?, history, monthly_limit_cents).await
}

/// The automatic reply of a connection's profile, from the provider.
#[tauri::command]
#[specta::specta]
pub async fn auto_response(shell: State<'_, Shell>, connection: ConnectionId) -> Result<AutoResponse> {
    shell.inbox().await?.auto_response(check::id(connection)?).await
}

/// Changes it; answers what the provider has now.
#[tauri::command]
#[specta::specta]
pub async fn set_auto_response(
    shell: State<'_, Shell>,
    connection: ConnectionId,
    wanted: AutoResponse,
) -> Result<AutoResponse> {
    let wanted = AutoResponse { message: check::text(wanted.message)?, ..wanted };
    shell.inbox().await?.set_auto_response(check::id(connection)?, wanted).await
}
