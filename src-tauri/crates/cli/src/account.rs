//! `backscroll account …`

use std::{collections::BTreeMap, io::Read as _, process::ExitCode};

use backscroll_engine::{AyrshareSecrets, Inbox, MetaSecrets, Secret, SecretsPlace};
use backscroll_model::*;
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use crate::{
    args::AccountCommand,
    failure::Usage,
    folder::Folder,
    output::Output,
    texts::{self, text, word},
};

/// An account as it is printed.
#[derive(Serialize)]
struct Row {
    id: String,
    provider: Option<&'static str>,
    platform: &'static str,
    remote_id: String,
    name: String,
    username: Option<String>,
    business: Option<String>,
    connected: bool,
    health: String,
    backfill: String,
    last_read_at: Option<i64>,
}

/// Runs one of the account commands.
pub async fn run(folder: &Folder, command: AccountCommand, out: &mut Output) -> anyhow::Result<ExitCode> {
    match command {
        AccountCommand::Add { provider, name, api_base, history, page } => {
            let secrets = match provider {
                Provider::Ayrshare => Given::Ayrshare(parse_ayrshare(&stdin()?, history)?),
                Provider::Meta => Given::Meta(parse_meta(&stdin()?, page)?),
            };
            add(folder, secrets, name, api_base, out).await
        }
        AccountCommand::List => {
            let inbox = folder.read().await?;
            let accounts = inbox.accounts().await?;
            print(&inbox, accounts, out).await?;
            Ok(ExitCode::SUCCESS)
        }
        AccountCommand::Test { id } => test(folder, id, out).await,
        AccountCommand::Disconnect { id } => {
            let inbox = folder.own().await?;
            let left = inbox.disconnect(id).await?;
            inbox.stop().await;
            // Standard output says it too, for scripts.
            let warning = match left {
                AddressLeft::No => None,
                AddressLeft::Yes => Some("address_left"),
                AddressLeft::Unknown => Some("address_unknown"),
            };
            if let Some(warning) = warning {
                eprintln!("{}", text(warning, &[]));
            }
            let told = serde_json::json!({ "id": id.to_string(), "connected": false, "webhook_address_left": left });
            out.object(&told, || vec![text("cli_disconnected", &[("id", &id.to_string())])])?;
            Ok(ExitCode::SUCCESS)
        }
        AccountCommand::Delete { id } => {
            let inbox = folder.own().await?;
            let deleted = inbox.delete_history(id).await?;
            inbox.stop().await;
            out.object(&serde_json::json!({ "id": id.to_string(), "deleted_messages": deleted }), || {
                vec![text("cli_deleted", &[("id", &id.to_string()), ("count", &deleted.to_string())])]
            })?;
            Ok(ExitCode::SUCCESS)
        }
    }
}

/// The secrets of whichever provider.
enum Given {
    Ayrshare(AyrshareSecrets),
    Meta(MetaSecrets),
}

async fn add(
    folder: &Folder,
    secrets: Given,
    name: Option<String>,
    api_base: Option<String>,
    out: &mut Output,
) -> anyhow::Result<ExitCode> {
    let inbox = folder.own().await?;
    match inbox.secrets_place() {
        SecretsPlace::Keychain => {}
        SecretsPlace::File => eprintln!("{}", text("cli_secrets_in_file", &[])),
        // Falling back is the desktop's way, where the user sees it. A script must ask for it.
        SecretsPlace::FileBecauseNoKeychain => anyhow::bail!(text("cli_no_keychain", &[])),
    }
    let accounts = match secrets {
        Given::Ayrshare(secrets) => inbox.connect_ayrshare(api_base, secrets, name).await?,
        Given::Meta(secrets) => inbox.connect_meta(api_base, secrets, name).await?,
    };
    print(&inbox, accounts, out).await?;
    inbox.stop().await;
    Ok(ExitCode::SUCCESS)
}

