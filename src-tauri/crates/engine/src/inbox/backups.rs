//! Backups.

use std::path::PathBuf;

use backscroll_model::{Backups, Restored, Timestamp};
use tokio_util::sync::CancellationToken;

use super::Inbox;
use crate::{backup, inner::Result};

impl Inbox {
    /// What the settings show.
    ///
    /// # Errors
    ///
    /// `Internal`.
    pub async fn backups(&self) -> Result<Backups> {
        backup::state(&self.0).await
    }

    /// Makes a backup now, where they go, or once into `folder`, beside another process or alone. Answers its file and its
    /// time.
    ///
    /// # Errors
    ///
    /// `FolderGone`, `DiskFull`, `ReadOnly`, `Damaged`.
    pub async fn back_up(&self, folder: Option<PathBuf>) -> Result<(PathBuf, Timestamp)> {
        let made = backup::make(&self.0, folder, &CancellationToken::new()).await?;
        Ok((made.path, made.name.at))
    }

    /// From now on they go into this folder; `None`: into the data folder's own.
    ///
    /// # Errors
    ///
    /// `FolderGone`, `BadInput`, those of the file system.
    pub async fn choose_backup_folder(&self, folder: Option<PathBuf>) -> Result<()> {
        self.0.may_write()?;
        backup::choose(&self.0, folder).await
    }

    /// Stops, and makes a backup that [`Self::backups`] lists ready to be the history at the next opening.
    ///
    /// # Errors
    ///
    /// `NotFound` and as [`Self::restore_file`].
    pub async fn restore_backup(&self, name: String) -> Result<Restored> {
        let file = backup::named(&self.0, name).await?;
        self.restore_file(file).await
    }

    /// The same of any file. Where it is refused everything goes on as before.
    ///
    /// # Errors
    ///
    /// `NotABackup`, `NewerData`, `DiskFull`, `InUse`.
    pub async fn restore_file(&self, file: PathBuf) -> Result<Restored> {
        self.0.may_write()?;
        let was_running = self.0.is_running();
        self.stop().await;
        let restored = backup::restore(&self.0, file).await;
        if restored.is_err() && was_running {
            self.start().await;
        }
        restored
    }

    /// What took the place of the former history and has not been read yet.
    pub async fn restored(&self) -> Option<Restored> {
        backup::restored(&self.0).await
    }

    /// It has been read.
    ///
    /// # Errors
    ///
    /// Those of the file system.
    pub async fn forget_restored(&self) -> Result<()> {
        self.0.may_write()?;
        backup::forget_restored(&self.0).await
    }
}
