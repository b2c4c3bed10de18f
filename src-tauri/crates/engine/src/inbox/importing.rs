//! Bringing in downloads, and writing the history out.

use backscroll_model::{ExportProgress, ExportReport, ImportProgress, ImportReport};
use tokio_util::sync::CancellationToken;

use super::Inbox;
use crate::{ExportRequest, ImportRequest, export, import, inner::Result};

impl Inbox {
    /// Brings in a download of Facebook, Instagram or X. `progress` hears of each batch after its commit; `cancel` ends it
    /// between two of them, and the next import of the same files goes on there.
    ///
    /// # Errors
    ///
    /// `NotADownload`, `HtmlDownload`, `DamagedDownload`, `OwnerUnknown`, `OtherPlatform`, `NotFound`, and those of the
    /// history. What cannot be read of a download that can be read is no error but stands in the report.
    pub async fn import(
        &self,
        request: ImportRequest,
        progress: impl FnMut(ImportProgress) + Send,
        cancel: CancellationToken,
    ) -> Result<ImportReport> {
        import::run(&self.0, request, progress, cancel).await
    }

    /// Writes conversations out as files, with the copies of their files and a manifest. `progress` hears of each page;
    /// `cancel` ends it, and leaves nothing that is not whole.
    ///
    /// # Errors
    ///
    /// `NotFound`, `FolderGone`, `DiskFull`, `ReadOnly`, `Cancelled`, and those of the history.
    pub async fn export(
        &self,
        request: ExportRequest,
        progress: impl FnMut(ExportProgress) + Send,
        cancel: CancellationToken,
    ) -> Result<ExportReport> {
        export::run(&self.0, request, progress, cancel).await
    }
}
