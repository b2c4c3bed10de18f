//! Where credentials rest: the desktop's keychain, or a file that the user is told about.
//!
//! Promises: one entry per connection; secrets are in the keychain (or that file) and nowhere else: no log, no
//! database, no temporary file that outlives a crash without its 0600.
//!
//! The entry is named after a random id of the data folder and the row of the connection, because the demo and the real
//! inbox are two folders whose rows both begin at 1. A secret that an earlier run had to put into the file is still
//! found after a keychain appeared, and moves there when it is next written.

mod at_rest;
mod credentials;
mod file;

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use backscroll_model::{ConnectionId, ErrorCode, UserError};
use tokio::sync::Mutex;

use at_rest::AtRest;
pub(crate) use credentials::{AyrshareKeys, Credentials, HookKeys, PageToken};
use file::{forget_in_file, read_file, write_all};

use crate::{
    SecretsMode, SecretsPlace,
    errors::{io_error, user_error},
    files::write_file,
};

/// The name under which keychain programs list our entries.
const SERVICE: &str = "Backscroll";
/// A keychain that does not answer by then is taken for missing; starting one over D-Bus takes about a second.
const PROBE: Duration = Duration::from_secs(5);

/// Names the data folder in the keychain.
const FOLDER_ID: &str = "keychain-id";

type Result<T> = std::result::Result<T, UserError>;

/// Reads and writes credentials.
#[derive(Clone)]
pub(crate) struct Secrets {
    place: SecretsPlace,
    file: PathBuf,
    /// Id of the data folder, part of the keychain entry's name.
    folder: Arc<str>,
    /// The file is read, changed and written as a whole.
    one_writer: Arc<Mutex<()>>,
}

impl Secrets {
    /// Finds out where secrets can rest. `read_only` asks no keychain and writes nothing.
    pub(crate) async fn open(dir: &Path, mode: SecretsMode, read_only: bool) -> Result<Self> {
        let place = match mode {
            SecretsMode::File => SecretsPlace::File,
            SecretsMode::Keychain if read_only || keychain_answers().await => SecretsPlace::Keychain,
            SecretsMode::Keychain => SecretsPlace::FileBecauseNoKeychain,
        };
        let folder = match place {
            SecretsPlace::Keychain if !read_only => folder_id(dir)?,
            // An earlier run may have had a keychain.
            SecretsPlace::FileBecauseNoKeychain if dir.join(FOLDER_ID).exists() => folder_id(dir)?,
            _ => String::new(),
        };
        Ok(Self { place, file: dir.join("secrets.json"), folder: folder.into(), one_writer: Arc::default() })
    }

    pub(crate) fn place(&self) -> SecretsPlace {
        self.place
    }

    /// The credentials of a connection; `None`: there are none.
    pub(crate) async fn load(&self, id: ConnectionId) -> Result<Option<Credentials>> {
        Ok(self.get(id.to_string()).await?.and_then(AtRest::credentials))
    }

    /// Saves them, replacing what was there.
    pub(crate) async fn save(&self, id: ConnectionId, credentials: &Credentials) -> Result<()> {
        self.put(id.to_string(), credentials.into()).await
    }

    /// What guards the address of a connection's webhooks; `None`: it has none.
    pub(crate) async fn load_hook(&self, id: ConnectionId) -> Result<Option<HookKeys>> {
        Ok(self.get(hook_name(id)).await?.and_then(AtRest::hook_keys))
    }

    /// Saves it, replacing what was there.
    pub(crate) async fn save_hook(&self, id: ConnectionId, keys: &HookKeys) -> Result<()> {
        self.put(hook_name(id), keys.into()).await
    }

    /// Forgets all of a connection, in the file and in the keychain. Nothing to forget is fine; so is a keychain that
    /// does not run, if the file is where secrets go.
    pub(crate) async fn forget(&self, id: ConnectionId) -> Result<()> {
        // The key of the account is what matters most, so a failure there is what is told.
        let hook = self.remove(hook_name(id)).await;
        self.remove(id.to_string()).await?;
        hook
    }

