//! Opening the data folder.
//!
//! One process owns a data folder at a time, because two would read and send twice. Commands that only read do not ask
//! for it, so they work while the desktop runs; commands that write are refused then.

use std::{path::PathBuf, sync::Arc};

use anyhow::Context as _;
use backscroll_engine::{Inbox, InboxOptions, SecretsMode, SystemClock};

use crate::{
    args::{Common, SecretsChoice},
    texts::text,
};

/// Where the data is, and where its secrets are.
pub struct Folder {
    data_dir: PathBuf,
    secrets: SecretsMode,
}

impl Folder {
    /// The folder that the user named, or the desktop's.
    pub fn new(common: &Common) -> anyhow::Result<Self> {
        let data_dir = match &common.data_dir {
            Some(named) => named.clone(),
            None => default_folder().context("this user has no home folder: name one with --data-dir")?,
        };
        let secrets = match common.secrets {
            SecretsChoice::Keychain => SecretsMode::Keychain,
            SecretsChoice::File => SecretsMode::File,
        };
        Ok(Self { data_dir, secrets })
    }

    /// Opens it to write; refused while another process owns it.
    pub async fn own(&self) -> anyhow::Result<Inbox> {
        let inbox = Inbox::open(self.options(false)?).await?;
        if let Some(file) = inbox.damaged_history() {
            eprintln!("{}", text("damaged_notice", &[("file", &file)]));
        }
        Ok(inbox)
    }

    /// Opens it to read. A folder that cannot be read as it is (it is new, or of an older version) is opened as an owner
    /// does, which makes or migrates it.
    pub async fn read(&self) -> anyhow::Result<Inbox> {
        match Inbox::open(self.options(true)?).await {
            Ok(inbox) => Ok(inbox),
            Err(_) => self.own().await,
        }
    }

    fn options(&self, read_only: bool) -> anyhow::Result<InboxOptions> {
        let program = std::env::current_exe().context("the path of this program")?;
        let seed = std::hash::BuildHasher::hash_one(&std::hash::RandomState::new(), std::process::id());
        Ok(InboxOptions {
            data_dir: self.data_dir.clone(),
            secrets: self.secrets,
            clock: Arc::new(SystemClock),
            seed,
            decoder: (program, vec![backscroll_media::DECODE_ARGUMENT.to_owned()]),
            read_only,
            demo: false,
        })
    }
}

/// The data folder of the desktop application.
fn default_folder() -> Option<PathBuf> {
    directories::ProjectDirs::from("", "", "Backscroll").map(|dirs| dirs.data_dir().to_owned())
}