async fn test(folder: &Folder, id: AccountId, out: &mut Output) -> anyhow::Result<ExitCode> {
    let inbox = folder.own().await?;
    let check = inbox.test_account(id).await?;
    inbox.stop().await;
    let state = word(&check.state);
    let object = serde_json::json!({
        "id": id.to_string(), "platform": check.platform.as_str(), "state": state,
        "remote_id": check.remote_id, "name": check.name, "username": check.username,
    });
    out.object(&object, || vec![id.to_string(), check.platform.brand().to_owned(), state])?;
    Ok(if check.state == PlatformState::Ready { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

async fn print(inbox: &Inbox, accounts: Vec<Account>, out: &mut Output) -> anyhow::Result<()> {
    let businesses: BTreeMap<BusinessId, String> =
        inbox.businesses().await?.into_iter().map(|business| (business.id, business.name)).collect();
    let connections: BTreeMap<ConnectionId, Provider> =
        inbox.connections().await?.into_iter().map(|connection| (connection.id, connection.provider)).collect();
    for account in accounts {
        let row = Row {
            id: account.id.to_string(),
            provider: account.connection.and_then(|id| connections.get(&id)).map(|provider| provider.as_str()),
            platform: account.platform.as_str(),
            remote_id: account.remote_id.0,
            name: account.name,
            username: account.username,
            business: businesses.get(&account.business).cloned(),
            connected: account.connection.is_some(),
            health: texts::health(&account.health),
            backfill: word(&account.backfill),
            last_read_at: account.last_read_at.map(|at| at.0),
        };
        out.object(&row, || {
            vec![
                row.id.clone(),
                account.platform.brand().to_owned(),
                row.name.clone(),
                row.business.clone().unwrap_or_default(),
                row.health.clone(),
            ]
        })?;
    }
    Ok(())
}

/// What stands on standard input. Unknown names are refused: a misspelt one would silently not count.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AyrshareJson {
    api_key: String,
    profile_key: Option<String>,
    x_api_key: Option<String>,
    x_api_secret: Option<String>,
}

/// Likewise for Graph.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct MetaJson {
    page_token: String,
    app_secret: Option<String>,
}

fn stdin() -> anyhow::Result<String> {
    // Two kilobytes hold four keys many times over; a file given by mistake is not swallowed whole.
    let mut json = String::new();
    std::io::stdin().lock().take(64 * 1024).read_to_string(&mut json)?;
    Ok(json)
}

fn parse<T: DeserializeOwned>(json: &str) -> anyhow::Result<T> {
    // The place and never the message of the parser: it quotes what it read.
    Ok(serde_json::from_str(json).map_err(|error| {
        let (line, column) = (error.line().to_string(), error.column().to_string());
        Usage(text("cli_secrets_expected", &[("line", &line), ("column", &column)]))
    })?)
}

fn secret(value: Option<String>) -> Option<Secret> {
    value.map(Secret::new).filter(|secret| !secret.is_empty())
}

fn parse_ayrshare(json: &str, history: Option<XHistory>) -> anyhow::Result<AyrshareSecrets> {
    let given: AyrshareJson = parse(json)?;
    Ok(AyrshareSecrets {
        api_key: Secret::new(given.api_key),
        profile_key: secret(given.profile_key),
        x_api_key: secret(given.x_api_key),
        x_api_secret: secret(given.x_api_secret),
        x_history: history,
        x_monthly_limit_cents: 0,
    })
}

fn parse_meta(json: &str, page: Option<String>) -> anyhow::Result<MetaSecrets> {
    let given: MetaJson = parse(json)?;
    Ok(MetaSecrets {
        token: Secret::new(given.page_token),
        app_secret: secret(given.app_secret),
        page: page.map(RemoteId),
    })
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn a_mistake_in_the_secrets_is_told_without_quoting_them() {
        for bad in [r#"{"api_key": "HUSH", "profilekey": "HUSH"}"#, r#"{"api_key": {"HUSH": 1}}"#, r#""HUSH""#, ""] {
            for error in [parse_ayrshare(bad, None).unwrap_err(), parse_meta(bad, None).unwrap_err()] {
                assert!(error.downcast_ref::<Usage>().is_some());
                assert!(!format!("{error:?}").contains("HUSH"), "{error:?}");
            }
        }
    }

    #[test]
    fn empty_optional_secrets_count_as_not_given() {
        let parsed = parse_ayrshare(r#"{"api_key": " k ", "profile_key": "", "x_api_key": null}"#, None).unwrap();
        assert_eq!(parsed.api_key.expose(), "k");
        assert!(parsed.profile_key.is_none() && parsed.x_api_key.is_none());
        let parsed = parse_meta(r#"{"page_token": "EAA", "app_secret": " "}"#, None).unwrap();
        assert!(parsed.token.expose() == "EAA" && parsed.app_secret.is_none());
    }
}