    async fn get(&self, name: String) -> Result<Option<AtRest>> {
        let entry = self.entry(&name);
        let file = self.file.clone();
        let keychain = self.place == SecretsPlace::Keychain;
        blocking(move || {
            // Writing to the keychain removes the file's entry: where there is one, no keychain ran since, and it is newer.
            if let Some(at_rest) = read_file(&file)?.remove(&name) {
                return Ok(Some(at_rest));
            }
            if !keychain {
                return Ok(None);
            }
            match keyring::Entry::new(SERVICE, &entry).and_then(|e| e.get_password()) {
                Ok(text) => {
                    let at_rest = serde_json::from_str(&text);
                    Ok(Some(at_rest.map_err(|_| keychain_error("the entry is not readable"))?))
                }
                Err(keyring::Error::NoEntry) => Ok(None),
                Err(e) => Err(keychain_error(&error_kind(&e))),
            }
        })
        .await
    }

    async fn put(&self, name: String, at_rest: AtRest) -> Result<()> {
        let _one = self.one_writer.lock().await;
        let entry = self.entry(&name);
        let file = self.file.clone();
        let keychain = self.place == SecretsPlace::Keychain;
        blocking(move || {
            if !keychain {
                let mut all = read_file(&file)?;
                all.insert(name, at_rest);
                return write_all(&file, &all);
            }
            let text = serde_json::to_string(&at_rest).map_err(|_| keychain_error("not serialisable"))?;
            keyring::Entry::new(SERVICE, &entry)
                .and_then(|e| e.set_password(&text))
                .map_err(|e| keychain_error(&error_kind(&e)))?;
            forget_in_file(&file, &name)
        })
        .await
    }

    async fn remove(&self, name: String) -> Result<()> {
        let _one = self.one_writer.lock().await;
        let entry = self.entry(&name);
        let file = self.file.clone();
        let keychain = self.place == SecretsPlace::Keychain;
        let may_be_there = self.place != SecretsPlace::File && !self.folder.is_empty();
        blocking(move || {
            let in_file = forget_in_file(&file, &name);
            if may_be_there {
                match keyring::Entry::new(SERVICE, &entry).and_then(|e| e.delete_credential()) {
                    Ok(()) | Err(keyring::Error::NoEntry) => {}
                    Err(e) if keychain => return Err(keychain_error(&error_kind(&e))),
                    Err(e) => tracing::warn!(reason = error_kind(&e), "a key may be left in the keychain"),
                }
            }
            in_file
        })
        .await
    }

    fn entry(&self, name: &str) -> String {
        format!("{}/{name}", self.folder)
    }
}

fn hook_name(id: ConnectionId) -> String {
    format!("{id}/webhook")
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
    tokio::task::spawn_blocking(work).await.unwrap_or_else(|_| Err(keychain_error("the keychain client failed")))
}

/// Whether a keychain runs: asking for an entry that is not there gets an answer.
async fn keychain_answers() -> bool {
    let asked = tokio::task::spawn_blocking(|| {
        match keyring::Entry::new(SERVICE, "is-there-a-keychain").and_then(|e| e.get_password()) {
            // A locked keychain is there: what it refuses later is told as such.
            Ok(_) | Err(keyring::Error::NoEntry | keyring::Error::NoStorageAccess(_)) => true,
            Err(e) => {
                tracing::warn!(reason = error_kind(&e), "no keychain: secrets go to a file");
                false
            }
        }
    });
    matches!(tokio::time::timeout(PROBE, asked).await, Ok(Ok(true)))
}

fn folder_id(dir: &Path) -> Result<String> {
    let path = dir.join(FOLDER_ID);
    match std::fs::read_to_string(&path) {
        Ok(id) if !id.trim().is_empty() => return Ok(id.trim().to_owned()),
        Ok(_) => {}
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => {}
        Err(e) => return Err(io_error("the data folder", &e)),
    }
    let id = hex::encode(rand::random::<[u8; 8]>());
    write_file(&path, id.as_bytes()).map_err(|e| io_error("the data folder", &e))?;
    Ok(id)
}

fn keychain_error(why: &str) -> UserError {
    user_error(ErrorCode::Keychain, why)
}

