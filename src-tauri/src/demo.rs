//! The demo: the simulator in this process, and a data folder beside the user's own that is built anew at each start.
//!
//! Anew, because the simulator's world begins anew too (its people wrote "10 minutes ago"), on another port: an older
//! history would hold messages that its provider has never heard of. The whole history is read before the first screen
//! is shown: on loopback that takes less than a second, and a demo that fills while one looks at it shows nothing.
//!
//! Refuses: the keychain (the keys are invented) and the user's folder. Only a folder of this module's own making is
//! ever removed.

use std::{fs, io, path::Path, sync::OnceLock, time::Duration};

use backscroll_engine::{AyrshareSecrets, Inbox, InboxOptions, Secret, SecretsMode};
use backscroll_model::{CannedReplyForm, ErrorCode, Health, UserError, XHistory};
use backscroll_simulator::{SimOptions, Simulator};
use serde::Deserialize;

/// Inside the user's data folder.
const FOLDER: &str = "demo";
/// Says that the folder is the demo's, so that nothing else is ever removed.
const MARK: &str = "this-is-the-demo";

/// The engine's lock on a data folder.
const LOCK: &str = "lock";

/// How soon news of the invented people is read.
const HEARING: Duration = Duration::from_secs(1);

/// How soon again when that failed.
const RETRY: Duration = Duration::from_secs(5);

/// Canned replies to try: title, word, text. The last one has a blank that only the user can fill.
const CANNED: [(&str, &str, &str); 3] = [
    ("Welcome", "hello", "Hello {{first name}}, thank you for writing to {{business}}. How can we help?"),
    ("Opening hours", "hours", "We are open Tuesday to Saturday, 7:00 to 18:00, and closed on public holidays."),
    (
        "Order is ready",
        "ready",
        "Hello {{first name}}, your order {{order number}} is ready. We keep it for you until six.",
    ),
];

/// The providers of the demo live as long as the process.
static SIMULATOR: OnceLock<Simulator> = OnceLock::new();

/// Opens the demo beside the data folder of `options`, with its history read and its script running.
pub async fn open(options: InboxOptions) -> Result<Inbox, UserError> {
    let simulator = Simulator::start(SimOptions::demo()).await.map_err(|e| internal(&e))?;
    // A read after news is fresh; by itself the provider would repeat its last answer for a minute.
    simulator.set_knobs(|knobs| knobs.inbound_drops_cache = true);
    let inbox = open_with(&simulator, options).await?;
    simulator.demo_script();
    SIMULATOR.set(simulator).map_err(|_| internal(&"the demo was opened twice"))?;
    tokio::spawn(hear(inbox.clone()));
    Ok(inbox)
}

/// Stands in for the provider's webhooks: without them news is as old as the provider's cache, a minute, and the script
/// is over after ninety seconds.
async fn hear(inbox: Inbox) {
    let Some(simulator) = SIMULATOR.get() else { return };
    let mut heard = simulator.ledger().len();
    loop {
        tokio::time::sleep(HEARING).await;
        let now = simulator.ledger().len();
        if now == heard {
            continue;
        }
        match inbox.sync_once(None).await {
            Ok(reports) if reports.iter().all(|report| report.health == Health::Ok) => heard = now,
            // The script drops the connection, too: heard when it is back.
            Ok(_) => tokio::time::sleep(RETRY).await,
            Err(error) => {
                tracing::debug!(%error, "the demo's news waits");
                tokio::time::sleep(RETRY).await;
            }
        }
    }
}

/// Opens an inbox beside the data folder of `options` that is connected to all profiles of this simulator, its history
/// read once.
pub async fn open_with(simulator: &Simulator, options: InboxOptions) -> Result<Inbox, UserError> {
    let folder = options.data_dir.join(FOLDER);
    clear(&folder).map_err(|error| UserError {
        code: if error.kind() == io::ErrorKind::ResourceBusy { ErrorCode::InUse } else { ErrorCode::ReadOnly },
        retry_at: None,
        detail: format!("the folder of the demo: {error}"),
    })?;
    let inbox =
        Inbox::open(InboxOptions { data_dir: folder, secrets: SecretsMode::File, demo: true, ..options }).await?;
    for profile in simulator.profiles() {
        let keys: Keys = serde_json::from_value(simulator.secrets_json(profile.id)).map_err(|e| internal(&e))?;
        let api_base = Some(simulator.base_url().to_owned());
        inbox.connect_ayrshare(api_base, keys.into(), Some(profile.business)).await?;
    }
    for (title, word, text) in CANNED {
        let form = CannedReplyForm { title: title.to_owned(), word: word.to_owned(), text: text.to_owned() };
        inbox.save_canned_reply(None, form).await?;
    }
    inbox.sync_once(None).await?;
    Ok(inbox)
}

/// What the simulator says of its keys.
#[derive(Deserialize)]
struct Keys {
    api_key: String,
    profile_key: Option<String>,
    x_api_key: String,
    x_api_secret: String,
}

impl From<Keys> for AyrshareSecrets {
    fn from(keys: Keys) -> Self {
        Self {
            api_key: Secret::new(keys.api_key),
            profile_key: keys.profile_key.map(Secret::new),
            x_api_key: Some(Secret::new(keys.x_api_key)),
            x_api_secret: Some(Secret::new(keys.x_api_secret)),
            x_history: Some(XHistory::All),
            x_monthly_limit_cents: 0,
        }
    }
}

/// An empty folder with the mark in it.
fn clear(folder: &Path) -> io::Result<()> {
    let mark = folder.join(MARK);
    if folder.exists() {
        if !mark.exists() {
            return Err(io::Error::new(io::ErrorKind::AlreadyExists, "not made by the demo"));
        }
        if let Ok(lock) = fs::File::open(folder.join(LOCK))
            && matches!(lock.try_lock(), Err(fs::TryLockError::WouldBlock))
        {
            return Err(io::ErrorKind::ResourceBusy.into());
        }
        fs::remove_dir_all(folder)?;
    }
    fs::create_dir_all(folder)?;
    fs::write(mark, [])
}

fn internal(error: &dyn std::fmt::Display) -> UserError {
    UserError { code: ErrorCode::Internal, retry_at: None, detail: format!("the demo: {error}") }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn only_a_folder_of_the_demos_own_making_is_removed() {
        let root = tempfile::tempdir().unwrap();
        let folder = root.path().join(FOLDER);
        clear(&folder).unwrap();
        fs::write(folder.join("history"), "old").unwrap();
        let lock = fs::File::create(folder.join(LOCK)).unwrap();
        lock.lock().unwrap();
        assert_eq!(clear(&folder).unwrap_err().kind(), io::ErrorKind::ResourceBusy, "another process has it");
        drop(lock);
        clear(&folder).unwrap();
        assert!(!folder.join("history").exists());
        fs::remove_file(folder.join(MARK)).unwrap();
        fs::write(folder.join("history"), "someone's").unwrap();
        assert!(clear(&folder).is_err());
        assert_eq!(fs::read_to_string(folder.join("history")).unwrap(), "someone's");
    }
}