/// The kind of a keychain's error. Its own text is not passed on: `BadEncoding` carries the secret's bytes.
fn error_kind(error: &keyring::Error) -> String {
    match error {
        keyring::Error::PlatformFailure(e) => format!("the keychain failed: {e}"),
        keyring::Error::NoStorageAccess(e) => format!("the keychain is locked: {e}"),
        keyring::Error::NoDefaultStore => "no keychain runs".to_owned(),
        keyring::Error::NoEntry => "no such entry".to_owned(),
        _ => "the keychain refused".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use backscroll_adapters::Secret;

    use super::*;

    fn credentials() -> Credentials {
        Credentials::Ayrshare(AyrshareKeys {
            api_key: Secret::new("AAAA-1111"),
            profile_key: Some(Secret::new("PPPP-2222")),
            x_keys: Some((Secret::new("xk"), Secret::new("xs"))),
        })
    }

    fn page() -> Credentials {
        Credentials::Meta(PageToken { token: Secret::new("EAAPage"), app_secret: Some(Secret::new("app")) })
    }

    #[tokio::test]
    async fn the_file_keeps_each_connection_apart_and_is_gone_with_the_last() {
        let dir = tempfile::tempdir().unwrap();
        let secrets = Secrets::open(dir.path(), SecretsMode::File, false).await.unwrap();
        assert_eq!(secrets.place(), SecretsPlace::File);
        let (one, two) = (ConnectionId(1), ConnectionId(2));
        assert_eq!(secrets.load(one).await.unwrap(), None);
        secrets.save(one, &credentials()).await.unwrap();
        secrets.save(two, &page()).await.unwrap();
        assert_eq!(secrets.load(one).await.unwrap(), Some(credentials()));
        assert_eq!(secrets.load(two).await.unwrap(), Some(page()));
        secrets.forget(one).await.unwrap();
        secrets.forget(one).await.unwrap();
        assert_eq!(secrets.load(one).await.unwrap(), None);
        secrets.forget(two).await.unwrap();
        assert!(!dir.path().join("secrets.json").exists());
    }

    #[tokio::test]
    async fn what_guards_webhooks_is_forgotten_with_its_connection_and_outlives_new_keys() {
        let dir = tempfile::tempdir().unwrap();
        let secrets = Secrets::open(dir.path(), SecretsMode::File, false).await.unwrap();
        let id = ConnectionId(1);
        assert_eq!(secrets.load_hook(id).await.unwrap(), None);
        let keys = HookKeys::new();
        assert_ne!(keys.path, keys.word);
        secrets.save(id, &credentials()).await.unwrap();
        secrets.save_hook(id, &keys).await.unwrap();
        secrets.save(id, &page()).await.unwrap();
        assert_eq!(secrets.load_hook(id).await.unwrap(), Some(keys));
        assert_eq!(secrets.load(id).await.unwrap(), Some(page()));
        secrets.forget(id).await.unwrap();
        assert_eq!(secrets.load_hook(id).await.unwrap(), None);
        assert!(!dir.path().join("secrets.json").exists());
    }

    #[tokio::test]
    async fn what_was_saved_while_no_keychain_ran_is_newer_than_what_the_keychain_holds() {
        let dir = tempfile::tempdir().unwrap();
        let without = Secrets::open(dir.path(), SecretsMode::File, false).await.unwrap();
        without.save(ConnectionId(1), &credentials()).await.unwrap();
        let with = Secrets { place: SecretsPlace::Keychain, folder: "test".into(), ..without };
        assert_eq!(with.load(ConnectionId(1)).await.unwrap(), Some(credentials()));
        // Whatever the keychain says to it.
        let _ = with.forget(ConnectionId(1)).await;
        assert!(!dir.path().join("secrets.json").exists());
    }

    #[tokio::test]
    async fn a_damaged_file_is_a_keychain_error_and_is_not_overwritten() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("secrets.json");
        std::fs::write(&file, "{").unwrap();
        let secrets = Secrets::open(dir.path(), SecretsMode::File, false).await.unwrap();
        assert_eq!(secrets.save(ConnectionId(1), &credentials()).await.unwrap_err().code, ErrorCode::Keychain);
        assert_eq!(std::fs::read_to_string(&file).unwrap(), "{");
    }
}
